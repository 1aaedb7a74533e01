import { RE2JS } from 're2js';

export type Pattern =
  | { readonly ok: true; /** Whether it is found anywhere in the text. */ readonly test: (text: string) => boolean }
  | { readonly ok: false; readonly message: string };

/** Longest expression that is compiled, as in the schema of `matches`. */
const MAX_PATTERN_CHARACTERS = 256;
/** What is searched of a text: its beginning. */
const MAX_TEXT_CHARACTERS = 16 * 1024;

/**
 * A user's regular expression, in RE2's syntax: without look-around and backreferences, so that a search takes time linear
 * in the text, whatever the expression is. A backtracking engine could be hung by `(a+)+$`.
 */
export function compilePattern(expression: string): Pattern {
  if (expression.length > MAX_PATTERN_CHARACTERS) {
    return { ok: false, message: `the expression is longer than ${MAX_PATTERN_CHARACTERS} characters` };
  }
  try {
    const compiled = RE2JS.compile(expression);
    return { ok: true, test: (text) => compiled.matcher(text.slice(0, MAX_TEXT_CHARACTERS)).find() };
  } catch (error) {
    const words = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return {
      ok: false,
      message: `not a regular expression of RE2 (which has no look-around or backreferences): ${words}`,
    };
  }
}
