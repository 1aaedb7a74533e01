import { hideSecrets } from '../../redaction/index.ts';

/** Longest quotation of a component's words in a message, in characters. */
const MAX_QUOTATION = 300;

/** More than that is cut before it is looked at, in characters. */
const MAX_READ = 8_192;

/** Prefixes that vLLM puts before each line: `(EngineCore_DP0 pid=17) ERROR 11-21 09:00:00 [core.py:708] `. */
const LOG_PREFIX = /^(?:\([^)]*\bpid=\d+[^)]*\)\s*)*(?:[A-Z]+ \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]+\]\s*)?/;

/** A component's words as one line that a person can read: without prefixes, secrets and what is too long. */
export function quote(words: string): string {
  const line = hideSecrets(words.slice(0, MAX_READ), '***')
    .replace(LOG_PREFIX, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return line.length <= MAX_QUOTATION ? line.toWellFormed() : `${line.slice(0, MAX_QUOTATION).toWellFormed()}...`;
}

/** The last line of a log that says most: the last error, else the last line that is not empty. */
export function tellingLine(log: string): string | undefined {
  const lines = log
    .split('\n')
    .map((line) => line.replace(LOG_PREFIX, '').trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /^[\w.]*(?:Error|Exception)\b|^(?:error|fatal|panic)\b/i.test(line)) ?? lines.at(-1);
}
