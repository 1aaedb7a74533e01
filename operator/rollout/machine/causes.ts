import type { StageVerdict } from '../verdicts/types.ts';
import { type Course, healthOf, minimumOf, setOf, wantedOf } from './course.ts';
import type { RolloutInput } from './types.ts';

/** Why the version that is rolled out is given up, as `<reason>: <message>`; for a mark, an event and a condition. */
export function causeOf(course: Course, input: RolloutInput): string {
  const { memory, serving } = course;
  const after = memory.phase === 'Switching' || memory.phase === 'Watching';
  const subject = after ? serving : memory.candidate;
  const { failure, trouble, down } = healthOf(input, subject);
  if (trouble !== undefined) return trouble;
  if (!after && down === true && failure !== undefined) return failure;
  const { warmUp } = input.observed;
  if (!after && warmUp?.verdict === 'Fail') return `ProofFailed: ${failedGates(warmUp)}`;
  const gates = memory.phase === 'Proving' && memory.step === undefined ? input.observed.proof : input.observed.traffic;
  if (gates?.verdict === 'Fail')
    return `${after || memory.step !== undefined ? 'GateFailed' : 'ProofFailed'}: ${failedGates(gates)}`;
  if (after && gates?.verdict === 'NoData') {
    const gate = gates.gates.find(({ verdict }) => verdict === 'NoData');
    return `NotEnoughTraffic: ${gate?.message ?? 'there were too few requests to judge it'}; rollout.watch.onNoData is Rollback.`;
  }
  if (after) {
    const { readyReplicas } = setOf(input, serving);
    const minimum = minimumOf(input, wantedOf(course, input));
    const why = failure === undefined ? '' : ` ${failure.slice(failure.indexOf(': ') + 2)}`;
    return `LostReadiness: ${readyReplicas} of its replicas are ready, at least ${minimum} have to be.${why}`;
  }
  if (memory.step !== undefined && input.route?.taken === false) return `RouteNotTaken: ${input.route.message}`;
  return failure ?? 'StartupBudgetExceeded: it did not become available in the time that a start may take';
}

/** The messages of the gates that failed. */
function failedGates({ gates }: StageVerdict): string {
  return gates
    .filter(({ verdict }) => verdict === 'Fail')
    .map(({ message }) => message)
    .join('; ');
}
