import { describe, expect, it } from '@jest/globals';
import { Connections } from './connections.ts';
import type { Credentials, TlsMaterial } from './credentials.ts';

/** Credentials whose first reads take a moment and give an object each, as a kubeconfig's do. */
function credentials(): Credentials & { rotate(): void } {
  let current: TlsMaterial | undefined;
  return {
    server: 'https://127.0.0.1:1',
    tls: async () => {
      const known = current;
      await Promise.resolve();
      current = known ?? { verify: true };
      return current;
    },
    headers: async () => ({}),
    invalidate: () => undefined,
    rotate: () => {
      current = { verify: true };
    },
  };
}

describe('Connections', () => {
  it('gives requests that start together one pool, and keeps it', async () => {
    const connections = new Connections(credentials());
    const pools = await Promise.all(Array.from({ length: 7 }, () => connections.current()));
    expect(new Set(pools).size).toBe(1);
    expect(await connections.current()).toBe(pools[0]);
    await connections.destroy();
  });

  it('gives a new pool when the certificates change, and tells the streams of the old one', async () => {
    const source = credentials();
    const connections = new Connections(source);
    const before = await connections.current();
    source.rotate();
    expect(await connections.current()).not.toBe(before);
    expect(before.moved.signal.aborted).toBe(true);
    await connections.destroy();
  });
});
