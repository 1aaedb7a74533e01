import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { localEndpoint } from './endpoints.ts';
import type { EngineEndpoint } from '../endpoint.ts';

/** What a server does with a connection once a request has come; `request` is its head and what came of its body with it. */
export type Behave = (socket: Socket, request: string) => void;

/** A server that says byte for byte what a test tells it, also what no HTTP server would. */
export class RawServer {
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(behave: Behave) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('data', (data) => {
        const request = data.toString('utf8');
        this.requests.push(request);
        behave(socket, request);
      });
    });
  }

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  endpoint(changes: Partial<EngineEndpoint> = {}): EngineEndpoint {
    return { ...localEndpoint, port: this.port, ...changes };
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** An answer with a body of that length, on a connection that stays. */
export function answer(body: string | Buffer, head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream'): Buffer {
  const bytes = Buffer.from(body);
  return Buffer.concat([Buffer.from(`${head}\r\ncontent-length: ${bytes.length}\r\n\r\n`), bytes]);
}
