import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { createApi, type Api } from './api.ts';
import { ClusterError } from './errors.ts';
import { forgetProcess, recordedProcesses, recordProcess, removeCluster } from './folder.ts';
import { renderKubeconfig } from './kubeconfig.ts';
import { quoteLog } from './logs.ts';
import { layout, writeAtomically, type ClusterState, type Layout } from './layout.ts';
import type { NodeObject } from './nodes.ts';
import { Authority } from './pki.ts';
import { equipNode, firstProcess, importImages, NODE_NAME, nodeLayout, prepareNode } from './node/node.ts';
import { canListen } from './ports.ts';
import { isAlive, killAll, spawnLogged } from './process.ts';
import { commandLine, PROGRAMS, USERS } from './programs.ts';
import type { Cluster, ClusterOptions, Program } from './types.ts';
import { waitFor } from './wait.ts';

const MASTERS = ['system:masters'];
/** Generous: a busy machine starts an API server in tens of seconds instead of three. */
const START_TIMEOUT_MS = 120_000;

interface StepOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

/** A cluster in its folder. Any process can hold a handle; what they share is in the folder. */
export class ClusterHandle implements Cluster {
  readonly dir: string;
  readonly profile: Cluster['profile'];
  readonly server: string;
  readonly auditLog: string;
  readonly #state: ClusterState;
  readonly #paths: Layout;
  readonly #authority: Authority;
  readonly #api: Api;

  private constructor(dir: string, state: ClusterState, authority: Authority, api: Api) {
    this.dir = dir;
    this.profile = state.profile;
    this.server = serverUrl(state);
    this.#state = state;
    this.#paths = layout(dir);
    this.auditLog = this.#paths.auditLog;
    this.#authority = authority;
    this.#api = api;
  }

  static async open(dir: string, state: ClusterState): Promise<ClusterHandle> {
    const authority = await Authority.load(layout(dir).pki, 'ca');
    const credentials = await authority.issueClient({ commonName: 'local-cluster', organizations: MASTERS });
    return new ClusterHandle(dir, state, authority, createApi(serverUrl(state), authority.certificate, credentials));
  }

  bin(name: Exclude<Program, 'node'> | 'kubectl'): string {
    return join(this.#state.binDir, name);
  }

  get etcd(): { readonly endpoint: string; readonly dataDir: string } {
    return { endpoint: `http://127.0.0.1:${this.#state.ports.etcd}`, dataDir: this.#paths.etcd };
  }

  async kubeconfig(user: string, options: { readonly groups?: readonly string[] } = {}): Promise<string> {
    const groups = options.groups ?? MASTERS;
    const key = options.groups ? [user, ...options.groups].join('+') + '+' : user;
    const path = join(this.#paths.users, `${encodeURIComponent(key)}.kubeconfig`);
    if (await exists(path)) return path;
    const content = renderKubeconfig({
      server: this.server,
      authority: this.#authority.certificate,
      user,
      credentials: await this.#authority.issueClient({ commonName: user, organizations: groups }),
    });
    await writeAtomically(path, content, 0o600);
    return path;
  }

  async startPrograms({ signal, onProgress = () => undefined, podCidr }: Parameters<Cluster['startPrograms']>[0]) {
    onProgress('Starting etcd');
    await this.#start('etcd');
    const health = `${this.etcd.endpoint}/health`;
    await this.#waitWhileAlive('etcd', 'etcd to be healthy', signal, async () => answersOk(health, signal));
    onProgress(`Starting kube-apiserver on ${this.server}`);
    await this.startApiServer({ signal });
    for (const program of PROGRAMS[this.profile]) {
      if (program === 'etcd' || program === 'kube-apiserver') continue;
      onProgress(`Starting ${program}`);
      await this.#start(program, program === 'kwok' && podCidr !== undefined ? [`--cidr=${podCidr}`] : []);
    }
    const namespace = '/api/v1/namespaces/default';
    const path = this.profile === 'control-plane' ? namespace : `${namespace}/serviceaccounts/default`;
    await this.#waitWhileAlive(
      'kube-apiserver',
      path,
      signal,
      async () => (await this.#api.get(path, signal)) !== undefined,
    );
  }

  /** Registers simulated nodes and waits until each is Ready and schedulable. */
  async addNodes(nodes: readonly NodeObject[], { signal, onProgress }: StepOptions): Promise<void> {
    onProgress(`Registering ${nodes.length} simulated nodes`);
    await Promise.all(nodes.map((node) => this.#api.post('/api/v1/nodes', node, signal)));
    await this.#waitWhileAlive('kwok', 'the simulated nodes to be Ready', signal, async () => {
      const list = await this.#api.get<{ items: ObservedNode[] }>('/api/v1/nodes', signal);
      const ready = new Set(list?.items.filter(isSchedulable).map(({ metadata }) => metadata.name));
      return nodes.every(({ metadata }) => ready.has(metadata.name));
    });
  }

  /** Loads images into the real node, gives it GPUs, and waits until it is Ready and schedulable. */
  async equipNode(images: ClusterOptions['images'] = [], { signal, onProgress }: StepOptions): Promise<void> {
    onProgress(`Loading ${images.length} images into the node`);
    const socket = nodeLayout(this.dir).socket;
    await this.#waitWhileAlive('node', 'containerd to listen', signal, () => exists(socket));
    await importImages(this.dir, images, signal);
    const path = `/api/v1/nodes/${NODE_NAME}`;
    const node = async (): Promise<ObservedNode | undefined> => this.#api.get<ObservedNode>(path, signal);
    await this.#waitWhileAlive('node', 'the node to register', signal, async () => (await node()) !== undefined);
    await equipNode(this.#api, signal);
    await this.#waitWhileAlive('node', 'the node to be Ready with its GPUs', signal, async () => {
      const seen = await node();
      return seen !== undefined && isSchedulable(seen) && seen.status.allocatable?.['nvidia.com/gpu'] !== undefined;
    });
  }

  async stopPrograms({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    for (const program of PROGRAMS[this.profile].toReversed()) await this.#kill(program);
    const { apiServer, etcd } = this.#state.ports;
    for (const port of [apiServer, etcd]) await untilFree(port, signal);
  }

  async startApiServer({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    await this.#start('kube-apiserver');
    await this.#waitWhileAlive('kube-apiserver', 'the API server to be ready', signal, () => this.#api.isReady(signal));
  }

  async stopApiServer({ signal }: { readonly signal: AbortSignal }): Promise<void> {
    signal.throwIfAborted();
    await this.#kill('kube-apiserver');
    await untilFree(this.#state.ports.apiServer, signal);
  }

  async stop(): Promise<void> {
    await this.#api.close();
    await removeCluster(this.dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #kill(program: Program): Promise<void> {
    const identity = (await recordedProcesses(this.dir)).get(program);
    if (identity) await killAll([identity]);
    await forgetProcess(this.dir, program);
  }

  async #start(program: Program, more: readonly string[] = []): Promise<void> {
    const running = (await recordedProcesses(this.dir)).get(program);
    if (running && isAlive(running)) return;
    const kubeconfigs: Record<string, string> = {};
    for (const [name, { user, groups }] of Object.entries(USERS))
      kubeconfigs[name] = await this.kubeconfig(user, { groups });
    if (program === 'node') await prepareNode(this.dir, this.#state.instance, kubeconfigs);
    const spawned = await spawnLogged({
      command: program === 'node' ? 'unshare' : this.bin(program),
      args: [
        ...commandLine(program, {
          profile: this.profile,
          paths: this.#paths,
          ports: this.#state.ports,
          clientLimits: this.#state.clientLimits,
          extraArgs: this.#state.extraArgs,
          kubeconfigs,
          nodeBinDir: this.#state.nodeBinDir,
        }),
        ...more,
      ],
      logFile: this.#logFile(program),
    });
    const identity = program === 'node' ? await firstProcess(spawned, new AbortController().signal) : spawned;
    await recordProcess(this.dir, program, identity);
  }

  /** Waits for a condition, but no longer than `program` lives. */
  async #waitWhileAlive(
    program: Program,
    what: string,
    signal: AbortSignal,
    condition: () => Promise<boolean>,
  ): Promise<void> {
    const identity = (await recordedProcesses(this.dir)).get(program);
    const details = (): string => quoteLog(this.#logFile(program));
    const probe = async (): Promise<true | undefined> => {
      if (await condition()) return true;
      if (!identity || !isAlive(identity)) throw new ClusterError('PROGRAM_EXITED', `${program} exited. ${details()}`);
      return undefined;
    };
    await waitFor(probe, { what, timeoutMs: START_TIMEOUT_MS, signal, details });
  }

  #logFile(program: Program): string {
    return join(this.#paths.logs, `${program}.log`);
  }
}

interface ObservedNode {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly taints?: readonly { readonly key: string }[] };
  readonly status: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
}

/** Ready, and the node controller has removed the taint that a new node starts with. */
function isSchedulable({ spec, status }: ObservedNode): boolean {
  const ready = status.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return ready === true && !spec.taints?.some(({ key }) => key.startsWith('node.kubernetes.io/'));
}

/** Of a process with threads the first is gone before the last of them closes its sockets. */
async function untilFree(port: number, signal: AbortSignal): Promise<void> {
  await waitFor(async () => ((await canListen(port)) ? true : undefined), {
    what: `port ${port} to be free`,
    timeoutMs: 10_000,
    intervalMs: 10,
    signal,
  });
}

function serverUrl(state: ClusterState): string {
  return `https://127.0.0.1:${state.ports.apiServer}`;
}

async function answersOk(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await fetch(url, { signal })).ok;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
