import type { Claim as Asked, Reservation } from '../rollout/capacity/index.ts';
import type { Claim } from './snapshot.ts';

/** What one DeepSeekDeployment has asked of others. */
export interface ClaimEntry {
  /** `namespace/name` of the one who asks. */
  readonly holder: string;
  readonly claims: readonly Asked[];
  /** What it is for, where others who ask come after it: a candidate’s replicas. Absent: its pods wait and speak for themselves. */
  readonly candidate?: Pick<Reservation, 'replicas' | 'template'>;
}

/**
 * Who claims GPUs of whose warm version, as it was counted last. It is in memory alone: after a restart those who wait
 * count again, and what was given before does not come back.
 */
export class ClaimBook {
  readonly #entries = new Map<string, ClaimEntry>();
  readonly #onClaim: (giver: string) => void;

  /** `onClaim` is called with the key of a DeepSeekDeployment that is to give more than before. */
  constructor(onClaim: (giver: string) => void) {
    this.#onClaim = onClaim;
  }

  /** From now on the DeepSeekDeployment with this UID claims this and nothing else; without entry nothing. */
  record(uid: string, entry?: ClaimEntry): void {
    const before = this.#entries.get(uid)?.claims ?? [];
    if (entry === undefined || entry.claims.length === 0) {
      this.#entries.delete(uid);
      return;
    }
    this.#entries.set(uid, entry);
    for (const { giver, revision, keep } of entry.claims) {
      const known = before.some((one) => one.giver === giver && one.revision === revision && one.keep <= keep);
      if (!known) this.#onClaim(giver);
    }
  }

  /** What is claimed of a revision that a DeepSeekDeployment keeps warm. */
  on(giver: string, revision: string): Claim[] {
    return [...this.#entries.values()].flatMap(({ holder, claims }) =>
      claims
        .filter((claim) => claim.giver === giver && claim.revision === revision)
        .map(({ keep }) => ({ holder, keep })),
    );
  }

  /** Candidates of others that have claimed room and wait for it. */
  candidatesBeside(uid: string): Reservation[] {
    return [...this.#entries].flatMap(([claimant, { holder, candidate }]) =>
      claimant === uid || candidate === undefined ? [] : [{ holder, ...candidate }],
    );
  }
}
