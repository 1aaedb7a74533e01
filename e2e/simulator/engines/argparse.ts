/**
 * Command lines as Python's argparse reads them, driven by the engine's own help output: the engines of this simulator
 * are Python programs, and an operator that passes them a flag they don't know must fail here as it would there.
 */

/** `count` is argparse's nargs: none (a switch), exactly one, zero or one, one or more. */
export interface FlagSpec {
  /** All spellings, as in the help: `--tensor-parallel-size`, `-tp`. */
  readonly names: readonly string[];
  readonly count: 'none' | 'one' | 'optional' | 'many';
  /** Values that are accepted; absent when any text is. */
  readonly choices?: readonly string[];
}

/** Throws {@link ArgumentError} when the text is no value of this flag; `undefined` accepts it. */
export type ValueCheck = (text: string) => string | undefined;

export interface ParsedArguments {
  readonly positionals: readonly string[];
  /** By the first long name without dashes; a switch has `[]`, and `--no-x` removes `x`. The last occurrence wins. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** What argparse prints before it exits with status 2. `unrecognized` is reported by the main parser, not the command's. */
export class ArgumentError extends Error {
  readonly unrecognized: boolean;

  constructor(message: string, unrecognized = false) {
    super(message);
    this.name = 'ArgumentError';
    this.unrecognized = unrecognized;
  }
}

/** Reads the option lines of `--help`; see engines/vllm/flags-0.32.0.txt for the form. */
export function parseHelp(help: string): FlagSpec[] {
  return help
    .split('\n')
    .filter((line) => line.startsWith('-'))
    .map((line) => {
      const names = [...line.matchAll(/(?:^|, )(-{1,2}[A-Za-z0-9][\w-]*)/g)].map((match) => match[1] ?? '');
      // The value stands behind every name, or behind the last alone.
      const argument = valueAfterName(line.replace(/,? -.*$/, '')) ?? valueAfterName(lastPart(line)) ?? '';
      const choices = parseChoices(argument);
      return { names, count: argumentCount(argument), ...(choices && { choices }) };
    });
}

function lastPart(line: string): string {
  const at = line.lastIndexOf(', -');
  return at < 0 ? line : line.slice(at + ', '.length);
}

function valueAfterName(part: string): string | undefined {
  return /^-{1,2}[\w-]+ (\[?[A-Z{[(].*)$/.exec(part)?.[1];
}

/** `{a,b}` and `['a', 'b']`; a list that the help cuts off (no closing brace) says nothing about what is refused. */
function parseChoices(argument: string): string[] | undefined {
  const braces = /^\[?\{([^{}]*)\}/.exec(argument)?.[1];
  if (braces !== undefined) return braces.split(',');
  const list = /^\[('[^[\]]*')\]/.exec(argument)?.[1];
  return list?.split(', ').map((item) => item.slice(1, -1));
}

function argumentCount(argument: string): FlagSpec['count'] {
  if (argument === '') return 'none';
  if (/ \[(.* )?\.\.\.\]$/.test(argument)) return 'many';
  if (/^\[[A-Z_0-9]+\]$/.test(argument)) return 'optional';
  return 'one';
}

/** What vLLM's parser has beyond argparse's own, and argparse's abbreviations, which only some programs leave on. */
export interface ParserStyle {
  /** `_` in a flag's name is `-`, and `--json-flag.key value` sets a part of a value. */
  readonly lenientNames: boolean;
  /** `--tensor` is `--tensor-parallel-size`, if it is the only one that begins so. */
  readonly abbreviations: boolean;
}

const vllmStyle: ParserStyle = { lenientNames: true, abbreviations: false };

/** A Python program that leaves argparse as it is. */
export const plainStyle: ParserStyle = { lenientNames: false, abbreviations: true };

function abbreviated(name: string, byName: ReadonlyMap<string, FlagSpec>): FlagSpec | undefined {
  if (!name.startsWith('--')) return undefined;
  const candidates = [...byName.keys()].filter((full) => full.startsWith(name));
  if (candidates.length > 1) {
    throw new ArgumentError(`ambiguous option: ${name} could match ${candidates.join(', ')}`);
  }
  return byName.get(candidates[0] ?? '');
}

/**
 * Parses `args` (what follows the command). `checks` refine single flags beyond what the help says (numbers).
 *
 * @throws ArgumentError with argparse's own message.
 */
export function parseArguments(
  args: readonly string[],
  flags: readonly FlagSpec[],
  checks: ReadonlyMap<string, ValueCheck> = new Map(),
  style: ParserStyle = vllmStyle,
): ParsedArguments {
  const byName = new Map(flags.flatMap((flag) => flag.names.map((name) => [name, flag] as const)));
  const values = new Map<string, readonly string[]>();
  const positionals: string[] = [];
  const unrecognized: string[] = [];
  let index = 0;

  const takeValues = (limit: number): string[] => {
    const taken: string[] = [];
    while (taken.length < limit && index < args.length && !isOption(args[index] ?? '')) taken.push(args[index++] ?? '');
    return taken;
  };

  while (index < args.length) {
    const token = args[index++] ?? '';
    if (!isOption(token)) {
      if (unrecognized.length > 0) unrecognized.push(token);
      else positionals.push(token);
      continue;
    }
    const { name, inline } = splitOption(token, byName, style);
    const flag = byName.get(name) ?? (style.abbreviations ? abbreviated(name, byName) : undefined);
    if (flag === undefined) {
      unrecognized.push(token, ...(inline === undefined ? takeValues(Infinity) : []));
      continue;
    }
    const key = longName(flag);
    if (flag.count === 'none') {
      if (inline !== undefined)
        throw new ArgumentError(`argument ${flag.names.join('/')}: ignored explicit argument '${inline}'`);
      if (name.startsWith('--no-') && flag.names.includes(`--${name.slice('--no-'.length)}`)) values.delete(key);
      else values.set(key, []);
      continue;
    }
    const taken = inline === undefined ? takeValues(flag.count === 'many' ? Infinity : 1) : [inline];
    if (taken.length === 0 && flag.count !== 'optional') {
      throw new ArgumentError(
        `argument ${flag.names.join('/')}: expected ${flag.count === 'many' ? 'at least one argument' : 'one argument'}`,
      );
    }
    for (const value of taken) checkValue(flag, value, checks.get(key));
    values.set(key, taken);
  }
  if (unrecognized.length > 0) throw new ArgumentError(`unrecognized arguments: ${unrecognized.join(' ')}`, true);
  return { positionals, values };
}

/** A negative number is a value; everything else that begins with a dash is an option. */
function isOption(token: string): boolean {
  return token.length > 1 && token.startsWith('-') && !/^-\d+(\.\d+)?$/.test(token);
}

/** Splits `--name=value`. */
function splitOption(
  token: string,
  byName: ReadonlyMap<string, FlagSpec>,
  style: ParserStyle,
): { name: string; inline?: string } {
  const equals = token.indexOf('=');
  const raw = equals < 0 ? token : token.slice(0, equals);
  const name = style.lenientNames && raw.startsWith('--') ? raw.replaceAll('_', '-') : raw;
  const dot = style.lenientNames ? name.indexOf('.') : -1;
  const known = dot > 0 && byName.has(name.slice(0, dot)) ? name.slice(0, dot) : name;
  return equals < 0 ? { name: known } : { name: known, inline: token.slice(equals + 1) };
}

function longName(flag: FlagSpec): string {
  return (flag.names.find((name) => name.startsWith('--')) ?? flag.names[0] ?? '').replace(/^-+/, '');
}

function checkValue(flag: FlagSpec, value: string, check: ValueCheck | undefined): void {
  if (flag.choices !== undefined && !flag.choices.includes(value)) {
    const choices = flag.choices.map((choice) => `'${choice}'`).join(', ');
    throw new ArgumentError(`argument ${flag.names.join('/')}: invalid choice: '${value}' (choose from ${choices})`);
  }
  const complaint = check?.(value);
  if (complaint !== undefined) throw new ArgumentError(`argument ${flag.names.join('/')}: ${complaint}`);
}

/** argparse's `type=int`. */
export const intValue: ValueCheck = (text) => (/^[+-]?\d+$/.test(text) ? undefined : `invalid int value: '${text}'`);

/** argparse's `type=float`. */
export const floatValue: ValueCheck = (text) =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? undefined : `invalid float value: '${text}'`;
