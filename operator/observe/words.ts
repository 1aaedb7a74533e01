import { hideSecrets } from '../redaction/index.ts';

/** Longest error that is handed on: it ends up in conditions and events. */
const MAX_WORDS = 300;

/** A text of a stranger as one short line without control characters, and without `secret` should it be in it. */
export function oneLine(text: string, secret?: string, maxLength = MAX_WORDS): string {
  // Cut first: what follows is for what is kept, and one more secret's length for one that would begin at the end.
  const open = secret === undefined || secret === '' ? text : text.replaceAll(secret, '***');
  const line = hideSecrets(open.slice(0, 4 * maxLength), '***')
    // eslint-disable-next-line no-control-regex -- control characters are what has to go
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return line.length <= maxLength ? line.toWellFormed() : `${line.slice(0, maxLength - 1).toWellFormed()}…`;
}

/** What an error answer says: the message that engines, FastAPI and Prometheus put into its JSON, else its first line. */
export function errorWords(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    const found = messageIn(parsed);
    if (found !== undefined) return found;
  } catch {
    // No JSON: a proxy's page, or a plain text.
  }
  return body.trim().split('\n', 1)[0] ?? '';
}

function messageIn(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const { error, message, detail } = value as Readonly<Record<string, unknown>>;
  return [message, error, detail].map((part) => (part === value ? undefined : messageIn(part))).find(Boolean);
}
