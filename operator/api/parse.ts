import type { z } from 'zod';
import { deepSeekDeployment } from './deployment.ts';
import { whyUnwieldy } from './size.ts';
import type { DeepSeekDeployment } from './types.ts';

/** One thing that is wrong with an object. */
export interface ParseIssue {
  /** Where, as the API server writes it: `spec.rollout.gates[0].max`. */
  readonly path: string;
  readonly message: string;
}

export type ParseResult =
  | { readonly ok: true; readonly value: DeepSeekDeployment }
  | {
      readonly ok: false;
      /** All issues in one line, for a condition's message. */
      readonly message: string;
      readonly issues: readonly ParseIssue[];
    };

export interface ParseOptions {
  /**
   * What to do with fields that the API does not have. `drop` is what the API server does to stored objects; `refuse`
   * is strict field validation, for files that people write.
   */
  readonly unknownFields?: 'drop' | 'refuse';
}

/** Reads an object as the API server would: checks it and fills in defaults. Never throws. */
export function parseDeepSeekDeployment(object: unknown, { unknownFields = 'drop' }: ParseOptions = {}): ParseResult {
  const result = deepSeekDeployment.safeParse(object);
  const issues = result.success ? [] : result.error.issues.map(toIssue);
  const unwieldy = result.success && isRecord(object) ? whyUnwieldy(object['spec']) : undefined;
  if (unwieldy !== undefined) return refused([{ path: 'spec', message: unwieldy }]);
  if (result.success && unknownFields === 'refuse') {
    for (const path of unknownPaths(object, result.data, '')) issues.push({ path, message: 'unknown field' });
  }
  if (result.success && issues.length === 0) return { ok: true, value: result.data };
  return refused(issues);
}

function refused(issues: readonly ParseIssue[]): ParseResult {
  const message = issues.map(({ path, message: why }) => `${path || '(object)'}: ${why}`).join('; ');
  return { ok: false, issues, message };
}

function toIssue(issue: z.core.$ZodIssue): ParseIssue {
  return { path: formatPath(issue.path), message: messageOf(issue) };
}

function messageOf(issue: z.core.$ZodIssue): string {
  // zod says "Invalid input: expected string, received undefined" for a field that is not there.
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return missing ? 'required, and missing' : issue.message;
}

function formatPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

/** Paths that are in `input` and were dropped from `parsed`. */
function unknownPaths(input: unknown, parsed: unknown, path: string): string[] {
  if (Array.isArray(input) && Array.isArray(parsed)) {
    return input.flatMap((item, index) => unknownPaths(item, parsed[index], `${path}[${index}]`));
  }
  if (!isRecord(input) || !isRecord(parsed)) return [];
  return Object.entries(input).flatMap(([key, value]) => {
    const at = path === '' ? key : `${path}.${key}`;
    return key in parsed ? unknownPaths(value, parsed[key], at) : [at];
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
