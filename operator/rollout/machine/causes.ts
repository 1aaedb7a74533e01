import type { StageVerdict } from '../verdicts/types.ts';
import { type Course, healthOf, minimumOf, setOf, wantedOf } from './course.ts';
import { isBeforeSwitch } from './table.ts';
import type { RolloutInput } from './types.ts';

/** Why a version is given up, the candidate or what serves, as `<reason>: <message>`; for a mark, an event and a condition. */
export function causeOf(course: Course, input: RolloutInput, subject: string): string {
  const { memory, serving } = course;
  const after = subject === serving;
  const { failure, trouble, down } = healthOf(input, subject);
  if (trouble !== undefined) return trouble;
  if (!after && down === true && failure !== undefined) return failure;
  const judgement = judgementAgainst(course, input, subject);
  if (judgement?.verdict === 'Fail') {
    const failed = judgement.gates.filter(({ verdict }) => verdict === 'Fail');
    const reason = failed.some(({ stage }) => stage !== 'Proof') ? 'GateFailed' : 'ProofFailed';
    return `${reason}: ${failed.map(({ message }) => message).join('; ')}`;
  }
  if (judgement?.verdict === 'NoData') {
    const gate = judgement.gates.find(({ verdict }) => verdict === 'NoData');
    return `NotEnoughTraffic: ${gate?.message ?? 'there were too few requests to judge it'}; rollout.watch.onNoData is Rollback.`;
  }
  if (after) {
    const { readyReplicas } = setOf(input, serving);
    const minimum = minimumOf(input, wantedOf(course, input));
    const why = failure === undefined ? '' : ` ${failure.slice(failure.indexOf(': ') + 2)}`;
    return `LostReadiness: ${readyReplicas} of its replicas are ready, at least ${minimum} have to be.${why}`;
  }
  if (memory.phase === 'Proving' && memory.step === undefined) {
    const minutes = Math.round((input.now - memory.since) / 60_000);
    return `ProofFailed: the proof could not be finished in ${minutes} minutes; the operator’s log says why its pods could not be asked.`;
  }
  if (memory.step !== undefined && input.route?.taken === false) return `RouteNotTaken: ${input.route.message}`;
  return failure ?? 'StartupBudgetExceeded: it did not become available in the time that a start may take';
}

/** The judgement that a version is given up for; undefined: it is for something else. */
export function judgementAgainst(
  { memory, serving }: Course,
  { observed }: RolloutInput,
  subject: string,
): StageVerdict | undefined {
  const after = subject === serving;
  // While another version is on its way, nothing is judged but that one.
  if (after && isBeforeSwitch(memory.phase)) return undefined;
  if (!after && observed.warmUp?.verdict === 'Fail') return observed.warmUp;
  const judgement = memory.phase === 'Proving' && memory.step === undefined ? observed.proof : observed.traffic;
  return judgement?.verdict === 'Fail' || (after && judgement?.verdict === 'NoData') ? judgement : undefined;
}
