import { mkdir, rm, symlink } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Listr } from 'listr2';
import { systemClock } from '../../operator/kube/clock.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';
import { SimulatorClient } from '../../e2e/simulator/index.ts';
import { ClusterError, connectCluster, startCluster } from '../cluster/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { freePort } from '../cluster/ports.ts';
import { applyModels, installDefinitions } from './manifests.ts';
import type { ModelRow } from './models.ts';
import { Narrator } from './narrator.ts';
import { podNetworkEnv } from './pod-network.ts';
import { ensureProgram } from './programs.ts';
import { clearStage, tellStory } from './story.ts';
import { watchModels } from './watch.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const STORY = join(root, 'hack/demo/story');
const NAMESPACE = 'default';

/** Limits, milliseconds: many times what a busy machine needs. */
const PROGRAM_TIMEOUT_MS = 60_000;

/** Factor on load times: the largest sample, which loads for hours, is ready within half a minute. */
const TIME_SCALE = '0.003';

export interface DemoOptions {
  /** Folder of the demo's cluster. */
  readonly dir: string;
  readonly signal: AbortSignal;
}

/** Where a running demo is. */
export interface Demo {
  readonly kubeconfig: string;
  /** Folder with kubectl and its plugin, for PATH. */
  readonly binDir: string;
  /** The engine of the pod 10.x.y.z answers at 127.x.y.z on this port. */
  readonly enginePort: number;
}

interface Context {
  cluster: Cluster;
  client: KubeHttpClient;
  simulator: SimulatorAddress;
}

interface SimulatorAddress {
  readonly enginePort: number;
  readonly controlUrl: string;
}

/** Brings everything up that does not run yet, tells the story of some rollouts, and leaves it all running. */
export async function runDemo({ dir, signal }: DemoOptions): Promise<Demo & { readonly storySeconds: number }> {
  const context = await setUp({ dir, signal });
  const { client, simulator } = context;
  const demo = await whereIs(context, dir);
  const env = { KUBECONFIG: demo.kubeconfig, PATH: `${demo.binDir}:${process.env['PATH'] ?? ''}` };
  const print = (line: string): void => void process.stdout.write(`${line}\n`);
  const narrator = new Narrator({ client, namespace: NAMESPACE, env, print, signal });
  const control = new SimulatorClient(simulator.controlUrl);
  const story = { client, namespace: NAMESPACE, simulator: control, narrator, manifests: STORY, signal };
  await clearStage(story);
  await tellStory(story);
  return { ...demo, storySeconds: narrator.seconds };
}

/** Applies every sample to a demo, and shows the models until all are Ready. */
export async function showSamples({
  dir,
  timeoutMs,
  signal,
}: DemoOptions & { readonly timeoutMs: number }): Promise<Demo & { readonly rows: readonly ModelRow[] }> {
  const context = await setUp({ dir, signal });
  const { client } = context;
  // The story's models have names and GPUs that samples ask for.
  const control = new SimulatorClient(context.simulator.controlUrl);
  await clearStage({ client, namespace: NAMESPACE, simulator: control, signal });
  const names = await applyModels(client, join(root, 'manifests/samples'), NAMESPACE, signal);
  const rows = await watchModels({ client, namespace: NAMESPACE, names, timeoutMs, output: process.stdout, signal });
  return { ...(await whereIs(context, dir)), rows };
}

async function whereIs({ cluster, simulator }: Context, dir: string): Promise<Demo> {
  return {
    kubeconfig: await cluster.kubeconfig('demo'),
    binDir: join(dir, 'bin'),
    enginePort: simulator.enginePort,
  };
}

async function setUp({ dir, signal }: DemoOptions): Promise<Context> {
  const context = {} as Context;
  const tasks = new Listr<Context>(
    [
      {
        title: 'Build the operator and the kubectl plugin',
        task: async () => {
          await promisify(execFile)(process.execPath, [join(root, 'hack/build.ts')], { cwd: root, signal });
        },
      },
      {
        title: 'Kubernetes with simulated GPU nodes',
        task: async (ctx, task) => {
          ctx.cluster = await ensureCluster(dir, signal, (line) => (task.output = line));
          ctx.client = await connect(await ctx.cluster.kubeconfig('demo'));
          const nodes = await ctx.client.list(resources.nodes, { signal });
          task.title = `Kubernetes with ${nodes.items.length} simulated nodes: ${ctx.cluster.server}`;
        },
      },
      {
        title: 'Engine simulator',
        task: async (ctx, task) => {
          ctx.simulator = await ensureSimulator(ctx.cluster, signal);
          task.title = `Engine simulator: the pod 10.x.y.z answers at 127.x.y.z:${ctx.simulator.enginePort}`;
        },
      },
      {
        title: 'Install the CustomResourceDefinition',
        task: async (ctx) => installDefinitions(ctx.client, join(root, 'crds'), signal),
      },
      {
        title: 'Operator',
        task: async (ctx) => ensureOperator(ctx.cluster, ctx.simulator.enginePort, signal),
      },
      {
        title: 'Put kubectl and its plugin into one folder',
        task: async (ctx) => linkBinaries(ctx.cluster, join(dir, 'bin')),
      },
    ],
    { ctx: context, concurrent: false, rendererOptions: { collapseSubtasks: false }, registerSignalListeners: false },
  );
  await tasks.run();
  return context;
}

async function ensureCluster(dir: string, signal: AbortSignal, onProgress: (line: string) => void): Promise<Cluster> {
  try {
    return await connectCluster(dir);
  } catch (error) {
    if (!(error instanceof ClusterError && error.code === 'NOT_RUNNING')) throw error;
    return startCluster({ profile: 'simulated', dir, lifetime: 'detached', onProgress, signal });
  }
}

async function connect(kubeconfig: string): Promise<KubeHttpClient> {
  const credentials = await loadCredentials({ kubeconfig, clock: systemClock });
  return new KubeHttpClient(new Transport({ credentials, clock: systemClock, userAgent: 'demo' }));
}

async function ensureSimulator(cluster: Cluster, signal: AbortSignal): Promise<SimulatorAddress> {
  const kubeconfig = await cluster.kubeconfig('engine-simulator');
  return ensureProgram({
    dir: cluster.dir,
    name: 'engine-simulator',
    args: [join(root, 'e2e/simulator/main.ts'), '--kubeconfig', kubeconfig, '--time-scale', TIME_SCALE],
    timeoutMs: PROGRAM_TIMEOUT_MS,
    signal,
    ready: async (output) => {
      const line = output.split('\n').find((candidate) => candidate.startsWith('{'));
      return line === undefined ? undefined : (JSON.parse(line) as SimulatorAddress);
    },
  });
}

/** The operator that ships, which finds its pods by the network that the demo lends it. */
async function ensureOperator(cluster: Cluster, enginePort: number, signal: AbortSignal): Promise<void> {
  const kubeconfig = await cluster.kubeconfig('deepseek-operator');
  const port = await freePort();
  await ensureProgram({
    dir: cluster.dir,
    name: 'operator',
    args: [
      join(root, 'dist/operator.mjs'),
      `--kubeconfig=${kubeconfig}`,
      `--metrics-bind-address=127.0.0.1:${port}`,
      '--log-format=json',
    ],
    env: podNetworkEnv(enginePort),
    timeoutMs: PROGRAM_TIMEOUT_MS,
    signal,
    ready: async (output) => (/"message":"leading"/.test(output) ? true : undefined),
  });
}

/** `node` too: the plugin's first line asks for it by name, and what is on PATH may be too old. */
async function linkBinaries(cluster: Cluster, binDir: string): Promise<void> {
  await mkdir(binDir, { recursive: true });
  const links = {
    kubectl: cluster.bin('kubectl'),
    'kubectl-deepseek': join(root, 'dist/kubectl-deepseek.mjs'),
    node: process.execPath,
  };
  for (const [name, target] of Object.entries(links)) {
    await rm(join(binDir, name), { force: true });
    await symlink(target, join(binDir, name));
  }
}
