import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it } from '@jest/globals';
import { Authority } from '../../cluster/pki.ts';
import { plainAgent } from './agent.ts';

const CONNECTIONS = 3;

it('asks a server that prefers HTTP/2 by HTTP/1.1, over as many connections as it may have', async () => {
  const authority = await Authority.create('test');
  const { certificate: cert, key } = await authority.issueServer('localhost', { dns: ['localhost'], ip: [] });
  // Answers when all that may come at once have come.
  const held: (() => void)[] = [];
  const ports = new Set<number | undefined>();
  const versions = new Set<string>();
  const server = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) => {
    versions.add(request.httpVersion);
    ports.add(request.socket.remotePort);
    held.push(() => void response.end());
    if (held.length >= CONNECTIONS) for (const answer of held.splice(0)) answer();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = plainAgent({ ca: Buffer.from(authority.certificate) }, CONNECTIONS);
  try {
    const origin = `https://localhost:${(server.address() as AddressInfo).port}`;
    const ask = async (): Promise<void> => {
      const { body } = await agent.request({ origin, path: '/', method: 'GET', signal: AbortSignal.timeout(20_000) });
      await body.dump();
    };
    await Promise.all(Array.from({ length: 2 * CONNECTIONS }, ask));
    expect([...versions]).toEqual(['1.1']);
    expect(ports.size).toBe(CONNECTIONS);
  } finally {
    await agent.destroy();
    server.close();
  }
});
