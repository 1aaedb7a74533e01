import type { RolloutPhase } from '../api/index.ts';

/** What can be ordered beside the spec, by the annotation `order` of a DeepSeekDeployment. */
export const ORDER_VERBS = ['promote', 'abort', 'retry', 'rollback', 'restart', 'release'] as const;
export type OrderVerb = (typeof ORDER_VERBS)[number];

/** `<verb>/<revision>/<object UID>/<nonce>`: once, for one revision, of one object. */
export interface Order {
  readonly verb: OrderVerb;
  /**
   * promote, abort: the candidate, or what has just been switched to, or is being rolled back. retry: the revision that is held. rollback: the
   * revision to go back to. restart: the serving revision. release: the old revision that is kept warm.
   */
  readonly revision: string;
  readonly uid: string;
  readonly nonce: string;
}

/** Reads an order annotation; undefined when it is none. */
export function parseOrder(text: string): Order | undefined {
  const [verb, revision, uid, nonce, ...rest] = text.split('/');
  if (!isVerb(verb) || !revision || !uid || !nonce || rest.length > 0) return undefined;
  return { verb, revision, uid, nonce };
}

export function formatOrder({ verb, revision, uid, nonce }: Order): string {
  return [verb, revision, uid, nonce].join('/');
}

/** How things stand when an order comes, as far as it matters whether it can be carried out. */
export interface OrderStanding {
  readonly phase: RolloutPhase;
  readonly paused: boolean;
  readonly serving?: string | undefined;
  /** What is to take over, or what is held. */
  readonly candidate?: string | undefined;
  /** What a rollback goes to. */
  readonly rollback?:
    | {
        readonly revision: string;
        readonly readiness: 'Warm' | 'Partial' | 'Cold';
        /** Until when its pods are kept, ready or not; absent: none is. */
        readonly until?: string | undefined;
      }
    | undefined;
  /** All revisions that are stored. */
  readonly revisions: readonly string[];
}

const BEFORE_SWITCH: readonly RolloutPhase[] = ['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion'];
const AFTER_SWITCH: readonly RolloutPhase[] = ['Switching', 'Watching'];

/** Why an order cannot be carried out, as a sentence with what to do; undefined when it can. */
export function refusalOf(
  { verb, revision }: Pick<Order, 'verb' | 'revision'>,
  standing: OrderStanding,
): string | undefined {
  return RULES[verb](revision, standing);
}

type Rule = (revision: string, standing: OrderStanding) => string | undefined;

const RULES: Readonly<Record<OrderVerb, Rule>> = {
  promote: (revision, { phase, candidate, serving, paused }) => {
    if (serving === revision) return `Revision ${revision} has the traffic already.`;
    if (!BEFORE_SWITCH.includes(phase)) return `There is nothing to promote: the rollout is ${phase}.`;
    if (candidate !== revision) return `Revision ${revision} is not the candidate (that is ${candidate ?? 'none'}).`;
    return paused ? 'The rollout is paused: resume it first (`kubectl deepseek resume`).' : undefined;
  },
  abort: (revision, { phase, candidate, serving }) => {
    const current = AFTER_SWITCH.includes(phase) ? serving : candidate;
    // A rollback whose target has to load first may be left while the traffic has not moved.
    const mayLeave = phase === 'RollingBack' && serving === candidate;
    if (!BEFORE_SWITCH.includes(phase) && !AFTER_SWITCH.includes(phase) && !mayLeave)
      return `There is nothing to abort: the rollout is ${phase}.`;
    return current === revision
      ? undefined
      : `Revision ${revision} is not the one that is rolled out (that is ${current ?? 'none'}).`;
  },
  retry: (revision, { phase, candidate }) => {
    if (phase !== 'Held') return `There is nothing to retry: the rollout is ${phase}, not Held.`;
    return candidate === revision
      ? undefined
      : `Revision ${revision} is not the one that is held (that is ${candidate ?? 'none'}).`;
  },
  rollback: (revision, { serving, revisions, phase, candidate }) => {
    if (phase === 'RollingBack') return 'A rollback is under way already.';
    if (serving === undefined) return 'Nothing serves yet: there is nothing to go back from.';
    if (serving === revision) return `Revision ${revision} has the traffic already.`;
    if (candidate === revision && phase !== 'Idle' && !AFTER_SWITCH.includes(phase))
      return `Revision ${revision} is no version to go back to: it is the one that is rolled out or held. Order promote, or retry.`;
    return revisions.includes(revision)
      ? undefined
      : `Revision ${revision} is not stored any more; \`kubectl deepseek history\` lists those that are.`;
  },
  restart: (revision, { serving }) =>
    serving === revision ? undefined : `Revision ${revision} does not serve (that is ${serving ?? 'none'}).`,
  release: (revision, { rollback, phase }) => {
    if (AFTER_SWITCH.includes(phase) || phase === 'RollingBack')
      return `The old version is needed while the rollout is ${phase}.`;
    const kept =
      rollback && (rollback.readiness !== 'Cold' || rollback.until !== undefined) ? rollback.revision : 'none';
    return kept === revision ? undefined : `Revision ${revision} is not kept warm (that is ${kept}).`;
  },
};

function isVerb(text: string | undefined): text is OrderVerb {
  return (ORDER_VERBS as readonly (string | undefined)[]).includes(text);
}
