import { isDeepStrictEqual } from 'node:util';
import { GROUP, KIND, VERSION } from '../api/index.ts';
import type { AdmissionRequest, AdmissionResponse, ReviewedObject } from './review.ts';
import type { Judge, SpecRefusal } from './verdict.ts';

/** HTTP's Unprocessable Entity, as for what a schema refuses. */
const UNPROCESSABLE = 422;

const ALLOWED: AdmissionResponse = { allowed: true };

/**
 * Answers a request. Only a new spec is judged: deletion, status, scale and metadata always go through, and so does a change
 * of a spec that stays refused for the same reason, which the object says of itself already.
 */
export async function admit(request: AdmissionRequest, judge: Judge, signal: AbortSignal): Promise<AdmissionResponse> {
  const { object, oldObject } = request;
  if (object === undefined || !isJudged(request)) return ALLOWED;
  const { refusal, warnings } = await judge(object, signal);
  const before = await beforeOf(oldObject, judge, signal);
  if (refusal === undefined) {
    const told = new Set(before?.warnings);
    return allowed(warnings.filter((warning) => !told.has(warning)));
  }
  if (before?.refusal?.message === refusal.message)
    return allowed([`It stays refused (${refusal.reason}): ${refusal.message}`]);
  return {
    allowed: false,
    status: { code: UNPROCESSABLE, reason: refusal.reason, message: refusalText(refusal) },
    ...(warnings.length > 0 && { warnings: warnings.map(headerText) }),
  };
}

/** Whether a spec is about to be stored that is not yet. */
function isJudged({ kind, operation, subResource, object, oldObject }: AdmissionRequest): boolean {
  if (kind.group !== GROUP || kind.kind !== KIND || kind.version !== VERSION || subResource !== '') return false;
  if (operation === 'CREATE') return true;
  if (operation !== 'UPDATE' || object?.metadata.deletionTimestamp !== undefined) return false;
  return !isDeepStrictEqual(object?.spec, oldObject?.spec);
}

async function beforeOf(old: ReviewedObject | undefined, judge: Judge, signal: AbortSignal) {
  return old === undefined ? undefined : judge(old, signal);
}

function allowed(warnings: readonly string[]): AdmissionResponse {
  return warnings.length === 0 ? ALLOWED : { allowed: true, warnings: warnings.map(headerText) };
}

/** A warning travels in a header, on one line; the API server shortens what is too much, and drops what has control characters. */
function headerText(text: string): string {
  return text.replace(/\p{Cc}+/gu, ' ');
}

/** The planner's words, and below them what would plan, a line each. */
function refusalText({ message, alternatives }: SpecRefusal): string {
  if (alternatives.length === 0) return message;
  return [`${message}. What would be accepted:`, ...alternatives.map((text) => `- ${text}`)].join('\n');
}
