import type { RolloutPhase } from '../../api/index.ts';
import type { Course } from './course.ts';
import { gpusOf, isHeld, isSettled, revisionOf, rollbackTarget, setOf } from './course.ts';
import { causeOf, judgementAgainst } from './causes.ts';
import type { Memory, RolloutInput } from './types.ts';
import { isBeforeSwitch } from './table.ts';
import { admissionOf } from './ways.ts';
import { whyTakenBack } from '../revision.ts';
import type { StageVerdict } from '../verdicts/types.ts';

type Action = (course: Course, input: RolloutInput, to: RolloutPhase) => Course;

/** How long capacity is left alone after a way was missed, and how much longer at most, so that two do not try in step. */
const RETRY_MS = 20_000;
const RETRY_JITTER_MS = 20_000;

/** What every phase begins with. In a pause its clock stands still from the beginning. */
const at = (memory: Memory, phase: RolloutPhase, now: number): Memory => {
  const { message: _, pausedAt, ...rest } = memory;
  return { ...rest, phase, since: now, ...(pausedAt !== undefined && isBeforeSwitch(phase) && { pausedAt: now }) };
};

/** What is remembered of an attempt that is over: its number, what it did to the old version, and what serves was switched with. */
const rest = ({ attempt, warmLimit, switchedReplicas, way }: Memory): Omit<Memory, 'phase' | 'since'> => ({
  attempt,
  ...(warmLimit !== undefined && { warmLimit }),
  ...(switchedReplicas !== undefined && { switchedReplicas }),
  ...(way !== undefined && { way }),
});

const advance: Action = (course, { now }, to) => ({ ...course, memory: at(course.memory, to, now) });

const dropped = (course: Course, phase: RolloutPhase, now: number): Course => ({
  ...course,
  memory: { ...rest(course.memory), phase, since: now },
});

/** A new attempt for what the spec asks for; one that was under way is superseded. */
const begin: Action = (course, { now, desired = '' }, to) => {
  const { memory, servingAttempt } = course;
  const under = memory.candidate !== undefined && isBeforeSwitch(memory.phase);
  const superseded = under && memory.candidate !== desired ? memory.candidate : undefined;
  // What serves unproven has not finished its own attempt.
  const watched = memory.phase === 'Watching' ? course.serving : undefined;
  const { warmLimit, switchedReplicas } = memory;
  const over = superseded ?? watched;
  return {
    ...course,
    memory: {
      phase: to,
      since: now,
      attempt: Math.max(memory.attempt, servingAttempt) + 1,
      candidate: desired,
      ...(warmLimit !== undefined && { warmLimit }),
      // What serves may still be lost before it is proven.
      ...(switchedReplicas !== undefined && { switchedReplicas }),
    },
    ...(over !== undefined && { ended: { revision: over, outcome: 'Superseded' as const } }),
  };
};

const held = (course: Course, input: RolloutInput): Course => {
  const { candidate } = course.memory;
  if (candidate === undefined) return course;
  const by = input.order?.verb === 'rollback' ? 'a rollback' : 'an abort';
  return {
    ...course,
    marks: [...course.marks, { kind: 'held', revision: candidate, cause: `Held: ${by} was ordered` }],
    ended: { revision: candidate, outcome: 'Aborted' },
  };
};

/** What real traffic says of the candidate of a canary so far. */
const judged = (memory: Memory, { observed }: RolloutInput): Memory =>
  memory.step === undefined || observed.traffic === undefined ? memory : withGates(memory, observed.traffic);

/** With a judgement; it is the last word of the gates of a canary, that are judged again at each step. */
const withGates = (memory: Memory, { gates }: StageVerdict): Memory => {
  const again = new Set(gates.filter(({ stage }) => stage === 'Canary').map(({ gate }) => gate));
  const earlier = (memory.verdicts ?? []).filter(({ stage, gate }) => stage !== 'Canary' || !again.has(gate));
  return { ...memory, verdicts: [...earlier, ...gates] };
};

/** Accepts the order, unless a later step of it is still to come. */
const ordered = (course: Course, message: string): Course => ({ ...course, ordered: { accepted: true, message } });

const toRollingBack = (course: Course, input: RolloutInput, to: RolloutPhase, target: string): Course => {
  const { memory, serving } = course;
  const bad = serving === target ? memory.candidate : serving;
  return {
    ...course,
    memory: {
      ...rest(memory),
      phase: to,
      since: input.now,
      target,
      ...(bad !== undefined && { candidate: bad }),
      ...(memory.verdicts !== undefined && { verdicts: memory.verdicts }),
    },
  };
};

/** Keeps the verdicts that a version is given up for, for people and metrics. */
const withJudgement = (course: Course, judgement: StageVerdict | undefined): Course => {
  return judgement === undefined ? course : { ...course, memory: withGates(course.memory, judgement) };
};

/** What comes of a promotion. */
const promised = ({ memory }: Course, { settings }: RolloutInput): string => {
  if (settings.canary !== undefined)
    return 'the pause that it is in, or comes to next, ends; each further step without a pause waits again';
  return memory.phase === 'AwaitingPromotion'
    ? 'it gets the traffic as soon as nothing else is in the way (window, gateway, ready pods)'
    : 'it gets the traffic once it has passed its proof and nothing else is in the way';
};

/** For a proof that had nothing to judge. */
const NO_GATE = { gate: 'Engine', stage: 'Proof', samples: 0, message: 'Nothing was asked of it.' } as const;

const ACTIONS = {
  advance,

  /** The candidate is no longer asked for: it goes, and nothing is held against it. */
  drop: (course, { now }, to) => {
    const { candidate, phase } = course.memory;
    const next = dropped(course, to, now);
    return candidate === undefined || phase === 'Held'
      ? next
      : { ...next, ended: { revision: candidate, outcome: 'Superseded' } };
  },

  begin,

  retry: (course, input, to) => {
    const { candidate = '' } = course.memory;
    const next = begin(course, input, to);
    return ordered({ ...next, forgive: [...next.forgive, candidate] }, `Revision ${candidate} is tried again.`);
  },

  promote: (course, input, to) => {
    const { candidate = '' } = course.memory;
    const next = { ...course, memory: { ...course.memory, phase: to, promoted: true } };
    return ordered(next, `Revision ${candidate} is promoted: ${promised(course, input)}.`);
  },

  release: (course, input, to) => {
    const { previous = '' } = course;
    const gpus = setOf(input, previous).replicas * gpusOf(input, previous);
    const next = { ...course, memory: { ...course.memory, phase: to, warmLimit: 0 } };
    return ordered(next, `Revision ${previous} gives back its GPUs (${gpus}); a rollback to it loads the model again.`);
  },

  abort: (course, input, to) => {
    const { candidate = '' } = course.memory;
    const next = advance(held(course, input), input, to);
    // A rollback that goes further than to what serves is carried out once the candidate is gone.
    if (input.order?.verb === 'rollback' && input.order.revision !== course.serving) return next;
    return ordered(next, `Revision ${candidate} is dropped; revision ${course.serving} keeps serving.`);
  },

  fail: (course, input, to) => {
    const { candidate = '' } = course.memory;
    const next = withJudgement(advance(course, input, to), judgementAgainst(course, input, candidate));
    const ended = { revision: candidate, outcome: 'Failed' } as const;
    if (isHeld(course, input, candidate)) return { ...next, ended };
    const cause = causeOf(course, input, candidate);
    return { ...next, marks: [...course.marks, { kind: 'failed', revision: candidate, cause }], ended };
  },

  /** What serves needs the GPUs, or nothing is wanted at all: the candidate goes to 0 and waits. */
  yieldCapacity: (course, input, to) => {
    const { memory } = course;
    const { way: _, frozenReplicas: __, step: ___, verdicts: ____, ...kept } = memory;
    const retryAt = input.now + retryAfter(input);
    return { ...course, memory: { ...at(kept, to, input.now), retryAt } };
  },

  miss: (course, input, to) => {
    const { memory } = course;
    const { way = 'Full', frozenReplicas: _, step: __, verdicts: ___, ...kept } = memory;
    const missed = [...new Set([...(memory.missed ?? []), way])];
    return { ...course, memory: { ...at(kept, to, input.now), missed, retryAt: input.now + retryAfter(input) } };
  },

  admit: (course, input, to) => {
    const { memory } = course;
    const { way, warmLimit } = admissionOf(course, input);
    const { retryAt: _, message: __, ...kept } = memory;
    return {
      ...course,
      memory: {
        ...kept,
        phase: to,
        since: input.now,
        way,
        ...(way === 'Handover' && { frozenReplicas: input.replicas }),
        ...(warmLimit !== undefined && { warmLimit }),
      },
    };
  },

  recordProof: (course, input, to) => {
    const { memory } = course;
    const { verdict = 'NoData', gates = [] } = input.observed.proof ?? {};
    // That it was proven is remembered even if there is nothing to say of it.
    const said = gates.some(({ stage }) => stage === 'Proof') ? gates : [{ ...NO_GATE, verdict }];
    const verdicts = [...(memory.verdicts ?? []), ...said];
    return { ...course, memory: { ...at(memory, to, input.now), verdicts } };
  },

  endCanaryStep: (course, input, to) => ({ ...course, memory: at(judged(course.memory, input), to, input.now) }),

  nextCanaryStep: (course, input, to) => {
    const { memory } = course;
    const { promoted: _, ...kept } = at(judged(memory, input), to, input.now);
    return { ...course, memory: { ...kept, step: memory.step === undefined ? 0 : memory.step + 1 } };
  },

  moveTraffic: (course, input, to) => {
    const { memory, serving, previous } = course;
    const { candidate = serving, step: _, ...kept } = judged(memory, input);
    const { baseline } = input.observed;
    // A rollback goes to a version that is known to serve; where that would have to load first, to the one that has just served.
    const before = rollbackTarget(course, input) ?? previous;
    const isWarm = setOf(input, before).readyReplicas > 0;
    const known = isSettled(course, input, serving) || before === undefined || !isWarm ? serving : before;
    const target = known === candidate ? serving : known;
    const { warmLimit: __, ...fresh } = kept;
    return {
      ...course,
      memory: {
        ...at(target === serving ? fresh : kept, to, input.now),
        candidate,
        switchedReplicas: setOf(input, candidate).availableReplicas,
        ...(baseline !== undefined && { baseline }),
      },
      serving: candidate,
      previous: target,
      switchedAt: input.now,
      servingAttempt: memory.attempt,
      switched: true,
    };
  },

  rollBack: (course, input, to) => {
    const target = rollbackTarget(course, input) ?? course.serving;
    const { phase } = course.memory;
    const next = toRollingBack(course, input, to, target);
    return phase === 'Idle' || phase === 'Held'
      ? next
      : { ...next, ended: { revision: course.serving, outcome: 'Superseded' } };
  },

  rollBackByOrder: (course, input, to) => {
    const target = input.order?.verb === 'rollback' ? input.order.revision : rollbackTarget(course, input);
    const next = toRollingBack(course, input, to, target ?? course.serving);
    const ready = setOf(input, target).readyReplicas;
    const how = ready > 0 ? 'it gets the traffic now' : 'it has no pods: they load first';
    return ordered(next, `Back to revision ${target ?? ''}: ${how}.`);
  },

  failAndRollBack: (course, input, to) => {
    const cause = causeOf(course, input, course.serving);
    const back = toRollingBack(course, input, to, rollbackTarget(course, input) ?? course.serving);
    const next = withJudgement(back, judgementAgainst(course, input, course.serving));
    return {
      ...next,
      marks: [...course.marks, { kind: 'failed', revision: course.serving, cause }],
    };
  },

  moveTrafficBack: (course, input, to) => {
    const { memory, serving } = course;
    const { target = serving } = memory;
    const { candidate = serving } = memory;
    // By an order, or by the spec: what the spec still asks for is held from here on.
    const hold = input.desired === serving && !course.marks.some(({ revision }) => revision === serving);
    const marked = whyTakenBack(revisionOf(input, serving)) !== undefined;
    const against = marked || course.marks.some(({ revision }) => revision === serving);
    const outcome = input.desired === target && !against ? 'Superseded' : 'RolledBack';
    const { switchedReplicas: _, ...kept } = at(memory, to, input.now);
    return {
      ...course,
      memory: { ...kept, candidate },
      serving: target,
      previous: undefined,
      switchedAt: input.now,
      switched: true,
      // An attempt that the spec has taken back was superseded.
      ended: course.ended ?? { revision: serving, outcome },
      marks:
        hold && !marked
          ? [
              ...course.marks,
              { kind: 'held', revision: serving, cause: `Held: it was taken back to revision ${target}, by order` },
            ]
          : course.marks,
    };
  },

  giveUpRollback: (course, input, to) => {
    const { target = '' } = course.memory;
    const next = dropped(course, to, input.now);
    const message = `The rollback to revision ${target} could not be carried out: its pods do not start. Revision ${course.serving} keeps the traffic. Name another stored version with \`kubectl deepseek rollback --to\`, or change the spec.`;
    return {
      ...next,
      ...{ memory: { ...next.memory, message }, previous: undefined },
      ...(isHeld(course, input, course.serving) && { ended: { revision: course.serving, outcome: 'Failed' } }),
    };
  },

  leaveRollback: (course, { now }, to) => {
    const { serving, memory } = course;
    const message = `The rollback to revision ${memory.target ?? ''} is left; revision ${serving} keeps the traffic.`;
    const next = dropped(course, to, now);
    return ordered({ ...next, memory: { ...next.memory, message } }, message);
  },

  acceptProven: (course, input, to) => accept(course, input, to, 'proven'),
  acceptUnproven: (course, input, to) => accept(course, input, to, 'accepted'),

  finishRollback: (course, input, to) => finish(course, input, to),
  finishAbort: (course, input, to) => finish(course, input, to),
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof ACTIONS;

/** What an action makes of a course. */
export function carryOut(name: ActionName, course: Course, input: RolloutInput, to: RolloutPhase): Course {
  return ACTIONS[name](course, input, to);
}

function accept(course: Course, input: RolloutInput, to: RolloutPhase, kind: 'proven' | 'accepted'): Course {
  const { serving, memory } = course;
  const verdicts = [...(memory.verdicts ?? []), ...(input.observed.traffic?.gates ?? [])];
  const next = dropped(course, to, input.now);
  const { switchedReplicas: _, ...kept } = next.memory;
  return {
    ...next,
    memory: { ...kept, ...(verdicts.length > 0 && { verdicts }) },
    marks: [...course.marks, { kind, revision: serving }],
    ended: { revision: serving, outcome: kind === 'proven' ? 'Promoted' : 'AcceptedUnproven' },
  };
}

/** Held while the spec still asks for what was taken back, else at rest. */
function finish(course: Course, input: RolloutInput, to: RolloutPhase): Course {
  const { now, desired } = input;
  const { candidate, verdicts } = course.memory;
  if (candidate === undefined || desired !== candidate) return dropped(course, 'Idle', now);
  const next = dropped(course, to, now);
  const memory = { ...next.memory, candidate, ...(verdicts !== undefined && { verdicts }) };
  if (isHeld(course, input, candidate)) return { ...next, memory };
  // The operator ended between the flip back and the mark.
  const cause = 'Held: it was taken back, and why is not known any more';
  return {
    ...next,
    memory,
    marks: [...course.marks, { kind: 'held', revision: candidate, cause }],
    ended: { revision: candidate, outcome: 'RolledBack' },
  };
}

function retryAfter({ jitter }: RolloutInput): number {
  return RETRY_MS + Math.round(jitter * RETRY_JITTER_MS);
}
