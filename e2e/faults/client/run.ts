import { isDeepStrictEqual } from 'node:util';
import { KubeHttpClient } from '../../../operator/kube/client.ts';
import type { Credentials } from '../../../operator/kube/credentials.ts';
import { ReflectingInformer } from '../../../operator/kube/informer.ts';
import { resources, type ConfigMap } from '../../../operator/kube/resources.ts';
import { acceleratedClock } from '../../../operator/kube/testing/accelerated-clock.ts';
import { FaultProxy, type FaultProxyOptions } from '../../../operator/kube/testing/fault-proxy.ts';
import { Transport } from '../../../operator/kube/transport.ts';
import { seededRandom, type Random } from '../../simulator/random.ts';
import { eventually } from '../../support/eventually.ts';
import { FAULTS } from './faults.ts';
import { History } from './history.ts';
import { foreignWriter, ownWriter, RUN_LABEL } from './writers.ts';

/** A dead connection is noticed within 55 s; so fast, within about one. */
const ACCELERATION = 50;
const OPERATIONS_PER_WRITER = 15;
/** Between two faults, at most; each seed has its own share of it, from a storm to an occasional fault. */
const MAX_PAUSE_MS = 250;
const CONVERGENCE_LIMIT_MS = 30_000;

export interface RunOptions {
  readonly seed: number;
  readonly namespace: string;
  readonly upstream: FaultProxyOptions['upstream'];
  /** Goes straight to the API server: etcd's truth. */
  readonly direct: KubeHttpClient;
  readonly signal: AbortSignal;
}

export interface RunResult {
  readonly seed: number;
  /** Empty: the run passed. */
  readonly problems: readonly string[];
  /** How often each fault really happened. */
  readonly faults: Readonly<Record<string, number>>;
  readonly events: number;
  readonly lists: number;
  readonly watches: number;
}

/**
 * One random run: three writers and a source of faults at once; then the faults end, a last object is written, and once
 * the informer has seen it, its store must equal a direct LIST. The seed decides operations and faults; how they
 * interleave is up to the machine.
 */
export async function runFaults(options: RunOptions): Promise<RunResult> {
  const { seed, namespace, direct } = options;
  const run = `run-${seed}`;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, options.signal]);
  const proxy = await FaultProxy.start({ upstream: options.upstream });
  const clock = acceleratedClock(ACCELERATION);
  const transport = new Transport({
    credentials: noCredentials(proxy.url),
    clock,
    random: seededRandom(seed, 'transport'),
  });
  const client = new KubeHttpClient(transport);
  const informer = new ReflectingInformer<ConfigMap>({
    client,
    type: resources.configMaps,
    clock,
    random: seededRandom(seed, 'informer'),
    labelSelector: `${RUN_LABEL}=${run}`,
    ...(seed % 2 === 0 && { namespaces: [namespace] }),
  });
  const history = new History();
  informer.onEvent((event) => history.take(event));
  const running = informer.run(signal);
  const problems: string[] = [];
  let faults: Readonly<Record<string, number>> = {};
  try {
    const writer = (name: string) => {
      return { run, namespace, signal, operations: OPERATIONS_PER_WRITER, random: seededRandom(seed, name) };
    };
    const writers = Promise.all([
      foreignWriter(direct, writer('foreign one')),
      foreignWriter(direct, writer('foreign two')),
      ownWriter(client, informer, writer('own')).then((found) => problems.push(...found)),
    ]);
    faults = await injectFaults(proxy, seededRandom(seed, 'faults'), writers);
    proxy.clearFaults();
    problems.push(...(await compareWithTruth(options, run, informer, history)));
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    stop.abort(new Error('the run is over'));
    await running;
    await transport.close();
    await proxy.close();
  }
  const { length: lists } = proxy.requests.filter(({ isList }) => isList);
  const { length: watches } = proxy.requests.filter(({ isWatch }) => isWatch);
  return { seed, problems: [...problems, ...history.problems], faults, events: history.events, lists, watches };
}

/** One fault after another until the work is done. */
async function injectFaults(
  proxy: FaultProxy,
  random: Random,
  work: Promise<unknown>,
): Promise<Record<string, number>> {
  const injected: { name: string; fault: { readonly fired: number } }[] = [];
  const pauseMs = MAX_PAUSE_MS * random();
  const over = new AbortController();
  const finished = work.finally(() => over.abort());
  finished.catch(() => undefined);
  do {
    const kind = FAULTS[Math.floor(random() * FAULTS.length)];
    if (kind !== undefined) injected.push({ name: kind.name, fault: await kind.inject(proxy, random) });
    await Promise.race([finished, new Promise((resolve) => setTimeout(resolve, random() * pauseMs))]);
  } while (!over.signal.aborted);
  await finished;
  const counts: Record<string, number> = {};
  for (const { name, fault } of injected) counts[name] = (counts[name] ?? 0) + fault.fired;
  return counts;
}

async function compareWithTruth(
  { direct, namespace, signal }: RunOptions,
  run: string,
  informer: ReflectingInformer<ConfigMap>,
  history: History,
): Promise<string[]> {
  // Events come in order: who has seen the last write has been shown everything before it.
  const last = { name: `${run}-last`, namespace };
  const labels = { [RUN_LABEL]: run };
  await direct.create(
    resources.configMaps,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { ...last, labels } },
    { signal },
  );
  await eventually(
    () => {
      if (informer.store.get(last) === undefined) throw new Error('the informer has not seen the last write');
    },
    { timeoutMs: CONVERGENCE_LIMIT_MS, intervalMs: 5, signal },
  );
  const truth = await direct.list(resources.configMaps, { namespace, labelSelector: `${RUN_LABEL}=${run}`, signal });
  return [
    ...differences('the store', new Map(informer.store.list().map((one) => [one.metadata.name, one])), truth.items),
    ...differences('the sum of the events', history.believed, truth.items),
  ];
}

function differences(what: string, found: ReadonlyMap<string, ConfigMap>, truth: readonly ConfigMap[]): string[] {
  const expected = new Map(truth.map((one) => [one.metadata.name, one]));
  return [...new Set([...found.keys(), ...expected.keys()])].flatMap((name) => {
    const [mine, real] = [found.get(name), expected.get(name)];
    if (isDeepStrictEqual(mine, real)) return [];
    return [
      `${what} has ${name}@${mine?.metadata.resourceVersion ?? 'none'}, etcd @${real?.metadata.resourceVersion ?? 'none'}`,
    ];
  });
}

function noCredentials(server: string): Credentials {
  const tls = { verify: true };
  return { server, tls: () => Promise.resolve(tls), headers: () => Promise.resolve({}), invalidate: () => undefined };
}
