import { Agent } from 'undici';
import type { TlsMaterial } from '../../../operator/kube/credentials.ts';

/**
 * One pool of so many kept connections, with one request at a time on each, by HTTP/1.1 as the operator speaks it. Left to itself undici
 * offers HTTP/2, which the API server prefers, and sends everything over a single connection.
 */
export function plainAgent({ ca, cert, key }: Pick<TlsMaterial, 'ca' | 'cert' | 'key'>, connections: number): Agent {
  const connect = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return new Agent({ connect, allowH2: false, connections, pipelining: 1, keepAliveTimeout: 60_000 });
}
