import type { DeviceKind, ModelEntry } from '../catalog/index.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import { formatCount } from './units.ts';

/** A default context is never shorter than this (or than the model's own): less serves no conversation. */
export const SHORTEST_DEFAULT = 4096;
/** Default contexts are multiples of it. */
const STEP = 1024;
/** Sequences of full length that have to fit side by side under a default context. */
const COMFORTABLE_SEQUENCES = 2;
/** Average length of a sequence that the number of concurrent ones is planned for. Unverified: chat is mostly shorter. */
const AVERAGE_SEQUENCE = 2048;

/**
 * On memory that the host shares, a default context takes no more than a few conversations need: 4 of 8,192 tokens. The
 * full card of a model would ask a node for all its memory. Unverified: both numbers are a judgement.
 */
const HOST_CONTEXT = 8192;
const HOST_TOKENS = 4 * HOST_CONTEXT;

/** Tokens of KV cache to plan for on memory that the host shares: one sequence at least, and several short ones. */
export function hostTokens(model: ModelEntry, wanted: number | undefined): number {
  const length = wanted ?? Math.min(model.contextLength.card, HOST_CONTEXT);
  return Math.max(length, Math.min(HOST_TOKENS, 4 * length));
}

/** The shortest context that a plan may have: the wanted one, or the least acceptable default. */
export function shortestContext(model: ModelEntry, wanted: number | undefined): number {
  return wanted ?? Math.min(model.contextLength.card, SHORTEST_DEFAULT);
}

/** Refuses a context that the model was not made for. */
export function checkContext(model: ModelEntry, wanted: number | undefined): Refusal | undefined {
  if (wanted === undefined) return undefined;
  if (!Number.isInteger(wanted) || wanted < 1)
    return refuse('ContextTooLong', `model.maxModelLen ${wanted} is not a number of tokens`);
  const { config } = model.contextLength;
  return wanted > config
    ? refuse(
        'ContextTooLong',
        `${model.name} was made for sequences of at most ${formatCount(config)} tokens, and model.maxModelLen is ${formatCount(wanted)}`,
      )
    : undefined;
}

/**
 * The context to serve with a KV cache of `tokens`: the wanted one, or the card's, lowered so that two sequences fit,
 * and on the host's memory to what conversations need.
 */
export function chooseContext(
  model: ModelEntry,
  wanted: number | undefined,
  tokens: number,
  device: DeviceKind,
): { readonly maxModelLen: number; readonly warnings: readonly string[] } {
  if (wanted !== undefined) return { maxModelLen: wanted, warnings: [] };
  const { card } = model.contextLength;
  const most = device === 'GPU' ? card : Math.min(card, HOST_CONTEXT);
  const comfortable = Math.floor(tokens / COMFORTABLE_SEQUENCES / STEP) * STEP;
  const maxModelLen =
    tokens >= COMFORTABLE_SEQUENCES * most ? most : Math.max(comfortable, shortestContext(model, undefined));
  if (maxModelLen >= card) return { maxModelLen, warnings: [] };
  const reason =
    maxModelLen === most
      ? `so that ${Math.floor(tokens / most)} sequences take little of the host's memory`
      : `so that ${COMFORTABLE_SEQUENCES} sequences fit into the KV cache`;
  return {
    maxModelLen,
    warnings: [
      `model.maxModelLen defaults to ${formatCount(maxModelLen)} tokens instead of the model's ${formatCount(card)}, ${reason}; set it to choose another`,
    ],
  };
}

/** Sequences of full length that the KV cache holds, one decimal, rounded down. */
export function concurrency(tokens: number, maxModelLen: number): number {
  return Math.floor((tokens / maxModelLen) * 10) / 10;
}

/** Most sequences to run at once: as many of average length as the KV cache holds, within the engine's own bound. */
export function maxNumSeqs(tokens: number, maxModelLen: number, most: number): number {
  return sequences(tokens, Math.min(maxModelLen, AVERAGE_SEQUENCE), most);
}

/** The same for an engine that divides its context into slots of full length. */
export function slots(tokens: number, maxModelLen: number, most: number): number {
  return sequences(tokens, maxModelLen, most);
}

const sequences = (tokens: number, length: number, most: number): number =>
  Math.max(1, Math.min(most, Math.floor(tokens / length)));
