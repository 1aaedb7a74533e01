import { dirname, relative } from 'node:path';
import pc from 'picocolors';
import { connectCluster, startCluster } from './cluster.ts';
import { removeCluster } from './folder.ts';
import { kindDown, kindKubeconfig, kindStatus, kindUp } from './kind.ts';
import { readState } from './layout.ts';
import { foreignNamespace, runBesideCluster, runInNewNamespace } from './netns.ts';
import { NODE_IMAGES, nodeImagesInside, prepareRealNode } from './node/prepare.ts';
import { describeStatus } from './status.ts';
import type { Cluster, Profile } from './types.ts';

/** User of the kubeconfig that people get. */
export const DEVELOPER = 'developer';

/** Options that every command has. */
export interface Where {
  readonly dir: string;
  readonly provider: 'local' | 'kind';
}

export interface UpOptions extends Where {
  readonly profile: Profile;
  readonly nodes?: string;
  readonly netns?: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${pc.dim('·')} ${line}\n`);

/** Each command resolves to its exit status: 0 done, 1 the answer is no. */
export async function up(options: UpOptions, signal: AbortSignal): Promise<number> {
  if (options.provider === 'kind') {
    await kindUp(signal, progress);
    return 0;
  }
  const running = await runningCluster(options);
  if (running) {
    print(`A ${running.profile} cluster already runs in ${relative('.', options.dir) || '.'}: ${running.server}`);
    return 0;
  }
  const realNode = options.profile === 'real';
  const inside = process.env[NODE_IMAGES] !== undefined;
  if (options.netns || (realNode && !inside)) {
    // What has to be fetched or built: inside there is no way out.
    const env: Record<string, string> = realNode ? { [NODE_IMAGES]: await prepareRealNode(signal, progress) } : {};
    // The whole command again, inside: what waits for the API server has to reach it.
    const again = process.argv.slice(1).filter((argument) => argument !== '--netns');
    const code = await runInNewNamespace([process.execPath, ...again], signal, env, { realNode });
    if (code === 0)
      print('It has a network namespace of its own: npm run -s cluster -- exec -- COMMAND runs a command there.');
    return code;
  }
  const started = performance.now();
  const images = realNode ? await nodeImagesInside() : [];
  const cluster = await startCluster({ ...options, images, lifetime: 'detached', signal, onProgress: progress });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`${pc.green('✓')} ${cluster.profile} cluster ready in ${seconds} s: ${cluster.server}`);
  print(await exports(cluster));
  return 0;
}

/** A cluster of the wanted profile that runs in the folder already. */
async function runningCluster({ dir, profile }: UpOptions): Promise<Cluster | undefined> {
  const state = await readState(dir);
  return state?.ready && state.profile === profile ? connectCluster(dir).catch(() => undefined) : undefined;
}

/** Shell commands that make kubectl and this cluster the ones in use. */
async function exports(cluster: Cluster): Promise<string> {
  const kubectl = dirname(cluster.bin('kubectl'));
  return `export KUBECONFIG='${await cluster.kubeconfig(DEVELOPER)}'\nexport PATH='${kubectl}':"$PATH"`;
}

async function environment(cluster: Cluster): Promise<{ KUBECONFIG: string; PATH: string }> {
  return {
    KUBECONFIG: await cluster.kubeconfig(DEVELOPER),
    PATH: `${dirname(cluster.bin('kubectl'))}:${process.env['PATH'] ?? ''}`,
  };
}

export async function down({ dir, provider }: Where, signal: AbortSignal): Promise<number> {
  if (provider === 'kind') {
    await kindDown(signal);
    return 0;
  }
  if (!(await readState(dir))) {
    print(`No cluster in ${dir}.`);
    return 0;
  }
  await removeCluster(dir);
  print(`Removed the cluster in ${dir}.`);
  return 0;
}

export async function status({ dir, provider }: Where, signal: AbortSignal): Promise<number> {
  if (provider === 'local' && (await foreignNamespace(dir)) !== undefined) {
    return runBesideCluster(dir, [process.execPath, ...process.argv.slice(1)], { env: {}, signal });
  }
  const { lines, healthy } = provider === 'kind' ? await kindStatus(signal) : await describeStatus(dir, signal);
  lines.forEach(print);
  return healthy ? 0 : 1;
}

export async function kubeconfig(options: Where & { readonly user: string }, signal: AbortSignal): Promise<number> {
  const { dir, provider, user } = options;
  print(provider === 'kind' ? await kindKubeconfig(signal) : await (await connectCluster(dir)).kubeconfig(user));
  return 0;
}

export async function env({ dir, provider }: Where, signal: AbortSignal): Promise<number> {
  if (provider === 'kind') {
    print(`export KUBECONFIG='${await kindKubeconfig(signal)}'`);
    return 0;
  }
  print(await exports(await connectCluster(dir)));
  return 0;
}

export async function exec({ dir }: Where, command: readonly string[], signal: AbortSignal): Promise<number> {
  return runBesideCluster(dir, command, { env: await environment(await connectCluster(dir)), signal });
}
