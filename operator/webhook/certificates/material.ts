import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyPair } from '../../pki/index.ts';

/** All that the webhook's TLS is made of, shared by the replicas. */
export interface Material {
  /** The authority that signs what is served. */
  readonly ca: KeyPair;
  /** The next one: trusted already, and signs once everybody trusts it. */
  readonly nextCa?: KeyPair;
  /** Certificate of the one before, PEM: what it has signed may still be served by another replica. */
  readonly formerCa?: string;
  /** What is served. */
  readonly serving: KeyPair;
}

/** How long certificates live, milliseconds. Each is replaced when two thirds of it have passed. */
export interface Lifetimes {
  readonly caMs: number;
  readonly servingMs: number;
  /** How long a new authority is trusted before it signs: every replica and API server has learned of it by then. */
  readonly overlapMs: number;
}

const DAY_MS = 86_400_000;
export const LIFETIMES: Lifetimes = { caMs: 2 * 365 * DAY_MS, servingMs: 90 * DAY_MS, overlapMs: DAY_MS };

/** How far the clock of a client may be behind ours, milliseconds: certificates are dated back by it. */
export const CLOCK_SKEW_MS = 3_600_000;

/** The next thing to do about a material. */
export type Step =
  /** There is none that could be served: everything is made anew. */
  | 'IssueAll'
  /** A certificate to serve, by the same authority. */
  | 'IssueServing'
  /** Another authority beside the present one. */
  | 'AddCa'
  /** The next authority takes over, and signs a certificate to serve. */
  | 'SwitchCa'
  /** Nothing that the former authority has signed is valid any more. */
  | 'DropFormerCa';

export interface Surroundings {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** DNS names that the certificate has to have. */
  readonly dnsNames: readonly string[];
  readonly lifetimes: Lifetimes;
  /** Whether API servers have been told to trust the next authority. */
  readonly isNextTrusted: boolean;
}

/** What is due now; undefined: nothing. One step at a time: each leaves a material that works. */
export function dueStep(material: Material | undefined, around: Surroundings): Step | undefined {
  const { now, dnsNames, isNextTrusted } = around;
  if (material === undefined) return 'IssueAll';
  const { ca, serving, nextCa, formerCa } = material;
  // Made by somebody whose clock was far ahead: nobody would believe them for as long.
  if (isOfTheFuture(ca.certificate, now)) return 'IssueAll';
  if (isOfTheFuture(serving.certificate, now)) return 'IssueServing';
  if (validity(ca.certificate).notAfter <= now) return 'IssueAll';
  if (isNextTrusted && nextCa !== undefined && now >= takesOverAt(nextCa, around)) return 'SwitchCa';
  if (now >= servingDueAt(material) || !isFor(serving.certificate, dnsNames)) return 'IssueServing';
  if (nextCa === undefined && now >= renewAt(ca.certificate)) return 'AddCa';
  if (formerCa !== undefined && now >= validity(formerCa).notAfter) return 'DropFormerCa';
  return undefined;
}

function isOfTheFuture(certificate: string, now: number): boolean {
  return validity(certificate).notBefore > now;
}

/** When something becomes due that is not yet, milliseconds since the epoch. */
export function nextDueAt(material: Material, around: Surroundings): number {
  const { ca, nextCa, formerCa } = material;
  return Math.min(
    servingDueAt(material),
    // An untrusted successor is waited for, not counted: somebody has to tell the API server first.
    nextCa === undefined ? renewAt(ca.certificate) : validity(ca.certificate).notAfter,
    ...(nextCa !== undefined && around.isNextTrusted ? [takesOverAt(nextCa, around)] : []),
    ...(formerCa === undefined ? [] : [validity(formerCa).notAfter]),
  );
}

/** Everything that an API server is to trust, PEM. */
export function trustBundle({ ca, nextCa, formerCa }: Material): string {
  return [ca.certificate, nextCa?.certificate, formerCa].filter((pem) => pem !== undefined).join('');
}

/** Why the parts do not belong together, or cannot be read; undefined: they do. */
export function flawOf({ ca, nextCa, serving, formerCa }: Material): string | undefined {
  try {
    for (const pair of [ca, serving, ...(nextCa ? [nextCa] : [])]) {
      const certificate = new X509Certificate(pair.certificate);
      if (!certificate.checkPrivateKey(createPrivateKey(pair.key)))
        return `the key does not belong to ${certificate.subject}`;
    }
    const served = new X509Certificate(serving.certificate);
    const signers = [ca.certificate, ...(formerCa === undefined ? [] : [formerCa])].map(
      (pem) => new X509Certificate(pem),
    );
    return signers.some((signer) => served.verify(signer.publicKey))
      ? undefined
      : 'no authority has signed what is served';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** When two thirds of the life of a certificate have passed since it was made, milliseconds since the epoch. */
export function renewAt(certificate: string): number {
  const { notBefore, notAfter } = validity(certificate);
  const madeAt = notBefore + CLOCK_SKEW_MS;
  return madeAt + ((notAfter - madeAt) * 2) / 3;
}

/** Milliseconds since the epoch. */
export function validity(certificate: string): { readonly notBefore: number; readonly notAfter: number } {
  const { validFromDate, validToDate } = new X509Certificate(certificate);
  return { notBefore: validFromDate.getTime(), notAfter: validToDate.getTime() };
}

/** One that lives as long as its authority can be followed by none that lives longer. */
function servingDueAt({ ca, serving }: Material): number {
  const isLast = validity(serving.certificate).notAfter >= validity(ca.certificate).notAfter;
  return isLast ? Number.POSITIVE_INFINITY : renewAt(serving.certificate);
}

function takesOverAt(nextCa: KeyPair, { lifetimes }: Surroundings): number {
  return validity(nextCa.certificate).notBefore + CLOCK_SKEW_MS + lifetimes.overlapMs;
}

function isFor(certificate: string, dnsNames: readonly string[]): boolean {
  const parsed = new X509Certificate(certificate);
  return dnsNames.every((name) => parsed.checkHost(name) !== undefined);
}
