import { systemClock } from '../../operator/kube/clock.ts';
import type { Clock } from '../../operator/kube/types.ts';
import { loopbackAddress } from './addresses.ts';
import { connectToCluster } from './cluster.ts';
import { LocalControl } from './control/local.ts';
import { serveControl } from './control/server.ts';
import type { SimulatorControl } from './control/types.ts';
import type { Latency } from './engines/types.ts';
import { Fleet } from './fleet.ts';
import { freePortOnAllAddresses } from './ports.ts';
import { RuleBook } from './rules.ts';

export interface SimulatorOptions {
  /** Path of a kubeconfig that may read pods, nodes, Secrets and ConfigMaps, and annotate pods and nodes. */
  readonly kubeconfig: string;
  /** Plays pods of these namespaces alone, so that several simulators share a cluster. Default: all. */
  readonly namespaces?: readonly string[];
  /** Port of every engine, each on its own address. Default: a free one. */
  readonly enginePort?: number;
  /**
   * Where the engine of the pod 10.x.y.z listens: on 127.x.y.z (default), or on the pod's own address, where that is local
   * (in the network namespace of a cluster). Then `enginePort` has to be the port of the containers, and a gateway that reads
   * EndpointSlices finds the engine.
   */
  readonly listenOn?: 'Loopback' | 'PodAddress';
  /** Port of the control API on 127.0.0.1. Default: a free one. */
  readonly controlPort?: number;
  /** Everything that is drawn (load times, errors, texts) follows from it. Default 1. */
  readonly seed?: number;
  /** Factor on load times, startup budgets and restart back-offs. Default 0.01: a model that loads 5 minutes takes 3 seconds. */
  readonly timeScale?: number;
  /** Seconds; default 20 ms to the first token, 5 ms between tokens. */
  readonly latency?: Partial<Latency>;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Aborts the start. */
  readonly signal: AbortSignal;
}

/** A running simulator: plays the engine in every engine pod on simulated nodes. */
export interface Simulator extends AsyncDisposable {
  readonly control: SimulatorControl;
  /** The same control over HTTP, `http://127.0.0.1:port`; see SimulatorClient. */
  readonly controlUrl: string;
  /** The engine of the pod 10.x.y.z answers at 127.x.y.z (see `listenOn`) on this port. */
  readonly enginePort: number;
  /** Ends every engine and leaves the pods as they are. Idempotent. */
  stop(): Promise<void>;
}

/** Quick enough for tests, slow enough for a stream to be a stream. */
const defaultLatency: Latency = { timeToFirstToken: 0.02, interTokenLatency: 0.005, perPromptToken: 0 };

/** Starts a simulator in this process; it has taken up every existing pod when this resolves. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { seed = 1, timeScale = 0.01, clock = systemClock, listenOn = 'Loopback', signal } = options;
  signal.throwIfAborted();
  const stopped = new AbortController();
  const cluster = await connectToCluster(options.kubeconfig, options.namespaces, stopped.signal);
  const enginePort = options.enginePort ?? (await freePortOnAllAddresses());
  const rules = new RuleBook();
  const fleet = new Fleet(cluster, rules, {
    clock,
    seed,
    timeScale,
    latency: { ...defaultLatency, ...options.latency },
    addressOf: (podIP) => ({ host: listenOn === 'Loopback' ? loopbackAddress(podIP) : podIP, port: enginePort }),
    readKey: cluster.readKey,
  });
  const control = new LocalControl({ enginePort, seed, timeScale }, cluster, rules, fleet);
  const server = await serveControl(control, options.controlPort ?? 0);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      stopped.abort();
      await server.close();
      await fleet.stop();
      await cluster.close();
    })();
    return stopping;
  };
  const abandon = (): void => stopped.abort(signal.reason);
  signal.addEventListener('abort', abandon, { once: true });
  try {
    await fleet.start(stopped.signal);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    signal.removeEventListener('abort', abandon);
  }
  return { control, controlUrl: server.url, enginePort, stop, [Symbol.asyncDispose]: stop };
}
