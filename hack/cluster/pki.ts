import 'reflect-metadata'; // @peculiar/x509 needs it, and before itself.
import { createPublicKey, randomBytes, type webcrypto } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { exportCertificate, exportKey, importKey, type KeyPair, newKeys, SIGNING } from '../../operator/pki/index.ts';

/** The name in a certificate. Kubernetes reads a user from the common name and its groups from the organizations. */
export interface Subject {
  readonly commonName: string;
  readonly organizations?: readonly string[];
}

const DAY_MS = 86_400_000;

/** Distinguished names have characters with a meaning; RFC 4514 escapes them with a backslash. */
function distinguishedName(subject: Subject): string {
  const escape = (value: string): string => value.replace(/[\\,+"<>;=#]/g, '\\$&');
  return [`CN=${escape(subject.commonName)}`, ...(subject.organizations ?? []).map((name) => `O=${escape(name)}`)].join(
    ', ',
  );
}

function validity(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + 365 * DAY_MS) };
}

/** A certificate authority that lives as long as its cluster. */
export class Authority {
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
  }

  /** The authority's own certificate, PEM. */
  get certificate(): string {
    return exportCertificate(this.#certificate);
  }

  static async create(commonName: string): Promise<Authority> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: randomBytes(16).toString('hex'),
      name: distinguishedName({ commonName }),
      ...validity(),
      signingAlgorithm: SIGNING,
      keys,
      extensions: [
        new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(certificate, keys.privateKey);
  }

  /** Reads what `save` wrote. */
  static async load(dir: string, name: string): Promise<Authority> {
    const key = await importKey(await readFile(join(dir, `${name}.key`), 'utf8'));
    return new Authority(new X509Certificate(await readFile(join(dir, `${name}.crt`), 'utf8')), key);
  }

  async save(dir: string, name: string): Promise<void> {
    await saveKeyPair(dir, name, { certificate: this.certificate, key: await exportKey(this.#key) });
  }

  /** A certificate for a server with these DNS names and IP addresses. */
  async issueServer(commonName: string, names: { dns: readonly string[]; ip: readonly string[] }): Promise<KeyPair> {
    return this.#issue({ commonName }, ExtendedKeyUsage.serverAuth, [
      new SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.ip.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ]);
  }

  async issueClient(subject: Subject): Promise<KeyPair> {
    return this.#issue(subject, ExtendedKeyUsage.clientAuth, []);
  }

  async #issue(
    subject: Subject,
    usage: ExtendedKeyUsage,
    extensions: readonly SubjectAlternativeNameExtension[],
  ): Promise<KeyPair> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      serialNumber: randomBytes(16).toString('hex'),
      subject: distinguishedName(subject),
      issuer: this.#certificate.subject,
      ...validity(),
      signingAlgorithm: SIGNING,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([usage]),
        await AuthorityKeyIdentifierExtension.create(this.#certificate),
        ...extensions,
      ],
    });
    return { certificate: exportCertificate(certificate), key: await exportKey(keys.privateKey) };
  }
}

/** Writes `<name>.crt` and `<name>.key`; the key is readable by its owner only. */
export async function saveKeyPair(dir: string, name: string, pair: KeyPair): Promise<void> {
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${name}.crt`), pair.certificate);
  await writeFile(join(dir, `${name}.key`), pair.key, { mode: 0o600 });
}

/** Writes the key pair that signs ServiceAccount tokens: `<name>.key` and `<name>.pub`. */
export async function saveTokenKeys(dir: string, name: string): Promise<void> {
  const { privateKey } = await newKeys();
  const key = await exportKey(privateKey);
  const publicKey = createPublicKey(key).export({ format: 'pem', type: 'spki' }).toString();
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, `${name}.key`), key, { mode: 0o600 });
  await writeFile(join(dir, `${name}.pub`), publicKey);
}
