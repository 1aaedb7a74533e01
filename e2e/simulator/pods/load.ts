import type { EngineFailure, EnginePersona, Launch } from '../engines/types.ts';
import type { PodBehaviour } from '../rules.ts';
import { terminationMessage } from './termination-message.ts';
import type { Container } from './types.ts';

/** How a container ended, in the terms of the pod status. */
export interface Ending {
  readonly state: 'crashed' | 'oom-killed';
  readonly exitCode: number;
  readonly message: string;
}

/** What one start of an engine leads to: ready after so many (unscaled) seconds, or an end. */
export interface LoadPlan {
  readonly seconds: number;
  readonly ending?: Ending;
}

/** Killed by SIGKILL: 128 + 9. */
export const KILLED = 137;

/** Seconds in which an engine asks the hub for a model's configuration, before it loads anything. */
const hubSeconds = 10;

/**
 * @param drawnSeconds load time where no rule says one
 * @param budgetSeconds what the startupProbe allows; a model that loads longer is killed by the kubelet
 */
export function planLoad(
  behaviour: PodBehaviour,
  drawnSeconds: number,
  budgetSeconds: number,
  container: Container,
  persona: EnginePersona,
  launch: Launch,
): LoadPlan {
  const seconds = behaviour.loadSeconds ?? drawnSeconds;
  const later = behaviour.failAfterSeconds !== undefined || behaviour.failAfterRequests !== undefined;
  const ending = later ? undefined : failureEnding(behaviour, container, persona, launch);
  if (ending !== undefined) {
    return { seconds: behaviour.failure === 'gated' ? Math.min(hubSeconds, seconds / 2) : seconds / 2, ending };
  }
  if (behaviour.failure === 'never-ready' || seconds > budgetSeconds) {
    return { seconds: budgetSeconds, ending: { state: 'crashed', exitCode: KILLED, message: behaviour.message ?? '' } };
  }
  return { seconds };
}

/** How an engine that is told to fail ends, while it loads or later; undefined for failures that are no end. */
export function failureEnding(
  behaviour: PodBehaviour,
  container: Container,
  persona: EnginePersona,
  launch: Launch,
): Ending | undefined {
  const { failure, message } = behaviour;
  if (failure === 'oom') return { state: 'oom-killed', exitCode: KILLED, message: message ?? '' };
  if (!isEngineFailure(failure)) return undefined;
  const exit = persona.fail(failure, launch);
  const exitCode = failure === 'crash' ? (behaviour.exitCode ?? exit.exitCode) : exit.exitCode;
  return { state: 'crashed', exitCode, message: message ?? messageOf(container, exit.log) };
}

/** The kubelet reads the log only when the container asks for it; the engines write no termination message file. */
export function messageOf(container: Container, log: string): string {
  return container.terminationMessagePolicy === 'FallbackToLogsOnError' ? terminationMessage(log) : '';
}

function isEngineFailure(failure: string | undefined): failure is EngineFailure {
  return failure === 'crash' || failure === 'cuda-oom' || failure === 'gated';
}
