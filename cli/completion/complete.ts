import type { Command, Option } from 'commander';

/** Names that only the cluster knows. */
export interface Names {
  /** DeepSeekDeployments of a namespace, or of the context's. */
  readonly models: (flags: NameFlags) => Promise<readonly string[]>;
  readonly namespaces: (flags: NameFlags) => Promise<readonly string[]>;
}

/** What a command line says of where to look. */
export interface NameFlags {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
}

/** What may stand for the last of the words, and whether file names may, too. */
export interface Completion {
  readonly values: readonly Candidate[];
  readonly files: boolean;
}

export interface Candidate {
  readonly value: string;
  readonly description?: string;
}

/** Arguments that are the name of a model. */
const MODEL_ARGUMENTS = new Set(['name', 'names']);
const FILE_OPTION = /<(file|path)>/;

/** What may stand for the last of `words`, which may be empty; the words before it are a command of `program`. */
export async function complete(program: Command, words: readonly string[], names: Names): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const { command, given, flags, awaited } = read(program, words.slice(0, -1));
  const [, option, value] = /^(--[a-z-]+)=(.*)$/s.exec(last) ?? [];
  if (option !== undefined && value !== undefined) {
    const { values, files } = await valuesOf(optionOf(command, option), flags, names);
    return {
      values: starting(
        values.map((each) => ({ ...each, value: `${option}=${each.value}` })),
        last,
      ),
      files,
    };
  }
  if (awaited !== undefined) return startingAll(await valuesOf(awaited, flags, names), last);
  if (last.startsWith('-')) {
    const options = command.options.filter(({ hidden }) => !hidden);
    const values = options.flatMap(({ long, description }) =>
      typeof long === 'string' ? [{ value: long, description }] : [],
    );
    return {
      values: starting([...values, { value: '--help', description: 'display help for command' }], last),
      files: false,
    };
  }
  if (command.commands.length > 0 && given.length === 0) {
    const values = command.commands.map((child) => ({ value: child.name(), description: child.description() }));
    return { values: starting(values, last), files: false };
  }
  const argument =
    command.registeredArguments[given.length] ?? command.registeredArguments.findLast(({ variadic }) => variadic);
  if (argument === undefined) return { values: [], files: false };
  if (argument.argChoices)
    return {
      values: starting(
        argument.argChoices.map((choice) => ({ value: choice })),
        last,
      ),
      files: false,
    };
  if (argument.name() === 'file') return { values: [], files: true };
  if (!MODEL_ARGUMENTS.has(argument.name()) || command.parent?.name() === 'catalog')
    return { values: [], files: false };
  const models = await names.models(flags);
  const others = models.filter((name) => !given.includes(name));
  return {
    values: starting(
      others.map((name) => ({ value: name })),
      last,
    ),
    files: false,
  };
}

interface Read {
  readonly command: Command;
  /** Arguments that are not options. */
  readonly given: readonly string[];
  readonly flags: NameFlags;
  /** The option whose value comes next. */
  readonly awaited: Option | undefined;
}

function read(program: Command, words: readonly string[]): Read {
  let command = program;
  let awaited: Option | undefined;
  const given: string[] = [];
  const flags: Record<string, string> = {};
  for (const word of words) {
    if (awaited !== undefined) {
      flags[awaited.attributeName()] = word;
      awaited = undefined;
    } else if (word.startsWith('-')) {
      const [name = word, value] = word.split('=', 2);
      const option = optionOf(command, name);
      if (option?.required === true && value === undefined) awaited = option;
      else if (option !== undefined && value !== undefined) flags[option.attributeName()] = value;
    } else {
      const child = given.length === 0 ? command.commands.find((each) => each.name() === word) : undefined;
      if (child) command = child;
      else given.push(word);
    }
  }
  return { command, given, flags, awaited };
}

const optionOf = (command: Command, name: string): Option | undefined =>
  command.options.find(({ long, short }) => long === name || short === name);

async function valuesOf(option: Option | undefined, flags: NameFlags, names: Names): Promise<Completion> {
  if (option === undefined) return { values: [], files: false };
  if (option.argChoices) return { values: option.argChoices.map((value) => ({ value })), files: false };
  if (option.long === '--rollout')
    return { values: (await names.models(flags)).map((value) => ({ value })), files: false };
  if (option.long === '--namespace')
    return { values: (await names.namespaces(flags)).map((value) => ({ value })), files: false };
  return { values: [], files: FILE_OPTION.test(option.flags) };
}

const starting = (values: readonly Candidate[], prefix: string): Candidate[] =>
  values.filter(({ value }) => value.startsWith(prefix));
const startingAll = ({ values, files }: Completion, prefix: string): Completion => ({
  values: starting(values, prefix),
  files,
});

/** Cobra's protocol, which kubectl speaks with `kubectl_complete-deepseek`: a value a line, its description behind a tab, and a directive. */
export function cobraLines({ values, files }: Completion): string {
  // ShellCompDirectiveDefault, which offers files, or ShellCompDirectiveNoFileComp (cobra completions.go).
  const directive = files ? 0 : 4;
  const lines = values.map(({ value, description = '' }) => {
    const [first = ''] = description.split('\n', 1);
    return first === '' ? value : `${value}\t${first}`;
  });
  return [...lines, `:${directive}`, ''].join('\n');
}
