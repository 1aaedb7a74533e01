import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuditReader,
  countReads,
  countWrites,
  parseAuditLine,
  readAudit,
  waitUntilQuiet,
  type AuditEntry,
} from './audit.ts';

interface Request {
  readonly verb: string;
  readonly user?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly stage?: string;
  readonly code?: number;
  readonly at?: string;
}

/** A line as kube-apiserver 1.36 writes it at the level Metadata. */
function line({
  verb,
  user = 'operator',
  resource,
  subresource,
  stage = 'ResponseComplete',
  code = 200,
  at,
}: Request): string {
  return `${JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'Metadata',
    auditID: 'c8d59d5f-37af-477f-aa12-f1a420f3b993',
    stage,
    requestURI: resource === undefined ? '/readyz' : `/apis/apps/v1/namespaces/ns/${resource}/x`,
    verb,
    user: { username: user, groups: ['system:masters', 'system:authenticated'] },
    sourceIPs: ['127.0.0.1'],
    userAgent: 'test',
    ...(resource === undefined
      ? {}
      : { objectRef: { resource, namespace: 'ns', name: 'x', apiGroup: 'apps', apiVersion: 'v1', subresource } }),
    responseStatus: { metadata: {}, code },
    requestReceivedTimestamp: at ?? '2026-11-21T23:04:38.312144Z',
    stageTimestamp: '2026-11-21T23:04:38.313358Z',
    annotations: { 'authorization.k8s.io/decision': 'allow' },
  })}\n`;
}

describe('parseAuditLine', () => {
  it('reads who asked for what, and how it ended', () => {
    expect(parseAuditLine(line({ verb: 'patch', resource: 'deployments', subresource: 'status', code: 409 }))).toEqual({
      auditId: 'c8d59d5f-37af-477f-aa12-f1a420f3b993',
      user: 'operator',
      verb: 'patch',
      resource: 'deployments',
      group: 'apps',
      subresource: 'status',
      namespace: 'ns',
      name: 'x',
      code: 409,
      groups: ['system:masters', 'system:authenticated'],
      denied: false,
      uri: '/apis/apps/v1/namespaces/ns/deployments/x',
      userAgent: 'test',
      received: new Date('2026-11-21T23:04:38.312Z'),
      answered: new Date('2026-11-21T23:04:38.313Z'),
    });
  });

  it.each([
    ['the beginning of a watch', { verb: 'watch', stage: 'ResponseStarted' }, true],
    ['the end of a watch', { verb: 'watch', stage: 'ResponseComplete' }, false],
    ['the beginning of another long request', { verb: 'connect', stage: 'ResponseStarted' }, false],
    ['a request that panicked', { verb: 'get', stage: 'Panic' }, true],
  ])('counts each request once: %s', (_, request, counted) => {
    expect(parseAuditLine(line({ resource: 'pods', ...request })) !== undefined).toBe(counted);
  });

  it('refuses a line that is not an audit event', () => {
    expect(() => parseAuditLine('{"kind":"Other"}')).toThrow();
  });
});

describe('counting', () => {
  const entries: AuditEntry[] = [
    line({ verb: 'create', resource: 'deployments' }),
    line({ verb: 'patch', resource: 'services' }),
    line({ verb: 'delete', resource: 'services', code: 404 }),
    line({ verb: 'create', resource: 'events' }),
    line({ verb: 'update', resource: 'leases' }),
    line({ verb: 'get', resource: 'leases' }),
    line({ verb: 'list', resource: 'pods' }),
    line({ verb: 'watch', resource: 'pods', stage: 'ResponseStarted' }),
    line({ verb: 'get' }),
    line({ verb: 'post' }),
  ].map((text) => parseAuditLine(text)!);

  it.each([
    [[], { writes: 5, reads: 3 }],
    [['events'], { writes: 4, reads: 3 }],
    [['leases'], { writes: 4, reads: 2 }],
    [['watches'], { writes: 5, reads: 2 }],
    [['events', 'leases', 'watches'], { writes: 3, reads: 1 }],
  ] as const)('without %j', (without, expected) => {
    expect({ writes: countWrites(entries, { without }), reads: countReads(entries, { without }) }).toEqual(expected);
  });
});

describe('reading a log', () => {
  let dir: string;
  let file: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'audit-'));
    file = join(dir, 'audit.log');
  });
  afterEach(async () => rm(dir, { recursive: true }));

  it('filters by user, verb and time', async () => {
    const late = '2026-11-21T23:10:00.000000Z';
    await writeFile(
      file,
      line({ verb: 'get', resource: 'pods' }) +
        line({ verb: 'get', resource: 'nodes', at: late }) +
        line({ verb: 'list', resource: 'pods', at: late }) +
        line({ verb: 'get', resource: 'pods', user: 'somebody', at: late }),
    );
    const filter = { user: 'operator', verbs: ['get'], since: new Date('2026-11-21T23:09:00Z') };
    expect((await readAudit(file, filter)).map(({ resource }) => resource)).toEqual(['nodes']);
    expect(await readAudit(file)).toHaveLength(4);
  });

  const text = Buffer.from(line({ verb: 'get', resource: 'pods', user: 'jürgen' }));
  it.each([
    ['before it', 0],
    ['in its middle', 100],
    ['inside a character', text.indexOf('ü') + 1],
    ['before its newline', text.length - 1],
  ])('waits for the end of a line that is being written, cut %s', async (_, cut) => {
    await writeFile(file, text.subarray(0, cut));
    const reader = new AuditReader(file);
    expect(await reader.read()).toEqual([]);
    await appendFile(file, text.subarray(cut));
    expect((await reader.read()).map(({ user }) => user)).toEqual(['jürgen']);
    expect(await reader.read()).toEqual([]);
  });

  it('is quiet once nothing but ignored requests comes', async () => {
    await writeFile(file, line({ verb: 'get', resource: 'pods' }));
    const renewals = setInterval(() => void appendFile(file, line({ verb: 'update', resource: 'leases' })), 5);
    const options = { quietMs: 60, timeoutMs: 10_000, signal: new AbortController().signal };
    await waitUntilQuiet(file, { ...options, ignore: ({ resource }) => resource === 'leases' });
    const never = waitUntilQuiet(file, { ...options, quietMs: 600_000, timeoutMs: 100 });
    await expect(never).rejects.toThrow(/600000 ms without requests.*The latest: update .*leases.* by operator/s);
    clearInterval(renewals);
  });
});
