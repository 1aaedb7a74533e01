import 'reflect-metadata'; // @peculiar/x509 needs it, and before itself.
import { randomBytes } from 'node:crypto';
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
import { exportCertificate, exportKey, importKey, type KeyPair, newKeys, SIGNING } from '../../pki/index.ts';
import { CLOCK_SKEW_MS, type Material, type Step, type Surroundings, validity } from './material.ts';

/** Carries out a step; what it does not concern stays. */
export async function issue(step: Step, material: Material | undefined, around: Surroundings): Promise<Material> {
  if (material === undefined || step === 'IssueAll') {
    const ca = await issueAuthority(around);
    return { ca, serving: await issueServing(ca, around) };
  }
  const { formerCa: _, ...withoutFormer } = material;
  switch (step) {
    case 'IssueServing':
      return { ...material, serving: await issueServing(material.ca, around) };
    case 'AddCa':
      return { ...material, nextCa: await issueAuthority(around) };
    case 'SwitchCa': {
      const ca = material.nextCa ?? (await issueAuthority(around));
      return { ca, formerCa: material.ca.certificate, serving: await issueServing(ca, around) };
    }
    case 'DropFormerCa':
      return withoutFormer;
  }
}

async function issueAuthority({ now, lifetimes }: Surroundings): Promise<KeyPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    // A name of its own for each: clients look for the signer by it.
    name: `CN=deepseek-operator-webhook-ca ${new Date(now).toISOString()}`,
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(now + lifetimes.caMs),
    signingAlgorithm: SIGNING,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: exportCertificate(certificate), key: await exportKey(keys.privateKey) };
}

async function issueServing(ca: KeyPair, { now, dnsNames, lifetimes }: Surroundings): Promise<KeyPair> {
  const authority = new X509Certificate(ca.certificate);
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=deepseek-operator-webhook`,
    issuer: authority.subject,
    notBefore: new Date(now - CLOCK_SKEW_MS),
    notAfter: new Date(Math.min(now + lifetimes.servingMs, validity(ca.certificate).notAfter)),
    signingAlgorithm: SIGNING,
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await AuthorityKeyIdentifierExtension.create(authority),
      new SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  return { certificate: exportCertificate(certificate), key: await exportKey(keys.privateKey) };
}

/** Positive, and 127 bits of chance (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}
