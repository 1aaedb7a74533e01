/** What the output goes to, as data: rendering looks at nothing else. */
export interface Terminal {
  /** Columns that a line may take. */
  readonly width: number;
  readonly colour: boolean;
  /** False: ASCII only. */
  readonly unicode: boolean;
  /** Somebody looks at it: it can be repainted in place, and long words may be cut to fit. */
  readonly interactive: boolean;
}

/** The part of a writable stream that says what is behind it. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_WIDTH = 80;
/** Below this nothing can be laid out; the terminal wraps. */
const MIN_WIDTH = 40;

/**
 * Looks at a stream and the environment. `COLUMNS` wins over what the terminal says; `NO_COLOR` (no-color.org), TERM=dumb
 * and `colour: false` switch colour off, and a pipe never has it. Unicode needs a UTF-8 locale (LC_ALL, LC_CTYPE, LANG, in
 * the order of POSIX).
 */
export function describeTerminal(
  stream: OutputStream,
  env: Environment,
  options: { readonly colour?: boolean } = {},
): Terminal {
  const interactive = stream.isTTY === true && env['TERM'] !== 'dumb';
  const noColour = env['NO_COLOR'] !== undefined && env['NO_COLOR'] !== '';
  return {
    width: Math.max(MIN_WIDTH, columnsOf(env) ?? stream.columns ?? DEFAULT_WIDTH),
    colour: interactive && !noColour && options.colour !== false,
    unicode: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    interactive,
  };
}

function columnsOf(env: Environment): number | undefined {
  const columns = Number(env['COLUMNS']);
  return Number.isInteger(columns) && columns > 0 ? columns : undefined;
}
