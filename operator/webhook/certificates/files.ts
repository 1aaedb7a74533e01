import { createPrivateKey, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../kube/types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { KeyPair } from '../../pki/index.ts';
import type { CertificateSource } from './source.ts';

export interface CertificateFilesOptions {
  /** Folder with tls.crt and tls.key, as a Secret of cert-manager is mounted. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How often the files are looked at, milliseconds: the kubelet brings a new Secret within a minute or two. */
const LOOK_MS = 10_000;

/** Certificates that somebody else makes and renews. */
export class CertificateFiles implements CertificateSource {
  readonly #options: CertificateFilesOptions;

  constructor(options: CertificateFilesOptions) {
    this.#options = options;
  }

  async run(onServing: (pair: KeyPair) => void, signal: AbortSignal): Promise<void> {
    const { clock, dir, log } = this.#options;
    let serving: KeyPair | undefined;
    let told: string | undefined;
    while (!signal.aborted) {
      const found = await this.#read();
      if (typeof found === 'string') {
        // What is served goes on; a flaw is told of once.
        if (told !== found) log.warn('the certificate of the webhook cannot be read', { dir, flaw: found });
        told = found;
      } else if (found.certificate !== serving?.certificate || found.key !== serving.key) {
        [serving, told] = [found, undefined];
        onServing(found);
      }
      await clock.sleep(LOOK_MS, signal).catch(() => undefined);
    }
  }

  /** The pair, or what is wrong with it: while files are replaced they may not belong together. */
  async #read(): Promise<KeyPair | string> {
    try {
      const [certificate, key] = await Promise.all(
        ['tls.crt', 'tls.key'].map((name) => readFile(join(this.#options.dir, name), 'utf8')),
      );
      if (certificate === undefined || key === undefined) return 'a file is missing';
      const belongs = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
      return belongs ? { certificate, key } : 'tls.key does not belong to tls.crt';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
