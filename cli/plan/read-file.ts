import { readFile } from 'node:fs/promises';
import { isMap, LineCounter, parseAllDocuments, type Document, type Node } from 'yaml';
import { type DeepSeekDeployment, GROUP, KIND, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { CommandError, EXIT } from '../support/exit-status.ts';

/** What can be read piece by piece: standard input. */
export type Input = AsyncIterable<string | Uint8Array>;

/** No file of Kubernetes objects is larger; etcd takes 1.5 MiB per object. */
const MAX_BYTES = 16 * 2 ** 20;

/** The text of a file, or of standard input for `-`. Throws CommandError if it cannot be read. */
export async function readText(path: string, stdin: Input, signal: AbortSignal): Promise<string> {
  try {
    return path === '-' ? await readAll(stdin, signal) : await readFile(path, { encoding: 'utf8', signal });
  } catch (cause) {
    throw invalid(`cannot read ${path === '-' ? 'standard input' : path}: ${messageOf(cause)}`, { cause });
  }
}

async function readAll(stdin: Input, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    signal.throwIfAborted();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (size > MAX_BYTES) throw new RangeError(`more than ${MAX_BYTES / 2 ** 20} MiB`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** What a text holds, and what is wrong with it. */
export interface Deployments {
  readonly deployments: readonly DeepSeekDeployment[];
  /** Everything that is wrong, each with its line. */
  readonly problems: readonly string[];
}

/**
 * The DeepSeekDeployments of a YAML or JSON text: any number of documents, Lists included; kinds of other API groups are left
 * alone.
 */
export function readDeployments(text: string, file: string): Deployments {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const problems: string[] = [];
  const deployments: DeepSeekDeployment[] = [];
  const report = (offset: number | undefined, message: string): void => {
    problems.push(`${file}${offset === undefined ? '' : `:${lines.linePos(offset).line}`}: ${message}`);
  };
  for (const document of 'empty' in documents ? [] : documents) {
    const [error] = document.errors;
    if (error !== undefined) {
      report(error.pos[0], error.message);
      continue;
    }
    for (const { path, value } of objectsOf(document, report)) {
      if (kindOf(value) !== KIND) {
        if (groupOf(value) !== GROUP) continue;
        const offset = nodeAt(document, [...path, 'kind'])?.range?.[0];
        report(offset, `kind: ${JSON.stringify(kindOf(value))} is no kind of ${GROUP}, which has ${KIND}`);
        continue;
      }
      const parsed = parseDeepSeekDeployment(value, { unknownFields: 'refuse' });
      if (parsed.ok) deployments.push(parsed.value);
      else {
        for (const issue of parsed.issues) {
          const offset = nodeAt(document, [...path, ...segmentsOf(issue.path)])?.range?.[0];
          report(offset, `${issue.path === '' ? '' : `${issue.path}: `}${issue.message}`);
        }
      }
    }
  }
  if (problems.length === 0 && deployments.length === 0) problems.push(`${file}: there is no ${KIND} in it`);
  return { deployments, problems };
}

interface Located {
  /** Where in its document. */
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

function objectsOf(
  document: Document.Parsed,
  report: (offset: number | undefined, message: string) => void,
): Located[] {
  const offset = document.contents?.range[0];
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // An alias that expands without end.
    report(offset, messageOf(error));
    return [];
  }
  if (value === null || value === undefined) return [];
  if (kindOf(value) === undefined) {
    report(offset, 'not a Kubernetes object: it has no kind');
    return [];
  }
  if (!isRecord(value) || kindOf(value) !== 'List' || !Array.isArray(value['items'])) return [{ path: [], value }];
  return value['items'].map((item: unknown, index) => ({ path: ['items', index], value: item }));
}

function kindOf(value: unknown): string | undefined {
  return isRecord(value) && typeof value['kind'] === 'string' ? value['kind'] : undefined;
}

/** The API group of an object. */
function groupOf(value: unknown): string | undefined {
  const version = isRecord(value) ? value['apiVersion'] : undefined;
  return typeof version === 'string' ? version.split('/')[0] : undefined;
}

/** `spec.rollout.gates[0].max` as its parts. */
function segmentsOf(path: string): (string | number)[] {
  return [...path.matchAll(/\[([0-9]+)\]|[^.[\]]+/g)].map(([segment, index]) =>
    index === undefined ? segment : Number(index),
  );
}

/** The node at a path, or the deepest one above it that is there. For a member, its key. */
function nodeAt(document: Document.Parsed, path: readonly (string | number)[]): Node | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = length === 1 ? document.contents : document.getIn(path.slice(0, length - 1), true);
    const key = isMap(parent)
      ? parent.items.find((pair) => String(pair.key) === String(path[length - 1]))?.key
      : undefined;
    const node = key ?? document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node;
  }
  return document.contents ?? undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'range' in value;
}

function messageOf(error: unknown): string {
  return isRecord(error) && typeof error['message'] === 'string' ? error['message'] : String(error);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An input that cannot be read, or says what is not allowed. */
export function invalid(message: string, options?: ErrorOptions): CommandError {
  return new CommandError('INVALID_INPUT', EXIT.usage, message, options);
}
