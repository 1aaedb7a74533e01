import { hideSecrets, isSecretName } from '../redaction/index.ts';

const REDACTED = '[redacted]';

/** Deeper than this a log line shows no structure. */
const MAX_DEPTH = 6;

/** The text without the secrets that can be recognized in it. */
export function redactText(text: string): string {
  return hideSecrets(text, REDACTED);
}

/**
 * A copy of `value` that can be written to a log: plain JSON, without secrets, of bounded depth. Errors become
 * their name, code, message, stack and cause.
 */
export function redact(value: unknown, field = '', depth = 0): unknown {
  if (typeof value === 'string') return isSecretName(field) && value !== '' ? REDACTED : redactText(value);
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return '[function]';
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return Array.isArray(value) ? '[array]' : '[object]';
  if (value instanceof Error) return redactError(value, depth);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (Array.isArray(value)) return value.map((item) => redact(item, field, depth + 1));
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, item]) => [String(key), redact(item, String(key), depth + 1)]));
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    name: error.name,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    message: redactText(error.message),
    ...(error.stack === undefined ? {} : { stack: redactText(error.stack) }),
    ...(error.cause === undefined ? {} : { cause: redact(error.cause, 'cause', depth + 1) }),
  };
}
