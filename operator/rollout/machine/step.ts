import type { RolloutInput, RolloutStep } from './types.ts';
import { carryOut } from './actions.ts';
import { type Course, gpusOf, rollbackTarget, setOf, waitsForPerson, wantedOf } from './course.ts';
import { nextEvent } from './events.ts';
import { mixedWeight } from './mixed.ts';
import { messageOf, transitionText } from './messages.ts';
import { questionsOf } from './questions.ts';
import { recall } from './recall.ts';
import { refusalOf } from '../orders.ts';
import { whyTakenBack } from '../revision.ts';
import { sizesOf } from './sizes.ts';
import { standingOf } from './standing.ts';
import { cellOf, isBeforeSwitch } from './table.ts';
import { deadlineOf, wakeAt } from './times.ts';
import { isDrained } from './warm.ts';
import { wayOf } from './ways.ts';

/** Transitions of one pass at most: a version that is dropped, tried and switched at once takes fewer. */
const MAX_TRANSITIONS = 16;

/** Seconds that pods of a bad version still get once its drain is over. */
const CUT_SHORT_SECONDS = 10;

/** The next step of a rollout: transitions by the table until nothing more has happened, then what the phase wants. Pure. */
export function machineStep(input: RolloutInput, serving: string): RolloutStep {
  let course: Course = withRefusal(start(input, serving), input);
  for (let i = 0; i < MAX_TRANSITIONS; i++) {
    const event = nextEvent(course, input);
    if (event === undefined) break;
    const from = course.memory.phase;
    const cell = cellOf(from, event);
    if (!('to' in cell)) break;
    const next = carryOut(cell.action, course, input, cell.to);
    const to = next.memory.phase;
    course = {
      ...next,
      taken: [...course.taken, { from, to, event, says: transitionText(event, course, next, input) }],
    };
    // Everything after a flip is decided on what comes of it.
    if (next.switched) break;
  }
  return settle(course, input);
}

function start(input: RolloutInput, serving: string): Course {
  const { previous, switchedAt, attempt } = input.traffic;
  return {
    memory: recall(input, serving),
    serving,
    ...(previous !== undefined && { previous }),
    ...(switchedAt !== undefined && { switchedAt }),
    servingAttempt: attempt,
    switched: false,
    marks: [],
    forgive: [],
    taken: [],
  };
}

/** An order that cannot be carried out is answered at once, and never later. */
function withRefusal(course: Course, input: RolloutInput): Course {
  const { order } = input;
  if (order === undefined || order.verb === 'restart') return course;
  const { memory } = course;
  // What is under way is finished first.
  if (order.verb === 'rollback' && (memory.phase === 'Switching' || memory.phase === 'Aborting')) return course;
  const refusal = refusalOf(order, standingOf(course, input));
  const target = rollbackTarget(course, input);
  const nowhere = order.verb === 'abort' && !isBeforeSwitch(memory.phase) && target === undefined;
  const message = refusal ?? (nowhere ? 'There is no version to go back to.' : undefined);
  return message === undefined ? course : { ...course, ordered: { accepted: false, message } };
}

/** What the phase that the course has come to wants. */
function settle(course: Course, input: RolloutInput): RolloutStep {
  const { memory, serving } = course;
  const { phase, candidate } = memory;
  const replicas = sizesOf(course, input);
  const message = messageOf(course, input);
  const target = rollbackTarget(course, input);
  const deadline = deadlineOf(course, input);
  const wake = wakeAt(course, input);
  const capacity = capacityOf(course, input, replicas);
  const warm = target !== undefined && (replicas.get(target) ?? 0) > 0;
  const isNext = candidate !== undefined && isBeforeSwitch(phase) && replicas.has(candidate);
  return {
    memory: withShrunk(course, input, replicas, message),
    phase,
    serving,
    ...(course.previous !== undefined && { previous: course.previous }),
    ...(course.switchedAt !== undefined && { switchedAt: course.switchedAt }),
    attempt: course.servingAttempt,
    candidate: phase === 'Idle' || phase === 'Watching' || phase === 'Switching' ? undefined : candidate,
    replicas,
    weight: weightOf(course, input),
    ...awaits(course, input),
    // The candidate from its first pod on: its budget is not to be waited for when the traffic may move.
    protect: [...new Set([serving, ...(warm ? [target] : []), ...(isNext ? [candidate] : [])])],
    marks: course.marks,
    forgive: [...course.forgive, ...outdated(course, input)],
    switched: course.switched,
    ...cutShort(course, input),
    questions: questionsOf(course, input),
    ...(wake !== undefined && { wakeAt: wake }),
    ...(deadline !== undefined && { deadline }),
    message,
    ...(capacity !== undefined && { capacity }),
    ...(course.ended !== undefined && { ended: course.ended }),
    taken: course.taken,
    ...(course.ordered !== undefined && { ordered: course.ordered }),
  };
}

/** A mark is for the version that the spec asks for; when it asks for another one, a return to the first is a new try. */
function outdated({ memory, marks }: Course, { revisions, desired }: RolloutInput): string[] {
  const kept = memory.phase === 'RollingBack' ? memory.candidate : undefined;
  return revisions
    .filter((revision) => whyTakenBack(revision) !== undefined)
    .filter(({ hash }) => hash !== desired && hash !== kept && !marks.some(({ revision }) => revision === hash))
    .map(({ hash }) => hash);
}

/** Warm replicas that were given away do not come back within the window. */
function withShrunk(course: Course, input: RolloutInput, sizes: ReadonlyMap<string, number>, message: string) {
  const { memory } = course;
  const target = rollbackTarget(course, input);
  const base = memory.message === undefined ? { ...memory, message } : memory;
  if (target === undefined || memory.phase === 'Switching') return base;
  const before = setOf(input, target).replicas;
  const after = sizes.get(target) ?? 0;
  const gave = memory.phase === 'Watching' && after < Math.min(before, input.replicas);
  return gave ? { ...base, warmLimit: after } : base;
}

function awaits(course: Course, input: RolloutInput): Pick<RolloutStep, 'awaits'> {
  const { phase } = course.memory;
  // Before a Recreate whatever has to be waited for comes first.
  const stops = phase === 'Waiting' && wayOf(course, input)?.way === 'Recreate' && !input.settings.paused;
  if (phase !== 'AwaitingPromotion' && !stops) return {};
  if (waitsForPerson(course, input)) return { awaits: 'Person' };
  return input.window.open ? {} : { awaits: 'Window' };
}

/** Percent of the traffic that the gateway sends to the candidate. */
function weightOf(course: Course, input: RolloutInput): number {
  const { memory, switched } = course;
  // A Service without a ready pod answers nobody.
  if (switched || !isBeforeSwitch(memory.phase) || setOf(input, memory.candidate).readyReplicas === 0) return 0;
  if (memory.step === undefined) return mixedWeight(course, input);
  return input.settings.canary?.steps[memory.step]?.weight ?? 0;
}

/** The bad version’s pods are on their way out with all the time that their engine may take: a rollback grants less. */
function cutShort(
  { memory, serving, switchedAt, switched }: Course,
  input: RolloutInput,
): Pick<RolloutStep, 'cutShort'> {
  const { candidate } = memory;
  if (switched || memory.phase !== 'RollingBack' || candidate === undefined || serving !== memory.target) return {};
  const set = setOf(input, candidate);
  const over = isDrained({ switchedAt }, input, candidate, input.settings.rollbackDrainMs);
  return over && set.terminating > 0 ? { cutShort: { revision: candidate, graceSeconds: CUT_SHORT_SECONDS } } : {};
}

function capacityOf(course: Course, input: RolloutInput, sizes: ReadonlyMap<string, number>): RolloutStep['capacity'] {
  const { memory } = course;
  const { candidate, phase } = memory;
  if (!isBeforeSwitch(phase) || candidate === undefined) return undefined;
  const gpus = gpusOf(input, candidate);
  const choice = phase === 'Waiting' ? wayOf(course, input) : undefined;
  const size = sizes.get(candidate) ?? 0;
  const reserved = Math.max(0, size - setOf(input, candidate).placed) * gpus;
  const free = choice?.freeGpus ?? input.capacity?.freeGpus;
  return {
    needed: wantedOf(course, input) * gpus,
    ...(free !== undefined && { free }),
    ...(phase !== 'Waiting' && { reserved }),
  };
}
