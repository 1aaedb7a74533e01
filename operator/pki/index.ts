import { createPrivateKey, type webcrypto } from 'node:crypto';
import type { X509Certificate } from '@peculiar/x509';

/** A certificate and its key, PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** How keys sign: what every TLS stack that talks to Kubernetes reads, and short. */
export const SIGNING = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** New keys for `SIGNING`. */
export async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']);
}

/** A private key as PKCS #8, PEM. */
export async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();
}

/** Reads what `exportKey` wrote. Throws where it is no such key. */
export async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(text).export({ format: 'der', type: 'pkcs8' });
  return crypto.subtle.importKey('pkcs8', new Uint8Array(der), SIGNING, true, ['sign']);
}

/** A certificate, PEM. */
export function exportCertificate(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
