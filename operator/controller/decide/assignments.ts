import { renderQuery } from '../../observe/prometheus.ts';
import type { Question, RolloutStep } from '../../rollout/machine/types.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { RolloutSettings } from '../../rollout/settings.ts';
import { gateName } from '../../rollout/verdicts/index.ts';
import type { Assignment, ObservedPod } from '../observations.ts';
import type { Snapshot } from '../snapshot.ts';
import { enginesOf, standingPods } from './engines.ts';

/** The questions of a step with all that it takes to find the answers. */
export function assignmentsOf(
  snapshot: Snapshot,
  step: RolloutStep,
  revisions: readonly Revision[],
  settings: RolloutSettings,
): Assignment[] {
  const engines = (hash: string | undefined): ObservedPod[] =>
    enginesOf(
      snapshot,
      revisions.find((revision) => revision.hash === hash),
    );
  const { attempt } = step.memory;
  return step.questions.flatMap((question): Assignment[] => {
    if (question.kind === 'Capacity') return [];
    const subject = question.kind === 'Traffic' ? question.revision : question.candidate;
    const pods = engines(subject);
    const standing = standingPods(snapshot, subject);
    const basePods = question.kind === 'Proof' ? engines(question.base) : [];
    const queries = subject === judged(step) ? queriesOf(question, settings) : new Map<string, string>();
    return [{ question, attempt, pods, standing, basePods, proof: settings.proof, queries }];
  });
}

/** The version that gates are about: a candidate that has a share of the traffic, else what has all of it. */
function judged({ memory, serving, candidate, weight }: RolloutStep): string | undefined {
  return (memory.step !== undefined || weight > 0) && candidate !== undefined ? candidate : serving;
}

/** Gates on queries are asked of the version that real traffic is judged of. */
function queriesOf(question: Question, { gates }: RolloutSettings): ReadonlyMap<string, string> {
  if (question.kind !== 'Traffic') return new Map();
  return new Map(
    gates.flatMap((gate) =>
      gate.query === undefined ? [] : [[gateName(gate), renderQuery(gate.query, question.revision)] as const],
    ),
  );
}
