import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Credentials } from '../../operator/kube/credentials.ts';

/**
 * A line to an API server that can be cut without a word: nobody is told, connections stay open, and what is sent waits in it. Once it
 * is whole again all of that arrives, also what its sender has given up meanwhile.
 */
export class Partition {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #isCut = false;

  /** Close it after use. */
  static async start(apiServer: string): Promise<Partition> {
    const { hostname, port } = new URL(apiServer);
    const server = createServer({ allowHalfOpen: true });
    const partition = new Partition(server);
    server.on('connection', (near: Socket) => partition.#join(near, hostname, Number(port)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return partition;
  }

  private constructor(server: Server) {
    this.#server = server;
  }

  /** The same user, on this way. */
  through(credentials: Credentials): Credentials {
    const { port } = this.#server.address() as AddressInfo;
    return {
      server: `https://127.0.0.1:${port}`,
      tls: () => credentials.tls(),
      headers: () => credentials.headers(),
      invalidate: () => credentials.invalidate(),
    };
  }

  cut(): void {
    this.#isCut = true;
    for (const pair of this.#pairs) hold(pair);
  }

  heal(): void {
    this.#isCut = false;
    for (const [near, far] of this.#pairs) {
      near.pipe(far);
      far.pipe(near);
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  #join(near: Socket, host: string, port: number): void {
    const far = connect({ host, port, allowHalfOpen: true });
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    for (const [socket, other] of [pair, [far, near] as const]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        // What the other side has yet to read it reads, cut or not.
        if (!this.#isCut) other.end();
      });
    }
    if (this.#isCut) hold(pair);
    else {
      near.pipe(far);
      far.pipe(near);
    }
  }
}

/** Neither side hears the other; what they say stays where it is. */
function hold([near, far]: readonly [Socket, Socket]): void {
  near.unpipe(far).pause();
  far.unpipe(near).pause();
}
