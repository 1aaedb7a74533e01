import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the ephemeral ranges of Linux and macOS: no outgoing connection takes a port away while nobody listens. */
const [lowest, highest] = [20_000, 32_000];

/** A port that nobody listens on now, on any address of this machine: pods come to have any address of 127.0.0.0/8. */
export async function freePortOnAllAddresses(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowest, highest);
    if (await canListen(port)) return port;
  }
  throw new Error(`No port between ${lowest} and ${highest} is free on all addresses; pass one as enginePort.`);
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => server.close(() => resolve(true)));
  });
}
