import { apiVersionOf, type Lease, resources } from './resources.ts';
import type { ObjectRef } from './types.ts';

/** What a holder writes into the Lease. */
export interface Claim {
  readonly lease: Required<ObjectRef>;
  readonly identity: string;
  readonly leaseDurationMs: number;
  /** Wall clock, milliseconds. For people: nobody's decision rests on it. */
  readonly now: number;
}

/** Kubernetes' MicroTime: RFC 3339 with six digits of fraction. */
export function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

/** '' when nobody holds the Lease. */
export function holderOf(lease: Lease): string {
  return lease.spec?.holderIdentity ?? '';
}

/** Released, or never held. */
export function isFree(lease: Lease): boolean {
  return holderOf(lease) === '';
}

/** For how long the holder may be trusted to lead after the Lease last changed. */
export function expiresAfterMs(lease: Lease): number {
  return (lease.spec?.leaseDurationSeconds ?? 0) * 1000;
}

/** `current` (or a new Lease) held by the claim's identity. A change of the holder counts as a transition. */
export function heldLease(current: Lease | undefined, claim: Claim): Lease {
  const now = microTime(claim.now);
  const kept = current !== undefined && holderOf(current) === claim.identity ? current.spec : undefined;
  const transitions = current?.spec?.leaseTransitions ?? 0;
  return {
    apiVersion: apiVersionOf(resources.leases) as Lease['apiVersion'],
    kind: 'Lease',
    metadata: current?.metadata ?? claim.lease,
    spec: {
      ...current?.spec,
      holderIdentity: claim.identity,
      leaseDurationSeconds: Math.ceil(claim.leaseDurationMs / 1000),
      acquireTime: kept?.acquireTime ?? now,
      renewTime: now,
      leaseTransitions: current === undefined || kept !== undefined ? transitions : transitions + 1,
    },
  };
}

/** `lease` without a holder. The duration of a second is client-go's: older candidates look at nothing else. */
export function releasedLease(lease: Lease, now: number): Lease {
  const spec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) };
  return { ...lease, spec };
}
