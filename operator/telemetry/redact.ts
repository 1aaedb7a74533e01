const REDACTED = '[redacted]';

/** Fields whose text is a secret whatever it looks like. `maxTokens`, `tokenSecretRef` and `secretName` are none. */
const SECRET_FIELD =
  /(?:token|password|passwd|secret|authorization|api[-_]?key|access[-_]?key|private[-_]?key|client[-_]?key|key[-_]?data|credentials?|cookie)$/i;

/** Secrets that are recognized inside a text. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/-]+=*/gi, `$1 ${REDACTED}`],
  // A JSON Web Token, as in ServiceAccount tokens.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, REDACTED],
  // A Hugging Face access token.
  [/\bhf_[A-Za-z0-9]{16,}/g, REDACTED],
  [/\bsk-[A-Za-z0-9_-]{16,}/g, REDACTED],
  // The password in a URL.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${REDACTED}@`],
  [/([?&](?:access_token|token|api_?key|signature|x-amz-signature)=)[^&\s]+/gi, `$1${REDACTED}`],
  [/(--(?:api-key|token|password)[= ])\S+/g, `$1${REDACTED}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, REDACTED],
];

/** Deeper than this a log line shows no structure. */
const MAX_DEPTH = 6;

/** The text without the secrets that can be recognized in it. */
export function redactText(text: string): string {
  return SECRET_TEXT.reduce((redacted, [pattern, replacement]) => redacted.replace(pattern, replacement), text);
}

/**
 * A copy of `value` that can be written to a log: plain JSON, without secrets, of bounded depth. Errors become
 * their name, code, message, stack and cause.
 */
export function redact(value: unknown, field = '', depth = 0): unknown {
  if (typeof value === 'string') return SECRET_FIELD.test(field) && value !== '' ? REDACTED : redactText(value);
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
