import { setTimeout as sleep } from 'node:timers/promises';
import { Load } from '../../../e2e/simulator/index.ts';
import { LABEL } from '../../../operator/api/names.ts';
import { type HorizontalPodAutoscaler, type Pod, resources } from '../../../operator/kube/resources.ts';
import { waitFor } from '../../cluster/wait.ts';
import type { BenchCluster } from '../bench-cluster.ts';
import { createModel, waitUntilReady } from '../models.ts';

/** How often the HPA controller looks, milliseconds: its default. */
const HPA_PERIOD_MS = 15_000;
const LIMIT_MS = 180_000;
const NAMESPACE = 'default';

/** Requests that run at each pod when the load has come, and how many of them an HPA wants per replica. */
const STREAMS = 4;
const TARGET = '2';
/** Nothing is smoothed: what the metrics ask for is done at the next look. */
const AT_ONCE = {
  scaleUp: { stabilizationWindowSeconds: 0 },
  scaleDown: {
    stabilizationWindowSeconds: 0,
    policies: [{ type: 'Percent', value: 100, periodSeconds: 1 }],
  },
};

/** A model and a plain Deployment of the same pods, each with an HPA of the same words that looks at the same moments. */
export interface Pair {
  readonly model: string;
  readonly plain: string;
}

/** Creates the pairs one after the other, so that their HPAs look at different moments of the period. */
export async function createPairs(bench: BenchCluster, count: number, signal: AbortSignal): Promise<readonly Pair[]> {
  const pairs: Pair[] = [];
  for (let index = 0; index < count; index++) {
    const pair = { model: `model-${index}`, plain: `plain-${index}` };
    await createPair(bench, pair, signal);
    pairs.push(pair);
    await sleep(HPA_PERIOD_MS / count, undefined, { signal });
  }
  await waitUntilReady(bench.client, NAMESPACE, count, signal);
  for (const name of pairs.flatMap(({ model, plain }) => [model, plain])) await waitUntilActive(bench, name, signal);
  return pairs;
}

async function createPair(bench: BenchCluster, { model, plain }: Pair, signal: AbortSignal): Promise<void> {
  const { client } = bench;
  const autoscaling = {
    ...{ minReplicas: 1, maxReplicas: 4, headroomPercent: 0, behavior: AT_ONCE },
    metrics: [{ type: 'RunningRequests', target: TARGET }],
  };
  const termination = { preStopDelay: '0s', drainDeadline: '1s' };
  await createModel(client, { namespace: NAMESPACE, name: model, spec: { autoscaling, termination }, signal });
  const [pod] = await podsOf(bench, model, signal);
  const labels = { [LABEL.name]: plain };
  const template = { metadata: { labels }, spec: plainSpec(pod) };
  await client.create(
    resources.deployments,
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: NAMESPACE, name: plain },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    },
    { signal },
  );
  const ours = await waitFor(() => autoscaler(bench, model, signal), {
    ...{ what: `the HPA of ${model}`, timeoutMs: LIMIT_MS, intervalMs: 20, signal },
  });
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: plain };
  const metadata = { namespace: NAMESPACE, name: plain };
  await client.create(
    resources.horizontalPodAutoscalers,
    { apiVersion: ours.apiVersion, kind: ours.kind, metadata, spec: { ...ours.spec, scaleTargetRef } },
    { signal },
  );
}

/** What a Deployment can hold of a pod that has run. */
function plainSpec(pod: Pod | undefined): object {
  const { nodeName, serviceAccountName, serviceAccount, ...spec } = (pod?.spec ?? {}) as Record<string, unknown>;
  return spec;
}

async function autoscaler(
  { client }: BenchCluster,
  name: string,
  signal: AbortSignal,
): Promise<HorizontalPodAutoscaler | undefined> {
  const { items } = await client.list(resources.horizontalPodAutoscalers, { namespace: NAMESPACE, signal });
  return items.find(({ metadata }) => metadata.name === name);
}

async function waitUntilActive(bench: BenchCluster, name: string, signal: AbortSignal): Promise<void> {
  await waitFor(
    async () => {
      const conditions = (await autoscaler(bench, name, signal))?.status?.conditions ?? [];
      return conditions.some(({ type, status }) => type === 'ScalingActive' && status === 'True') ? true : undefined;
    },
    { what: `the HPA ${name} to have its metrics`, timeoutMs: LIMIT_MS, intervalMs: 1_000, signal },
  );
}

/** The pods of a model or a plain Deployment that have an address; waits for the first. */
async function podsOf({ client }: BenchCluster, name: string, signal: AbortSignal): Promise<readonly Pod[]> {
  const selector = `${LABEL.name}=${name}`;
  return waitFor(
    async () => {
      const { items } = await client.list(resources.pods, { namespace: NAMESPACE, labelSelector: selector, signal });
      const running = items.filter(({ status }) => status?.podIP !== undefined);
      return running.length > 0 ? running : undefined;
    },
    { what: `a pod of ${name}`, timeoutMs: LIMIT_MS, signal },
  );
}

/** Starts the same load on both of each pair, on the pods that they have now. */
export async function startLoads(bench: BenchCluster, pairs: readonly Pair[], signal: AbortSignal): Promise<Load[]> {
  const loads: Load[] = [];
  for (const { model, plain } of pairs)
    for (const name of [model, plain]) {
      const endpoints = (await podsOf(bench, name, signal)).map(({ metadata, status }) => ({
        ...{ pod: metadata.name, revision: name, address: status?.podIP ?? '' },
      }));
      // The plain pods answer to the name of the model that they are copies of.
      const options = { rps: 0, streams: STREAMS, streamTokens: 400 };
      loads.push(new Load(() => endpoints, bench.enginePort ?? 0, model, options));
    }
  return loads.map((load) => load.start());
}

/** Waits until both of each pair have more replicas than one, or one again. */
export async function waitUntilScaled(
  bench: BenchCluster,
  pairs: readonly Pair[],
  to: 'more' | 'one',
  signal: AbortSignal,
): Promise<void> {
  const names = pairs.flatMap(({ model, plain }) => [model, plain]);
  let waiting: readonly string[] = names;
  const selector = `${LABEL.name} in (${names.join(',')})`;
  await waitFor(
    async () => {
      const options = { namespace: NAMESPACE, labelSelector: selector, signal };
      const { items } = await bench.client.list(resources.pods, options);
      const running = (name: string): number =>
        items.filter(({ metadata }) => metadata.labels?.[LABEL.name] === name && !metadata.deletionTimestamp).length;
      waiting = names.filter((name) => running(name) > 1 !== (to === 'more'));
      return waiting.length === 0 ? true : undefined;
    },
    {
      ...{ what: `${names.length} counts to be ${to}`, timeoutMs: LIMIT_MS, intervalMs: 1_000, signal },
      details: () => `Waiting for ${waiting.join(', ')}.`,
    },
  );
}
