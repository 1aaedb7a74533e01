/**
 * The network of pods that a cluster of bare processes lacks, for a program that runs beside it: loaded before that program
 * (`node --import`), it makes each connection to a pod at 10.x.y.z arrive at the engine simulator, which plays that pod at
 * 127.x.y.z on one port. So the operator that ships reaches simulated engines without root and without a change to it.
 */
import { Socket } from 'node:net';
import { loopbackAddress } from '../../e2e/simulator/addresses.ts';

/** The port of all simulated engines, see `podNetworkEnv`. */
const ENGINE_PORT = 'DEEPSEEK_DEMO_ENGINE_PORT';

/**
 * Environment of a Node process that is to reach simulated pods. `module`: this module in JavaScript, where it matters that Node
 * does not load what it reads TypeScript with.
 */
export function podNetworkEnv(enginePort: number, module = import.meta.url): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--import=${module}`, [ENGINE_PORT]: String(enginePort) };
}

interface Target {
  host?: string;
  port?: number | string;
}

/** Changes where a connection goes, if that is a pod. */
export function redirect(target: Target, enginePort: number): void {
  if (target.host === undefined || !/^10\.\d+\.\d+\.\d+$/.test(target.host)) return;
  target.host = loopbackAddress(target.host);
  target.port = enginePort;
}

const port = Number(process.env[ENGINE_PORT]);
if (port > 0) {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its socket below
  const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    // net.connect() passes the list that it has made of its arguments, with the options first; others pass the options.
    const [first] = args;
    const options: unknown = Array.isArray(first) ? first[0] : first;
    if (typeof options === 'object' && options !== null) redirect(options, port);
    return connect.apply(this, args);
  };
}
