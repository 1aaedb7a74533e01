import { open } from 'node:fs/promises';
import { z } from 'zod';
import { waitFor } from './wait.ts';

/** The group of users that have the operator's rights and nothing else: so its requests are found in the log. */
export const RIGHTFUL = 'deepseek-operators';

/** One request to the API server. A watch is the entry of its beginning; its end is not an entry. */
export interface AuditEntry {
  readonly auditId: string;
  /** Common name of the client certificate, or a ServiceAccount's user name. */
  readonly user: string;
  /** Its groups, those that every user is in included. */
  readonly groups: readonly string[];
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths without a resource the HTTP verb. */
  readonly verb: string;
  /** Plural of the resource (`deployments`); absent for paths such as /readyz and discovery. */
  readonly resource?: string;
  /** Empty for the core group. */
  readonly group: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  /** HTTP status of the answer; for a watch, of its beginning. */
  readonly code: number;
  /** The authorizer said no: a right was lacking. Other reasons for a 403, such as a quota, are not. */
  readonly denied: boolean;
  readonly uri: string;
  readonly userAgent: string;
  /** When the server received the request. */
  readonly received: Date;
  /** When it had answered; of a watch, when it began to. */
  readonly answered: Date;
}

export interface AuditFilter {
  readonly user?: string;
  readonly verbs?: readonly string[];
  /** Only requests received at this time or later. */
  readonly since?: Date;
}

const AuditEvent = z.object({
  auditID: z.string(),
  stage: z.string(),
  verb: z.string(),
  requestURI: z.string(),
  user: z.object({ username: z.string().default(''), groups: z.array(z.string()).default([]) }),
  userAgent: z.string().default(''),
  objectRef: z
    .object({
      resource: z.string().optional(),
      apiGroup: z.string().default(''),
      subresource: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
    })
    .optional(),
  responseStatus: z.object({ code: z.number().default(0) }).optional(),
  requestReceivedTimestamp: z.iso.datetime(),
  stageTimestamp: z.iso.datetime(),
  annotations: z.record(z.string(), z.string()).default({}),
});

/** The entry that a line of the log makes, or undefined when another line stands for its request. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  const event = AuditEvent.parse(JSON.parse(line));
  // Long-running requests write two lines, at their beginning and end; all others one. A panic ends without the second.
  const begins = event.stage === 'ResponseStarted';
  if (event.verb === 'watch' ? !begins : begins) return undefined;
  const { resource, apiGroup = '', subresource, namespace, name } = event.objectRef ?? {};
  return {
    auditId: event.auditID,
    user: event.user.username,
    groups: event.user.groups,
    verb: event.verb,
    ...(resource === undefined ? {} : { resource }),
    group: apiGroup,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    code: event.responseStatus?.code ?? 0,
    denied: event.annotations['authorization.k8s.io/decision'] === 'forbid',
    uri: event.requestURI,
    userAgent: event.userAgent,
    received: new Date(event.requestReceivedTimestamp),
    answered: new Date(event.stageTimestamp),
  };
}

function matches(entry: AuditEntry, { user, verbs, since }: AuditFilter): boolean {
  return (
    (user === undefined || entry.user === user) &&
    (verbs === undefined || verbs.includes(entry.verb)) &&
    (since === undefined || entry.received >= since)
  );
}

/** Reads an audit log as it grows: each call gives what has been written since the one before. */
export class AuditReader {
  readonly #file: string;
  readonly #filter: AuditFilter;
  #offset = 0;
  /** The beginning of a line whose end is not written yet. */
  #partial: Buffer = Buffer.alloc(0);

  constructor(file: string, filter: AuditFilter = {}) {
    this.#file = file;
    this.#filter = filter;
  }

  async read(): Promise<AuditEntry[]> {
    const bytes = Buffer.concat([this.#partial, await this.#newBytes()]);
    const end = bytes.lastIndexOf('\n') + 1;
    this.#partial = bytes.subarray(end);
    const entries: AuditEntry[] = [];
    for (const line of bytes.toString('utf8', 0, end).split('\n')) {
      const entry = line === '' ? undefined : parseAuditLine(line);
      if (entry && matches(entry, this.#filter)) entries.push(entry);
    }
    return entries;
  }

  async #newBytes(): Promise<Buffer> {
    const handle = await open(this.#file, 'r');
    try {
      const { size } = await handle.stat();
      const buffer = Buffer.alloc(Math.max(0, size - this.#offset));
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, this.#offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      this.#offset += filled;
      return buffer.subarray(0, filled);
    } finally {
      await handle.close();
    }
  }
}

/** The requests in an audit log, in the order in which they ended (watches: began). */
export async function readAudit(file: string, filter: AuditFilter = {}): Promise<AuditEntry[]> {
  return new AuditReader(file, filter).read();
}

/** What a count may leave out, each by the name of a figure's footnote. */
export interface CountOptions {
  readonly without?: readonly ('watches' | 'leases' | 'events')[];
}

/** Verbs of requests that write. */
export const WRITE_VERBS: readonly string[] = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const READS = new Set(['get', 'list', 'watch']);

/** How many of the requests write to a resource, refused ones included. */
export function countWrites(entries: readonly AuditEntry[], options: CountOptions = {}): number {
  return entries.filter((entry) => WRITE_VERBS.includes(entry.verb) && isCounted(entry, options)).length;
}

/** How many of the requests read a resource; each watch that was opened counts as one. */
export function countReads(entries: readonly AuditEntry[], options: CountOptions = {}): number {
  return entries.filter((entry) => READS.has(entry.verb) && isCounted(entry, options)).length;
}

function isCounted(entry: AuditEntry, { without = [] }: CountOptions): boolean {
  if (entry.resource === undefined) return false;
  if (entry.verb === 'watch' && without.includes('watches')) return false;
  if (entry.resource === 'leases' && without.includes('leases')) return false;
  return !(entry.resource === 'events' && without.includes('events'));
}

export interface QuietOptions extends AuditFilter {
  /** For how long no matching request may have come. */
  readonly quietMs: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Requests that do not count as noise, e.g. the renewals of a Lease. */
  readonly ignore?: (entry: AuditEntry) => boolean;
}

/**
 * Waits until the log has had no new matching line for `quietMs`, so that a count that follows is complete: the server
 * writes a line after it has answered. Throws NOT_READY with the latest request at the timeout.
 */
export async function waitUntilQuiet(file: string, options: QuietOptions): Promise<void> {
  const { quietMs, timeoutMs, signal, ignore = () => false, ...filter } = options;
  const reader = new AuditReader(file, filter);
  let latest: AuditEntry | undefined;
  let quietSince = performance.now();
  await waitFor(
    async () => {
      const noise = (await reader.read()).filter((entry) => !ignore(entry));
      if (noise.length > 0) {
        latest = noise.at(-1);
        quietSince = performance.now();
      }
      return performance.now() - quietSince >= quietMs ? true : undefined;
    },
    {
      what: `${quietMs} ms without requests${filter.user === undefined ? '' : ` by ${filter.user}`}`,
      timeoutMs,
      signal,
      details: () => `The latest: ${latest ? `${latest.verb} ${latest.uri} by ${latest.user}` : 'none'}`,
    },
  );
}
