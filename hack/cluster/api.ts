import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { parse } from 'yaml';
import { z } from 'zod';
import { ClusterError } from './errors.ts';
import type { KeyPair } from '../../operator/pki/index.ts';
import type { Cluster } from './types.ts';

/** The few calls that the harness itself makes to the API server: no retries, no watches, JSON only. */
export interface Api {
  /** Whether /readyz answers 200; false as well when nothing answers. */
  isReady(signal: AbortSignal): Promise<boolean>;
  /** The decoded answer, or undefined for 404. Throws API_ERROR for other failures. */
  get<T>(path: string, signal: AbortSignal): Promise<T | undefined>;
  post(path: string, body: object, signal: AbortSignal): Promise<void>;
  mergePatch(path: string, body: object, signal: AbortSignal): Promise<void>;
  delete(path: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function createApi(server: string, authority: string, credentials: KeyPair): Api {
  const dispatcher = new Agent({
    connect: { ca: authority, cert: credentials.certificate, key: credentials.key, timeout: 5_000 },
  });
  async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, signal: AbortSignal, body?: object) {
    const response = await request(new URL(path, server), {
      method,
      dispatcher,
      signal,
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
      headers: { 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.body.text();
    if (response.statusCode === 404 && (method === 'GET' || method === 'DELETE')) return undefined;
    if (response.statusCode >= 300) {
      throw new ClusterError('API_ERROR', `${method} ${path} answered ${response.statusCode}: ${text.slice(0, 2_000)}`);
    }
    return text;
  }
  return {
    async isReady(signal) {
      try {
        const response = await request(new URL('/readyz', server), { dispatcher, signal, headersTimeout: 2_000 });
        await response.body.dump();
        return response.statusCode === 200;
      } catch {
        signal.throwIfAborted();
        return false;
      }
    },
    async get<T>(path: string, signal: AbortSignal) {
      const text = await call('GET', path, signal);
      return text === undefined ? undefined : (JSON.parse(text) as T);
    },
    async post(path, body, signal) {
      await call('POST', path, signal, body);
    },
    async mergePatch(path, body, signal) {
      await call('PATCH', path, signal, body);
    },
    async delete(path, signal) {
      await call('DELETE', path, signal);
    },
    async close() {
      await dispatcher.destroy();
    },
  };
}

/** An Api with the certificate of `user`, as its requests are to appear in the audit log. Close it after use. */
export async function openApi(cluster: Pick<Cluster, 'kubeconfig'>, user: string): Promise<Api> {
  const kubeconfig = Kubeconfig.parse(parse(await readFile(await cluster.kubeconfig(user), 'utf8')));
  const [{ cluster: target }, { user: credentials }] = [kubeconfig.clusters[0], kubeconfig.users[0]];
  const decode = (base64: string): string => Buffer.from(base64, 'base64').toString();
  return createApi(target.server, decode(target['certificate-authority-data']), {
    certificate: decode(credentials['client-certificate-data']),
    key: decode(credentials['client-key-data']),
  });
}

/** Of our own kubeconfigs, the part that is read back. */
const Kubeconfig = z.object({
  clusters: z.tuple([
    z.object({ cluster: z.object({ server: z.string(), 'certificate-authority-data': z.string() }) }),
  ]),
  users: z.tuple([
    z.object({ user: z.object({ 'client-certificate-data': z.string(), 'client-key-data': z.string() }) }),
  ]),
});
