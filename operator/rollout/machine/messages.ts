import { type Course, healthOf, proofIsOff, rollbackTarget, setOf, waitsForPerson, wantedOf } from './course.ts';
import { enough } from './enough.ts';
import type { EventName, RolloutInput } from './types.ts';
import { missedOf, wayOf } from './ways.ts';

/** What is told of a transition: what comes of it, or of some what it was. */
export function transitionText(event: EventName, before: Course, after: Course, input: RolloutInput): string {
  const { candidate = '', way = 'Full' } = after.memory;
  if (event === 'Admitted') {
    const why = way === 'Recreate' ? downtime(after, input) : ` ${wayOf(before, input)?.message ?? ''}`;
    return `Revision ${candidate} is rolled out by ${way}.${why}`;
  }
  if (event === 'Proved') {
    const { verdict, gates = [] } = input.observed.proof ?? {};
    const nothing = verdict === 'NoData' ? ' Nothing of it could be judged.' : '';
    const said = gates.map(({ message }) => message).join('; ');
    return `The proof does not speak against revision ${candidate}.${nothing}${said === '' ? '' : ` ${said}`}`;
  }
  return messageOf(after, input);
}

/** What the rollout is doing and what it waits for, one sentence or two, for people. Holds no clock. */
export function messageOf(course: Course, input: RolloutInput): string {
  const { memory, serving } = course;
  const { candidate = '', phase } = memory;
  const set = setOf(input, candidate);
  const problem = problemOf(course, input);
  switch (phase) {
    case 'Idle':
      return memory.message ?? `Revision ${serving} serves.`;
    case 'Waiting':
      return waiting(course, input);
    case 'Scheduling':
      return `Revision ${candidate} gets its GPUs (${wayText(course, input)}): ${set.placed} of ${firstSize(course, input)} pods have a node.${downtime(course, input)}${problem}`;
    case 'Loading':
      return `Revision ${candidate} loads: ${set.availableReplicas} of ${enough(course, input)} replicas that the next step needs are available.${downtime(course, input)}${problem}`;
    case 'Proving': {
      const step = input.settings.canary?.steps[memory.step ?? -1];
      if (step === undefined)
        return `Revision ${candidate} is proven with prompts of our own; users do not reach it yet.`;
      const route = input.route?.taken === false ? ` ${input.route.message}` : '';
      return `Step ${(memory.step ?? 0) + 1} of ${input.settings.canary?.steps.length ?? 0}: ${step.weight} % of the traffic goes to revision ${candidate}.${route}`;
    }
    case 'AwaitingPromotion':
      return awaiting(course, input);
    case 'Switching':
      // The same words before and after EndpointSlices have followed: that is a matter of milliseconds, and no write.
      return `The traffic moves to revision ${serving}; nodes are given time to follow.`;
    case 'Watching':
      return `Revision ${serving} has the traffic and is watched; ${wayBack(course, input)}.`;
    case 'RollingBack':
      return rollingBack(course, input);
    case 'Aborting':
      return `Revision ${candidate} goes: ${set.pods} of its pods are left.`;
    case 'Held':
      return `Revision ${candidate} was given up and is not tried again by itself; revision ${serving} serves.`;
  }
}

/** Which version could take the traffic back, and whether it would have to load first. */
function wayBack(course: Course, input: RolloutInput): string {
  const target = rollbackTarget(course, input);
  if (target === undefined) return 'there is no version that could take it back';
  const loads = setOf(input, target).readyReplicas === 0 ? ' once it has loaded' : '';
  return `revision ${target} can take it back${loads}`;
}

/** When the next maintenance window opens, to the minute, in UTC. */
function nextWindow({ window: { changesAt } }: RolloutInput): string {
  return changesAt === undefined
    ? 'none is to come: see rollout.maintenanceWindows'
    : `the next opens at ${new Date(changesAt).toISOString().slice(0, 16)}Z`;
}

function wayText({ memory }: Course, input: RolloutInput): string {
  const frozen = memory.frozenReplicas ?? input.replicas;
  return memory.way === 'Handover' ? `Handover, ${frozen} replicas` : (memory.way ?? 'Full');
}

/** Pods that the candidate begins with. */
function firstSize(course: Course, input: RolloutInput): number {
  const { way, candidate } = course.memory;
  return way === 'Handover' ? Math.max(1, setOf(input, candidate).replicas) : wantedOf(course, input);
}

/** What Recreate costs, told before the old version stops and until the new one answers. */
function downtime({ memory }: Course, { revisions }: RolloutInput): string {
  if (memory.way !== 'Recreate') return '';
  const { startupBudgetSeconds = 0 } = revisions.find(({ hash }) => hash === memory.candidate)?.data.plan ?? {};
  return ` The old version stops first: nothing answers until the new one has loaded, which may take up to ${Math.ceil(startupBudgetSeconds / 60)} minutes.`;
}

function problemOf({ memory }: Course, input: RolloutInput): string {
  const { failure } = healthOf(input, memory.candidate);
  return failure === undefined ? '' : ` ${failure.slice(failure.indexOf(': ') + 2)}`;
}

function waiting(course: Course, input: RolloutInput): string {
  const { candidate = '' } = course.memory;
  const missed = missedOf(course, input);
  if (input.replicas === 0) return `Scaled to 0; revision ${candidate} is tried once replicas is above 0.`;
  if (input.settings.paused) return `rollout.paused is set: revision ${candidate} waits.`;
  const tried =
    missed.length === 0
      ? ''
      : ` ${missed.join(', ')} ${missed.length === 1 ? 'was' : 'were'} tried, and the scheduler did not place every pod in time; left alone for 5 minutes.`;
  const choice = wayOf(course, input);
  if (choice === undefined) return course.memory.message ?? `Revision ${candidate} waits for GPUs.${tried}`;
  if (choice.way === 'Recreate' && waitsForPerson(course, input)) {
    return `Revision ${candidate} waits for \`kubectl deepseek promote NAME\`: from then on nothing answers until it has loaded.`;
  }
  if (choice.way === 'Recreate' && !input.window.open) {
    return `Revision ${candidate} waits for a maintenance window, since the old version stops first: ${nextWindow(input)}.`;
  }
  return `${choice.message}${tried}`;
}

function awaiting(course: Course, input: RolloutInput): string {
  const { candidate = '' } = course.memory;
  if (input.settings.paused) return `rollout.paused is set: revision ${candidate} waits.`;
  if (waitsForPerson(course, input))
    return `Revision ${candidate} is ready and waits for \`kubectl deepseek promote NAME\`.`;
  if (!input.window.open)
    return `Revision ${candidate} is ready and waits for a maintenance window: ${nextWindow(input)}.`;
  const { availableReplicas } = setOf(input, candidate);
  if (availableReplicas < enough(course, input)) {
    return `Revision ${candidate} is proven; ${availableReplicas} of the ${enough(course, input)} replicas that the switch needs are available.`;
  }
  if (input.route?.taken === false)
    return `Revision ${candidate} is ready and waits for the gateway. ${input.route.message}`;
  if (!proofIsOff(input) && input.observed.warmedUp !== true)
    return `Revision ${candidate} is ready; pods that came after its proof make a first token before they get traffic. If that takes long, the operator’s log says why they cannot be asked.`;
  return `Revision ${candidate} is ready; its endpoints are checked before it gets the traffic.`;
}

function rollingBack({ memory, serving }: Course, input: RolloutInput): string {
  const { target = '', candidate = '' } = memory;
  if (serving === target) {
    return `Revision ${target} has the traffic again; revision ${candidate} finishes what still runs there.`;
  }
  const { readyReplicas } = setOf(input, target);
  return `Back to revision ${target}: ${readyReplicas} of ${wantedOf({ memory }, input)} replicas are ready; revision ${serving} serves until then.`;
}
