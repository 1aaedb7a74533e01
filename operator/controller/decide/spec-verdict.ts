import { rolloutSettings, type RolloutSettings } from '../../rollout/settings.ts';
import type { ReplicaSetState } from '../../rollout/next.ts';
import type { Revision } from '../../rollout/revision.ts';
import { type Traffic, traffic } from '../../rollout/traffic.ts';
import { type WindowState, windowState } from '../../rollout/windows.ts';
import { childNames } from '../../resources/names.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Desired, desiredRevision, type Making } from './desired.ts';
import { knownRevisions } from './known-revisions.ts';
import { activeServiceOf, servingInStatus, setsOf, statusTraffic } from './observed.ts';
import { onceFor } from './once-for.ts';
import { refuseRollout } from './rollout-spec.ts';
import type { Judgement, Verdict } from './judgement.ts';

const settingsOf = onceFor(rolloutSettings);

/** What is found out about a spec before anything is done for it. */
export interface JudgedSpec {
  readonly desired: Desired;
  readonly stored: readonly Revision[];
  readonly sets: ReadonlyMap<string, ReplicaSetState>;
  readonly settings: RolloutSettings;
  readonly traffic: Traffic;
  readonly window: WindowState;
}

/** Judges the spec of a snapshot: the plan, the rollout that it asks for, and the stored revision where there is one. */
export function judgeSpec(snapshot: Snapshot, making?: Making): JudgedSpec {
  const { deployment, now } = snapshot;
  const { spec } = deployment;
  const stored = knownRevisions(snapshot);
  const found = desiredRevision(deployment, stored, snapshot.deployments, snapshot.cluster, making);
  const sets = setsOf(snapshot);
  const settings = settingsOf(spec);
  const serves = traffic(activeServiceOf(snapshot), stored, withDeployment(snapshot, sets), {
    servingRevision: servingInStatus(deployment),
    ...statusTraffic(deployment),
  });
  return {
    desired: refuseRollout(found, spec, settings, serves),
    ...{ stored, sets, settings, traffic: serves },
    window: windowState(settings.maintenanceWindows, now),
  };
}

/** The sets that have a Deployment: pods that are left of one that is gone serve nobody. */
function withDeployment({ deployments, deployment }: Snapshot, sets: ReturnType<typeof setsOf>) {
  const names = new Set(deployments.map(({ metadata }) => metadata.name));
  return new Map([...sets].filter(([hash]) => names.has(childNames(deployment.metadata.name, hash).deployment)));
}

/** What PlanAccepted says of it. */
export function planVerdict(judged: Pick<Judgement, 'desired' | 'window'>): Verdict {
  const { plan, revision } = judged.desired;
  if (!plan.accepted && revision === undefined) return { status: 'False', reason: plan.reason, message: plan.message };
  const warnings = specWarnings(judged);
  return warnings.length === 0
    ? { status: 'True', reason: 'Planned', message: 'The model fits the accelerator as specified.' }
    : { status: 'True', reason: 'PlannedWithWarnings', message: warnings.join(' ') };
}

/** What is legal and worth a warning, in a spec that is not refused. */
export function specWarnings({ desired: { plan, revision }, window }: Pick<Judgement, 'desired' | 'window'>): string[] {
  // What was said when the revision was rendered holds for as long as it does.
  const planned = plan.accepted
    ? [...new Set([...(revision?.data.plan.warnings ?? []), ...plan.plan.warnings])]
    : [`Accepted when the revision was made; a new one would be refused: ${plan.message}`];
  return [...planned, ...(window.problems ?? [])];
}
