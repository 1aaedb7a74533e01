/** Command lines as llama.cpp reads them (common/arg.cpp), driven by the option lines of its own help. */

interface Option {
  readonly names: readonly string[];
  /** Values that follow it. */
  readonly count: number;
}

export interface LlamaArguments {
  /** By the option's first name; a switch has `[]`. The last occurrence wins. */
  readonly values: ReadonlyMap<string, { readonly name: string; readonly values: readonly string[] }>;
}

/** What llama-server prints before it exits with status 1. */
export class LlamaArgumentError extends Error {
  override readonly name = 'LlamaArgumentError';
}

/** Throws its complaint about a value as `Error`'s message would be printed; undefined accepts it. */
export type LlamaCheck = (text: string) => string | undefined;

/** C++'s std::stoi: a number at the beginning is enough. */
export const stoi: LlamaCheck = (text) => (/^\s*[+-]?\d/.test(text) ? undefined : 'stoi');
export const stof: LlamaCheck = (text) => (/^\s*[+-]?(\d|\.\d|inf|nan)/i.test(text) ? undefined : 'stof');

/** Reads option lines such as `-c, --ctx-size N`. */
export function parseOptions(help: string): Option[] {
  return help
    .split('\n')
    .filter((line) => line.startsWith('-'))
    .map((line) => {
      const names = [...line.matchAll(/(?:^|, )(-{1,2}[A-Za-z][\w.-]*)/g)].map((match) => match[1] ?? '');
      const rest = line.slice(line.lastIndexOf(names.at(-1) ?? '') + (names.at(-1) ?? '').length).trim();
      return { names, count: rest === '' ? 0 : rest === 'START END' ? 2 : 1 };
    });
}

/**
 * Parses what follows the program's name.
 *
 * @throws LlamaArgumentError with llama.cpp's own message.
 */
export function parseLlamaArguments(
  args: readonly string[],
  options: readonly Option[],
  checks: ReadonlyMap<string, LlamaCheck>,
): LlamaArguments {
  const byName = new Map(options.flatMap((option) => option.names.map((name) => [name, option] as const)));
  const values = new Map<string, { readonly name: string; readonly values: readonly string[] }>();
  for (let index = 0; index < args.length;) {
    const given = args[index++] ?? '';
    const name = given.startsWith('--') ? given.replaceAll('_', '-') : given;
    const option = byName.get(name);
    if (option === undefined) throw new LlamaArgumentError(`error: invalid argument: ${name}`);
    const key = option.names[0] ?? name;
    const taken = args.slice(index, index + option.count);
    index += option.count;
    if (taken.length < option.count) throw complaint(name, 'expected value for argument');
    for (const value of taken) {
      const text = checks.get(key)?.(value);
      if (text !== undefined) throw complaint(name, text);
    }
    values.set(key, { name, values: taken });
  }
  return { values };
}

function complaint(name: string, text: string): LlamaArgumentError {
  return new LlamaArgumentError(`error while handling argument "${name}": ${text}`);
}
