import type { Condition, ConditionType, Reason } from '../../api/index.ts';
import { quote } from '../../rollout/failures/words.ts';
import type { Obstacle } from '../obstacle.ts';
import type { Snapshot } from '../snapshot.ts';
import { stamp } from './conditions.ts';
import { type Intent, targetOf, type WrittenKind } from './intents.ts';
import type { Status } from './judgement.ts';

/**
 * Kinds without which a model serves all the same, by the condition that tells when one of them cannot be written. They are
 * written last, and nothing else waits for them.
 */
const TOLD_BY = {
  PodMonitor: 'Monitored',
  ScrapeConfig: 'Monitored',
  PrometheusRule: 'Monitored',
  HorizontalPodAutoscaler: 'AutoscalingActive',
  ScaledObject: 'AutoscalingActive',
} as const satisfies Partial<Record<WrittenKind, ConditionType>>;

type OptionalKind = keyof typeof TOLD_BY;
type Telling = (typeof TOLD_BY)[OptionalKind];

/** A write of an optional kind. */
export type OptionalIntent = Extract<Intent, { readonly kind: WrittenKind }> & { readonly kind: OptionalKind };

/** Why one could not be done. */
export interface WriteFailure {
  readonly kind: OptionalKind;
  readonly reason: Reason;
  /** The server's words, and what to do. */
  readonly message: string;
}

const FAILED: Readonly<Record<Telling, Reason>> = {
  Monitored: 'MonitoringWriteFailed',
  AutoscalingActive: 'AutoscalerWriteFailed',
};

export function isOptional(intent: Intent): intent is OptionalIntent {
  return 'kind' in intent && Object.hasOwn(TOLD_BY, intent.kind);
}

/** The intents with those of optional kinds at the end, each part in its order. */
export function optionalLast(intents: readonly Intent[]): Intent[] {
  return [...intents.filter((intent) => !isOptional(intent)), ...intents.filter(isOptional)];
}

/** A foreign object of the name is in the way. */
export function conflictOf({ kind }: OptionalIntent, { reason, message }: Obstacle): WriteFailure {
  return { kind, reason, message };
}

/** Why a write failed, from the words of the API server. */
export function writeFailure(intent: OptionalIntent, words: string): WriteFailure {
  const { kind } = intent;
  const { name } = targetOf('', intent);
  const verb = intent.type === 'Delete' ? 'deleted' : 'written';
  const fix = FIXES.find(([pattern]) => pattern.test(words))?.[1](kind) ?? 'It is tried again by itself.';
  return { kind, reason: FAILED[TOLD_BY[kind]], message: `${kind} ${name} cannot be ${verb}: ${quote(words)}. ${fix}` };
}

/** What to do, by the words of the API server (apimachinery of Kubernetes 1.36). */
const FIXES: readonly (readonly [RegExp, (kind: OptionalKind) => string])[] = [
  [
    /unknown field|field not declared in schema/,
    (kind) => `The cluster has an older CRD of ${kind} than this operator writes: update it.`,
  ],
  [/webhook/, () => 'See to the admission webhook, or to what it asks for.'],
  [/ is forbidden: User /, (kind) => `Give the operator the right to write objects of kind ${kind}.`],
];

/**
 * The status with what could not be written. `pending`: the writes of optional kinds that the pass was to do; `failures`:
 * why some of them have failed before. What the status tells already holds until they are done, also after a restart.
 */
export function withWriteFailures(
  snapshot: Snapshot,
  status: Status,
  pending: readonly OptionalIntent[],
  failures: readonly WriteFailure[],
): Status {
  const told = (['Monitored', 'AutoscalingActive'] as const).flatMap((type): Condition[] => {
    const own = failures.filter(({ kind }) => TOLD_BY[kind] === type);
    const before = snapshot.deployment.status?.conditions?.find((condition) => condition.type === type);
    const waits = pending.some(({ kind }) => TOLD_BY[kind] === type);
    const [first] = own;
    if (first !== undefined) {
      const message = own.map((failure) => failure.message).join(' ');
      return stamp(snapshot, [[type, { status: 'False', reason: first.reason, message }]]);
    }
    const failedBefore = before?.reason === FAILED[type] || before?.reason === 'NameConflict';
    return waits && before !== undefined && failedBefore
      ? [{ ...before, observedGeneration: snapshot.deployment.metadata.generation ?? 0 }]
      : [];
  });
  if (told.length === 0) return status;
  const others = (status.conditions ?? []).filter(({ type }) => told.every((own) => own.type !== type));
  return { ...status, conditions: [...others, ...told] };
}
