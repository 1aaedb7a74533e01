import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ClusterError, systemCode } from './errors.ts';

/**
 * Below the ephemeral ranges of Linux (32768) and macOS (49152): while an API server is down for a restart, the kernel
 * must not give its port to somebody's outgoing connection.
 */
const [LOWEST, HIGHEST] = [20_000, 32_000];

/** A port that is free on 127.0.0.1 now. Chosen at random, so that clusters that start together rarely meet. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await canListen(port)) return port;
  }
  throw new ClusterError('NOT_READY', `No free port found between ${LOWEST} and ${HIGHEST} on 127.0.0.1.`);
}

/** Whether nobody listens on a port of 127.0.0.1. */
export function canListen(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) => {
      if (systemCode(error) === 'EADDRINUSE' || systemCode(error) === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
