/** Command lines as Python's click reads them, driven by option lines such as `--port, -p INT`. */

interface ClickOption {
  readonly names: readonly string[];
  readonly kind: 'switch' | 'text' | 'integer' | 'float';
  readonly choices?: readonly string[];
}

export interface ClickArguments {
  readonly positionals: readonly string[];
  /** By the first name without dashes. The last occurrence wins. */
  readonly values: ReadonlyMap<string, string>;
}

/** What click prints after `Error: ` before it exits with status 2. */
export class ClickError extends Error {
  override readonly name = 'ClickError';
}

/** Reads option lines; what follows a `#` or `[repeatable]` says nothing about parsing. */
export function parseClickOptions(lines: string): ClickOption[] {
  return lines
    .split('\n')
    .filter((line) => line.startsWith('-'))
    .map((line) => {
      const plain = line.replace(/ (#|\[).*$/, '');
      const names = [...plain.matchAll(/(?:^|, )(-{1,2}[A-Za-z][\w-]*)/g)].map((match) => match[1] ?? '');
      const argument = plain.slice(plain.lastIndexOf(names.at(-1) ?? '') + (names.at(-1) ?? '').length).trim();
      const choices = /^\{(.*)\}$/.exec(argument)?.[1]?.split(',');
      const kind =
        argument === '' ? 'switch' : argument === 'INT' ? 'integer' : argument === 'FLOAT' ? 'float' : 'text';
      return { names, kind, ...(choices && { choices }) };
    });
}

/**
 * Parses what follows the command.
 *
 * @throws ClickError with click's own message.
 */
export function parseClick(args: readonly string[], options: readonly ClickOption[]): ClickArguments {
  const byName = new Map(options.flatMap((option) => option.names.map((name) => [name, option] as const)));
  const positionals: string[] = [];
  const values = new Map<string, string>();
  for (let index = 0; index < args.length;) {
    const word = args[index++] ?? '';
    if (!word.startsWith('-') || word === '-') {
      positionals.push(word);
      continue;
    }
    const equals = word.startsWith('--') ? word.indexOf('=') : -1;
    const name = equals < 0 ? word : word.slice(0, equals);
    const inline = equals < 0 ? undefined : word.slice(equals + 1);
    const option = byName.get(name);
    if (option === undefined) throw new ClickError(`No such option: ${name}`);
    const key = (option.names[0] ?? name).replace(/^-+/, '');
    if (option.kind === 'switch') {
      if (inline !== undefined) throw new ClickError(`Option '${name}' does not take a value.`);
      if (/^--no-/.test(name)) values.delete(key);
      else values.set(key, '');
      continue;
    }
    const value = inline ?? args[index++];
    if (value === undefined) throw new ClickError(`Option '${name}' requires an argument.`);
    checkValue(option, value);
    values.set(key, value);
  }
  return { positionals, values };
}

function checkValue({ names, kind, choices }: ClickOption, value: string): void {
  const invalid = (why: string): ClickError =>
    new ClickError(`Invalid value for ${names.map((name) => `'${name}'`).join(' / ')}: '${value}' is not ${why}`);
  if (kind === 'integer' && !/^[+-]?\d+$/.test(value)) throw invalid('a valid integer.');
  if (kind === 'float' && (value.trim() === '' || !Number.isFinite(Number(value)))) throw invalid('a valid float.');
  if (choices !== undefined && !choices.includes(value)) {
    throw invalid(`one of ${choices.map((choice) => `'${choice}'`).join(', ')}.`);
  }
}
