import { parseAllDocuments } from 'yaml';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { fencedBlocks } from './blocks.ts';

/**
 * How a block of YAML in a page is checked: words behind `yaml` in its first line, which readers do not see.
 *
 *     ```yaml                        whole objects
 *     ```yaml of KIND [PATH]         a piece of an object of that kind, as it stands at that path (default: the top)
 *     ```yaml not-checked REASON     not at all
 */
export interface YamlBlock {
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  readonly text: string;
  /** Absent: whole objects. */
  readonly of?: { readonly kind: string; readonly path: readonly string[] };
  /** Behind `not-checked`. */
  readonly reason?: string;
}

/** The blocks of YAML of a page. */
export function yamlBlocksOf(page: string, text: string): YamlBlock[] {
  return fencedBlocks(text).flatMap(({ line, info, text: yaml }): YamlBlock[] => {
    const [language = '', way = '', ...rest] = info.split(/\s+/);
    if (!/^ya?ml$/.test(language)) return [];
    const block = { page, line, text: yaml };
    if (way === '') return [block];
    if (way === 'not-checked') return [{ ...block, reason: rest.join(' ') }];
    const [kind = '', path = ''] = rest;
    return [{ ...block, of: { kind, path: path === '' ? [] : path.split('.') } }];
  });
}

/** An object as far as it is looked at. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** What pieces are pieces of. */
const WHOLE: Readonly<Record<string, () => object>> = {
  [KIND]: () => ({
    ...{ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'example' } },
    spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } },
  }),
  HTTPRoute: () => ({
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'example' } },
    spec: { parentRefs: [{ name: 'public' }] },
  }),
};

/** The objects of a block; a piece is put into an object of its kind, where it takes the place of the fields that it has. */
export function objectsOf({ page, line, text, of }: YamlBlock): Manifest[] {
  const documents = parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${page}:${line} is no YAML`, { cause: error });
    return document.toJS() as object;
  });
  if (of === undefined) return documents as Manifest[];
  const whole = WHOLE[of.kind];
  if (whole === undefined) throw new Error(`${page}:${line} is a piece of ${of.kind}, which nobody completes`);
  return documents.map((piece) => put(whole(), of.path, piece) as Manifest);
}

function put(whole: object, [first, ...rest]: readonly string[], piece: object): object {
  const fields = whole as Readonly<Record<string, object>>;
  if (first !== undefined) return { ...whole, [first]: put(fields[first] ?? {}, rest, piece) };
  const merged = Object.entries(piece as Readonly<Record<string, unknown>>).map(([name, value]) => {
    const both = isObject(value) && isObject(fields[name]);
    return [name, both ? { ...fields[name], ...value } : value];
  });
  return { ...whole, ...(Object.fromEntries(merged) as object) };
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
