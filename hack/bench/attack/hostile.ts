import { setTimeout as sleep } from 'node:timers/promises';
import { resources } from '../../../operator/kube/resources.ts';
import type { AuditEntry } from '../../cluster/index.ts';
import { MODELS } from '../../demo/manifests.ts';
import type { BenchCluster } from '../bench-cluster.ts';
import { BENCH_USER } from '../models.ts';
import type { Run } from '../rollouts/latency.ts';

/** Changes of a flapping object, each to a version that has never been. */
const FLAPS_PER_SECOND = 50;

/** A change to what a model's pods run. */
const versioned = (value: string): object => ({ spec: { engine: { env: [{ name: 'VERSION', value }] } } });

/** A version that nobody has asked for yet. */
const anew = (): string => crypto.randomUUID();

/** Makes namespaces. */
export async function createNamespaces(
  { client }: BenchCluster,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  for (const name of names)
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, { signal });
}

export interface FlapOptions {
  readonly namespace: string;
  readonly name: string;
  readonly signal: AbortSignal;
}

/** Changes a model 50 times a second until `stop`, which gives the number of changes. */
export function flap({ client }: BenchCluster, { namespace, name, signal }: FlapOptions) {
  const until = new AbortController();
  const change = async (): Promise<number> => {
    const startedAt = performance.now();
    let count = 0;
    while (!until.signal.aborted) {
      await client.patch(MODELS, { namespace, name }, versioned(anew()), { type: 'merge', signal });
      count++;
      const due = startedAt + (count / FLAPS_PER_SECOND) * 1000;
      await sleep(Math.max(0, due - performance.now()), undefined, { signal });
    }
    return count;
  };
  const changing = change();
  return {
    stop: (): Promise<number> => {
      until.abort();
      return changing;
    },
  };
}

export interface ChangeOptions {
  readonly namespace: string;
  readonly models: number;
  readonly count: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Changes the models of a namespace, one after the other, every so often. */
export async function changeModels(
  { client }: BenchCluster,
  { namespace, models, count, everyMs, signal }: ChangeOptions,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (let index = 0; index < count; index++) {
    const name = nameOf(index % models);
    runs.push({ model: name, sent: new Date() });
    await client.patch(MODELS, { namespace, name }, versioned(anew()), { type: 'merge', signal });
    await sleep(everyMs, undefined, { signal });
  }
  return runs;
}

/** As `createModels` calls them. */
const nameOf = (index: number): string => `model-${String(index).padStart(4, '0')}`;

/** From each change, as the server received it, to the operator's first new child of that model, milliseconds. */
export function changeToChild(
  runs: readonly Run[],
  entries: readonly AuditEntry[],
  { namespace, operator }: { readonly namespace: string; readonly operator: string },
): number[] {
  const theirs = entries.filter((entry) => entry.namespace === namespace && entry.code < 300);
  return runs.map(({ model, sent }) => {
    const changed = theirs.find(
      ({ user, verb, resource, name, received }) =>
        user === BENCH_USER &&
        verb === 'patch' &&
        resource === 'deepseekdeployments' &&
        name === model &&
        received.getTime() >= sent.getTime() - 1,
    );
    if (changed === undefined) throw new Error(`the audit log has no change of ${model} at ${sent.toISOString()}`);
    const made = theirs.find(
      ({ user, code, name, received }) =>
        user === operator && code === 201 && name?.startsWith(`${model}-`) === true && received >= changed.received,
    );
    if (made === undefined) throw new Error(`nothing was made of the change of ${model} at ${sent.toISOString()}`);
    return made.received.getTime() - changed.received.getTime();
  });
}
