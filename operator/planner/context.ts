import type { ModelEntry } from '../catalog/index.ts';
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

/** The context to serve with a KV cache of `tokens`: the wanted one, or the card's, lowered so that two sequences fit. */
export function chooseContext(
  model: ModelEntry,
  wanted: number | undefined,
  tokens: number,
): { readonly maxModelLen: number; readonly warnings: readonly string[] } {
  if (wanted !== undefined) return { maxModelLen: wanted, warnings: [] };
  const { card } = model.contextLength;
  if (tokens >= COMFORTABLE_SEQUENCES * card) return { maxModelLen: card, warnings: [] };
  const comfortable = Math.floor(tokens / COMFORTABLE_SEQUENCES / STEP) * STEP;
  const maxModelLen = Math.max(comfortable, shortestContext(model, undefined));
  const reason = `${formatCount(maxModelLen)} tokens instead of the model's ${formatCount(card)}`;
  return {
    maxModelLen,
    warnings:
      maxModelLen < card
        ? [
            `model.maxModelLen defaults to ${reason}, so that ${COMFORTABLE_SEQUENCES} sequences fit into the KV cache; set it to choose another`,
          ]
        : [],
  };
}

/** Sequences of full length that the KV cache holds, one decimal, rounded down. */
export function concurrency(tokens: number, maxModelLen: number): number {
  return Math.floor((tokens / maxModelLen) * 10) / 10;
}

/** Most sequences to run at once: as many of average length as the KV cache holds, within the engine's own bound. */
export function maxNumSeqs(tokens: number, maxModelLen: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(tokens / Math.min(maxModelLen, AVERAGE_SEQUENCE))));
}
