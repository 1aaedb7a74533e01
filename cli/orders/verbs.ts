import { isBeforeSwitch } from '../../operator/rollout/machine/table.ts';
import type { OrderStanding, OrderVerb } from '../../operator/rollout/orders.ts';

/** What is peculiar to one order. */
export interface VerbEntry {
  /** For the help. */
  readonly summary: string;
  /** What follows the summary in the command's own help. */
  readonly help: string;
  /** The revision that the order is for when nobody names one; undefined: there is none. */
  readonly target: (standing: OrderStanding) => string | undefined;
  /** Why there is none, with what to do. */
  readonly noTarget: (standing: OrderStanding) => string;
  /** Why nothing has to be done, because it is so already; undefined: it is not. */
  readonly already: (revision: string, standing: OrderStanding, progress: RolloutProgress) => string | undefined;
  /** `promotion of`: before the revision. */
  readonly noun: string;
}

/** What of status.rollout says that an order has been carried out. */
export interface RolloutProgress {
  readonly promoted?: boolean | undefined;
  /** Revision that a rollback goes to while it goes on. */
  readonly target?: string | undefined;
}

const AFTER_SWITCH: readonly string[] = ['Switching', 'Watching'];

const rolledOut = ({ phase, serving, candidate }: OrderStanding) =>
  AFTER_SWITCH.includes(phase) ? serving : candidate;
const idle =
  (what: string) =>
  ({ phase }: OrderStanding) =>
    `There is nothing to ${what}: the rollout is ${phase}.`;

/** The orders, in the order of the help. */
export const VERBS: Readonly<Record<OrderVerb, VerbEntry>> = {
  promote: {
    summary: 'give the proven candidate the traffic',
    help: 'A candidate that is not proven yet gets it as soon as it is. In a canary it ends the pause of the step.',
    noun: 'promotion of',
    target: rolledOut,
    noTarget: idle('promote'),
    already: (revision, { serving, phase, candidate }, { promoted }) =>
      serving === revision
        ? `Revision ${revision} has the traffic already.`
        : promoted === true && candidate === revision && isBeforeSwitch(phase)
          ? `Revision ${revision} is promoted already; the rollout is ${phase}.`
          : undefined,
  },
  abort: {
    summary: 'take the candidate away, or back if it has the traffic',
    help: 'What served before serves on. The version is held: it is not tried again until the spec changes, or `retry`.',
    noun: 'abort of',
    target: rolledOut,
    noTarget: idle('abort'),
    already: (revision, { phase, candidate }) =>
      candidate === revision && (phase === 'Aborting' || phase === 'Held')
        ? `Revision ${revision} is aborted already; the rollout is ${phase}.`
        : undefined,
  },
  retry: {
    summary: 'try a held version again',
    help: 'A version that failed or was taken back is held until then, or until the spec changes.',
    noun: 'retry of',
    target: ({ candidate }) => candidate,
    noTarget: ({ phase }) => `There is nothing to retry: the rollout is ${phase}, not Held.`,
    already: (revision, { phase, candidate }) =>
      candidate === revision && isBeforeSwitch(phase)
        ? `Revision ${revision} is being rolled out already; the rollout is ${phase}.`
        : undefined,
  },
  rollback: {
    summary: 'go back to the previous version, or to another stored one',
    help: 'Takes seconds while the version is kept warm (`kubectl deepseek status` says so). The spec is not changed: what it asks for is held. While a candidate is still on its way, `abort` is what drops it; `rollback` then also leaves what serves, for the version before that.',
    noun: 'rollback to',
    target: ({ rollback }) => rollback?.revision,
    noTarget: ({ candidate, phase }) =>
      isBeforeSwitch(phase) && candidate !== undefined
        ? `There is no earlier version to go back to: what served before still serves. \`kubectl deepseek abort\` takes the candidate ${candidate} away.`
        : 'There is no earlier version to go back to: name one with --to (`kubectl deepseek history` lists those that are stored).',
    already: (revision, { phase, serving }, { target }) =>
      phase === 'RollingBack' && target === revision
        ? `The rollback to revision ${revision} is under way already.`
        : serving === revision
          ? `Revision ${revision} has the traffic already.`
          : undefined,
  },
  restart: {
    summary: 'replace the serving pods, one at a time',
    help: 'Each is evicted once the one before is ready again, as the PodDisruptionBudget allows. Nothing else changes.',
    noun: 'restart of',
    target: ({ serving }) => serving,
    noTarget: () => 'Nothing serves yet: there is nothing to restart.',
    already: () => undefined,
  },
  release: {
    summary: 'give the GPUs of the version that is kept warm back',
    help: 'A rollback then has to load the version again, which takes minutes.',
    noun: 'release of',
    target: ({ rollback }) => rollback?.revision,
    noTarget: () => 'No version is kept warm: there are no GPUs to give back.',
    already: (revision, { rollback }) =>
      rollback?.revision === revision && rollback.readiness === 'Cold' && rollback.until === undefined
        ? `No pod of revision ${revision} is kept running: there are no GPUs to give back.`
        : undefined,
  },
};
