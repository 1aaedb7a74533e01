import { acceleratorFinding } from './capacity.ts';
import type { FailureEvidence, Failure } from '../../rollout/failures/index.ts';
import type { Memory, RolloutInput, SetHealth } from '../../rollout/machine/types.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { RolloutSettings } from '../../rollout/settings.ts';
import type { Traffic } from '../../rollout/traffic.ts';
import type { WindowState } from '../../rollout/windows.ts';
import { routeStateOf } from './route.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Desired } from './desired.ts';
import { activeEndpoints, revisionEndpoints } from './endpoints.ts';
import { isOverdue } from './evidence.ts';
import { memoryOf } from './memory.ts';
import { isDown } from './outage.ts';
import type { PendingOrder } from './order.ts';
import { troubleOf } from './trouble.ts';
import { observedOf } from './verdicts.ts';

/** What has been worked out of a snapshot before the rollout is decided on. */
export interface Findings {
  readonly settings: RolloutSettings;
  readonly window: WindowState;
  readonly traffic: Traffic;
  readonly desired: Desired;
  readonly revisions: readonly Revision[];
  readonly sets: RolloutInput['sets'];
  readonly evidence: ReadonlyMap<string, FailureEvidence>;
  readonly failures: ReadonlyMap<string, Failure>;
  readonly replicas: number;
  readonly order: PendingOrder | undefined;
}

/** Everything that the next step of the rollout follows from. */
export function rolloutInput(snapshot: Snapshot, findings: Findings): RolloutInput {
  const { now, claims, capacity, servingCapacity } = snapshot;
  const { settings, window, traffic, desired, revisions, sets, replicas, order } = findings;
  const memory = memoryOf(snapshot.deployment);
  const candidate = memory?.candidate;
  const serving = revisions.find(({ hash }) => hash === traffic.serving);
  const concurrency = Number(serving?.data.plan.maxConcurrency);
  const route = routeStateOf(snapshot, { serving: traffic.serving, candidate });
  return {
    now,
    settings,
    traffic,
    revisions,
    desired: desired.revision?.hash,
    sets,
    health: healthOf(snapshot, findings, memory),
    replicas,
    ...(Number.isFinite(concurrency) && concurrency > 0 && { concurrencyPerReplica: concurrency }),
    memory,
    ...(capacity !== undefined && { capacity }),
    ...(servingCapacity !== undefined && { servingCapacity }),
    observed: observedOf(snapshot, { settings, memory, traffic }),
    activeEndpoints: activeEndpoints(snapshot),
    candidateEndpoints: candidate === undefined ? undefined : revisionEndpoints(snapshot, candidate),
    ...(order?.order !== undefined && { order: order.order }),
    trafficLeft: settings.paused && traffic.foreignSelector,
    window,
    jitter: spread(`${snapshot.deployment.metadata.uid}/${memory?.since ?? 0}`),
    claims,
    ...(route !== undefined && { route }),
  };
}

function healthOf(snapshot: Snapshot, findings: Findings, memory: Memory | undefined): Map<string, SetHealth> {
  const { settings, traffic, evidence, failures, desired } = findings;
  // Asked last: it looks at every node.
  const isNodeMissing = () => acceleratorFinding(snapshot, desired)?.reason === 'AcceleratorNotFound';
  return new Map(
    [...evidence].map(([hash, found]): [string, SetHealth] => {
      const failure = failures.get(hash);
      const trouble =
        troubleOf(found, troubleSince(hash, traffic, memory)) ??
        (hash === traffic.serving ? stallOf(snapshot, hash) : undefined);
      return [
        hash,
        {
          ...(failure !== undefined && { failure: `${failure.reason}: ${failure.message}` }),
          down: isDown(found, failure),
          // A deadline that the user has set is kept by the rollout; that there is no node is no fault of a version.
          overdue: settings.progressDeadlineMs === undefined && isOverdue(found) && !isNodeMissing(),
          ...(trouble !== undefined && { trouble }),
        },
      ];
    }),
  );
}

/** From when on an engine that ends speaks against its version: once it has the traffic, or is there to be proven, or was and still grows. */
function troubleSince(hash: string, { serving, switchedAt }: Traffic, memory: Memory | undefined): number {
  if (hash === serving) return switchedAt ?? Number.POSITIVE_INFINITY;
  const grows = memory?.phase === 'Loading' && memory.verdicts?.some(({ stage }) => stage === 'Proof') === true;
  const asked = grows || memory?.phase === 'Proving' || memory?.phase === 'AwaitingPromotion';
  return asked && hash === memory.candidate ? memory.since : Number.POSITIVE_INFINITY;
}

/** How long engines may work on requests without a token: the longest prefill is shorter. */
const STALL_MS = 120_000;

/** Engines that say they are well and get nothing done, as `<reason>: <message>`; undefined: they do, or nobody looks. */
function stallOf({ observations }: Snapshot, hash: string): string | undefined {
  const found = observations.traffic.get(hash);
  // As of the reading, not of now: what has been since is not known.
  if (found?.stalledSince === undefined || found.to - found.stalledSince < STALL_MS) return undefined;
  return `EngineNotResponding: ${found.running} requests run, and for two minutes no engine has made a token, though their health checks pass.`;
}

/** A number from 0 to 1 that follows from a text (FNV-1a). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash / 0xffffffff;
}
