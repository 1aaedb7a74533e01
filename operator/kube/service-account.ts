import { join } from 'node:path';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { RefreshedFile } from './refreshed-file.ts';
import type { Clock } from './types.ts';

export const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount';

/** client-go's interval; kubelet rotates the token at 80 % of its life, an hour or more before it ends. */
const TOKEN_MAX_AGE_MS = 60_000;
const CA_MAX_AGE_MS = 10_000;

export interface ServiceAccountOptions {
  readonly directory: string;
  readonly host: string;
  readonly port: string;
  readonly clock: Clock;
}

/** The pod's own service account: a token and a CA in files that the kubelet rotates. */
export class ServiceAccountCredentials implements Credentials {
  readonly server: string;
  readonly #token: RefreshedFile;
  readonly #ca: RefreshedFile;
  #tls: TlsMaterial | undefined;

  constructor({ directory, host, port, clock }: ServiceAccountOptions) {
    this.server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.#token = new RefreshedFile(join(directory, 'token'), TOKEN_MAX_AGE_MS, clock);
    this.#ca = new RefreshedFile(join(directory, 'ca.crt'), CA_MAX_AGE_MS, clock);
  }

  async tls(): Promise<TlsMaterial> {
    const ca = await this.#ca.read();
    if (this.#tls?.ca !== ca) this.#tls = { ca, verify: true };
    return this.#tls;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    return { authorization: `Bearer ${(await this.#token.read()).toString('utf8').trim()}` };
  }

  invalidate(): void {
    this.#token.invalidate();
    this.#ca.invalidate();
  }
}
