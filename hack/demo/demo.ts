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
import { ClusterError, connectCluster, startCluster } from '../cluster/index.ts';
import type { Cluster } from '../cluster/index.ts';
import { freePort } from '../cluster/ports.ts';
import { applyModels, installDefinitions } from './manifests.ts';
import type { ModelRow } from './models.ts';
import { ensureProgram } from './programs.ts';
import { watchModels } from './watch.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const NAMESPACE = 'default';

/** Limits, milliseconds: many times what a busy machine needs. */
const PROGRAM_TIMEOUT_MS = 60_000;

/** Factor on load times: the largest sample, which loads for hours, is ready within half a minute. */
const TIME_SCALE = '0.003';

export interface DemoOptions {
  /** Folder of the demo's cluster. */
  readonly dir: string;
  /** How long the models may take to become Ready, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Where a running demo is. */
export interface Demo {
  readonly kubeconfig: string;
  /** Folder with kubectl and its plugin, for PATH. */
  readonly binDir: string;
  /** The engine of the pod 10.x.y.z answers at 127.x.y.z on this port. */
  readonly enginePort: number;
  readonly rows: readonly ModelRow[];
}

interface Context {
  cluster: Cluster;
  client: KubeHttpClient;
  enginePort: number;
  models: string[];
}

/** Brings everything up that does not run yet, and shows the models until all are Ready. Leaves it all running. */
export async function runDemo(options: DemoOptions): Promise<Demo> {
  const { dir, signal } = options;
  const context = await setUp(options);
  const { cluster, client, models } = context;
  const rows = await watchModels({
    client,
    namespace: NAMESPACE,
    names: models,
    timeoutMs: options.timeoutMs,
    output: process.stdout,
    signal,
  });
  return {
    kubeconfig: await cluster.kubeconfig('demo'),
    binDir: join(dir, 'bin'),
    enginePort: context.enginePort,
    rows,
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
          ctx.enginePort = (await ensureSimulator(ctx.cluster, signal)).enginePort;
          task.title = `Engine simulator: the pod 10.x.y.z answers at 127.x.y.z:${ctx.enginePort}`;
        },
      },
      {
        title: 'Install the CustomResourceDefinition',
        task: async (ctx) => installDefinitions(ctx.client, join(root, 'crds'), signal),
      },
      {
        title: 'Operator',
        task: async (ctx) => ensureOperator(ctx.cluster, signal),
      },
      {
        title: 'Apply the samples',
        task: async (ctx, task) => {
          ctx.models = await applyModels(ctx.client, join(root, 'manifests/samples'), NAMESPACE, signal);
          task.title = `Apply the samples: ${ctx.models.join(', ')}`;
        },
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

async function ensureSimulator(cluster: Cluster, signal: AbortSignal): Promise<{ readonly enginePort: number }> {
  const kubeconfig = await cluster.kubeconfig('engine-simulator');
  return ensureProgram({
    dir: cluster.dir,
    name: 'engine-simulator',
    args: [join(root, 'e2e/simulator/main.ts'), '--kubeconfig', kubeconfig, '--time-scale', TIME_SCALE],
    timeoutMs: PROGRAM_TIMEOUT_MS,
    signal,
    ready: async (output) => {
      const line = output.split('\n').find((candidate) => candidate.startsWith('{'));
      return line === undefined ? undefined : (JSON.parse(line) as { enginePort: number });
    },
  });
}

async function ensureOperator(cluster: Cluster, signal: AbortSignal): Promise<void> {
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
