import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeHttpClient } from '../../../operator/kube/client.ts';
import { resources } from '../../../operator/kube/resources.ts';
import type { ResourceType } from '../../../operator/kube/types.ts';
import { countRequests, readerFromNow } from '../audit.ts';
import { atMost, type BenchContext, type Figure } from '../figure.ts';
import type { OperatorProcess } from '../operator.ts';
import { readCpuSeconds, readMemory } from '../proc.ts';
import { load, type Stage } from './stage.ts';

const NAMESPACE = 'foreign';
const CREATORS = 32;
/** Memory and processor time are compared over so long. */
const WINDOW_MS = 60_000;
/** What two looks at the same process differ by, megabytes and seconds of processor time in a window. */
const NOISE = { megabytes: 6, cpuSeconds: 0.5 };

/** What objects that are none of ours cost the operator. */
export async function measureForeign(
  stage: Stage,
  { user, operator }: { readonly user: string; readonly operator: OperatorProcess },
  { signal, log, sizes }: BenchContext,
): Promise<Figure[]> {
  const { foreign } = sizes.scale;
  const before = await observe(operator, signal);
  log(`creating ${foreign} pods, Services and Deployments that are none of ours`);
  const reader = await readerFromNow(stage.cluster, user);
  const cpuBefore = await readCpuSeconds(operator.pid);
  await createForeign(stage.client, foreign, signal);
  const during = (await readCpuSeconds(operator.pid)) - cpuBefore;
  const after = await observe(operator, signal);
  const { reads, writes } = countRequests(await reader.read());
  const kinds = `${foreign.toLocaleString('en')} foreign pods, Services and Deployments`;
  const details = { before, after, cpuSecondsDuring: during, requests: reads + writes, load: load() };
  return [
    atMost({
      name: 'foreign-memory',
      title: `RSS with ${kinds} more`,
      value: after.rss - before.rss,
      limit: NOISE.megabytes,
      unit: ' MB',
      decimals: 1,
      note: `${before.rss.toFixed(1)} and ${after.rss.toFixed(1)} MB; ${reads + writes} requests meanwhile`,
      details,
    }),
    atMost({
      name: 'foreign-cpu',
      title: `CPU in a minute with ${kinds} more`,
      value: after.cpuSeconds - before.cpuSeconds,
      limit: NOISE.cpuSeconds,
      unit: ' s',
      decimals: 2,
      note: `${before.cpuSeconds.toFixed(2)} and ${after.cpuSeconds.toFixed(2)} s, ${during.toFixed(2)} s while they were created`,
    }),
  ];
}

interface Look {
  /** Megabytes at the end of the window. */
  readonly rss: number;
  readonly anonymous: number;
  /** Processor time in it. */
  readonly cpuSeconds: number;
}

async function observe({ pid }: OperatorProcess, signal: AbortSignal): Promise<Look> {
  const cpuBefore = await readCpuSeconds(pid);
  await sleep(WINDOW_MS, undefined, { signal });
  const { rss, anonymous } = await readMemory(pid);
  return { rss, anonymous, cpuSeconds: (await readCpuSeconds(pid)) - cpuBefore };
}

async function createForeign(client: KubeHttpClient, count: number, signal: AbortSignal): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await client.create(resources.namespaces, namespace, { signal });
  const names = Array.from({ length: count }, (_, index) => `foreign-${index}`).values();
  const create = async (): Promise<void> => {
    for (const name of names)
      for (const [type, object] of foreignObjects(name)) await client.create(type, object, { signal });
  };
  await Promise.all(Array.from({ length: CREATORS }, create));
}

/** Objects like those of other programs, which nothing has to start: pods that wait for a scheduler of their own. */
function foreignObjects(name: string): readonly (readonly [ResourceType, object])[] {
  const metadata = { namespace: NAMESPACE, name, labels: { app: name } };
  const selector = { app: name };
  const spec = { schedulerName: 'nobody', containers: [{ name: 'main', image: 'registry.example/main:1' }] };
  return [
    [resources.pods, { apiVersion: 'v1', kind: 'Pod', metadata, spec }],
    [
      resources.services,
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'nobody' }, ports: [{ port: 80 }] } },
    ],
    [
      resources.deployments,
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata },
        spec: { replicas: 0, selector: { matchLabels: selector }, template: { metadata: { labels: selector }, spec } },
      },
    ],
  ];
}
