import { API_VERSION, KIND, LABEL, MANAGER } from '../../api/index.ts';
import { ApiError } from '../../kube/errors.ts';
import { FakeClock } from '../../kube/testing/fake-clock.ts';
import type { Informer, KubeClient, KubeObject } from '../../kube/types.ts';
import { act } from '../act.ts';
import type { Intent, WrittenKind } from '../decide/intents.ts';
import { FailedWrites } from '../failed-writes.ts';
import { CHILD_KINDS, type ChildKind, type LiveMeta } from '../snapshot.ts';

export const owner: LiveMeta = { name: 'chat', namespace: 'ai', uid: 'uid-chat', resourceVersion: '7' };
export const signal = new AbortController().signal;
export const labels = { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat', [LABEL.revision]: 'aaa' };
export const ours = [{ apiVersion: API_VERSION, kind: KIND, name: 'chat', uid: 'uid-chat', controller: true }];

export function child(kind: string, name: string, metadata: object = {}, rest: object = {}): KubeObject {
  const common = { name, namespace: 'ai', uid: `uid-${name}`, resourceVersion: '5', labels, ownerReferences: ours };
  return { apiVersion: 'v1', kind, metadata: { ...common, ...metadata }, ...rest };
}

/** What the writes of objects fail with, by `<kind>/<name>`. */
export type Failing = Readonly<Record<string, Error>>;
export const refusing = (...names: readonly string[]): Failing =>
  Object.fromEntries(names.map((name) => [name, new ApiError(403, { reason: 'Forbidden', message: 'no' })]));

/** What the server has, by kind; it refuses to create what exists, and takes everything else. */
export function bench(objects: Partial<Record<ChildKind, KubeObject>>, failing: Failing = {}) {
  const calls: { readonly verb: string; readonly body?: unknown }[] = [];
  /** How long each write might have taken, milliseconds. */
  const limits: (number | undefined)[] = [];
  const clock = new FakeClock();
  const failedWrites = new FailedWrites(clock);
  const trouble: { failing: Failing } = { failing };
  const seen: KubeObject[] = [];
  const kindOf = (type: { readonly kind: string }) => objects[type.kind as ChildKind];
  const answer = (verb: string, type: { readonly kind: string }, body?: unknown) => {
    calls.push({ verb: `${verb} ${type.kind}`, body });
    const name = (body as Partial<KubeObject> | undefined)?.metadata?.name ?? '';
    const error = trouble.failing[`${type.kind}/${name}`];
    if (error) throw error;
    const found = kindOf(type);
    if (verb === 'apply' && found) throw new ApiError(409, { reason: 'Conflict', message: 'it exists' });
    if (verb === 'get' && !found) throw new ApiError(404, { reason: 'NotFound', message: 'not there' });
    return Promise.resolve(found);
  };
  const client = {
    get: async (type: never) => answer('get', type),
    apply: async (type: never, body: unknown, { limitMs }: { limitMs?: number }) => {
      limits.push(limitMs);
      return answer('apply', type, body);
    },
    patch: async (type: never, _: unknown, body: unknown) => answer('patch', type, body),
    delete: async (type: never, ref: unknown, options: unknown) =>
      answer('delete', type, { metadata: {}, ref, options }),
    create: async (type: never, body: unknown) => answer('create', type, body),
    exists: async (_: never, { name }: { name: string }) => {
      calls.push({ verb: `exists ${name}` });
      if (name === 'broken') throw new ApiError(500, { message: 'cannot be decrypted' });
      if (name === 'hidden') throw new ApiError(403, { reason: 'Forbidden', message: 'no' });
      return Promise.resolve(name !== 'missing');
    },
  } as unknown as KubeClient;
  const informer = (kind: WrittenKind) =>
    ({
      type: { group: '', version: 'v1', plural: kind, kind, namespaced: true },
      observeWrite: (object: KubeObject) => void seen.push(object),
      observeDelete: () => undefined,
    }) as unknown as Informer<KubeObject>;
  const kinds = [...CHILD_KINDS, 'HTTPRoute'] as const;
  const children = Object.fromEntries(kinds.map((kind) => [kind, informer(kind)])) as Record<
    WrittenKind,
    Informer<KubeObject>
  >;
  const done: Intent[] = [];
  const labelled: string[] = [];
  const callbacks = {
    onWrite: (intent: Intent) => void done.push(intent),
    onLabelsRestored: (kind: string, name: string) => void labelled.push(`${kind} ${name}`),
  };
  const run = async (...intents: Intent[]) => {
    const acted = await act(owner, intents, { client, children, failedWrites, ...callbacks }, signal);
    return { done, ...acted };
  };
  return { calls, limits, clock, trouble, seen, done, labelled, run };
}
