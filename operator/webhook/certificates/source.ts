import type { KeyPair } from '../../pki/index.ts';

/** Where the certificate that is served comes from. */
export interface CertificateSource {
  /** Delivers each certificate to `onServing`, the first as soon as there is one, until `signal` aborts; then resolves. */
  run(onServing: (pair: KeyPair) => void, signal: AbortSignal): Promise<void>;
}
