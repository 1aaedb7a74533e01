import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Words } from './shell-words.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a program says of itself. */
interface Asked {
  /** Its commands below these. */
  readonly commands: (path: Words) => readonly string[];
  /** Options of a command, long and short. */
  readonly options: (path: Words) => readonly string[];
}

/** Programs whose commands have commands of their own, which are a choice and no names of objects. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  kubectl: ['auth', 'certificate', 'config', 'create', 'create secret', 'create service', 'rollout', 'set', 'top'],
  helm: ['repo', 'plugin', 'get', 'show', 'dependency', 'search', 'registry'],
  'kubectl deepseek': ['model'],
};

/** Those of ../../package.json, and npm's own that the pages name. */
const NPM = ['ci', 'test', 'audit', 'sbom', 'install'];
const TIERS = ['unit', 'integration', 'simulated', 'gateway', 'real'];

/** What is there to ask: `kubectl` and `helm` are binaries, and their commands are not looked at where they are not given. */
export interface Programs {
  readonly kubectl?: string;
  readonly helm?: string;
}

/** Says of commands what is wrong with them: a command, an option, a target, a script or a file that is not there. */
export function commandCheck({ kubectl, helm }: Programs = {}): (words: Words) => string[] {
  const known: Readonly<Record<string, Asked | undefined>> = {
    'kubectl deepseek': thePlugin(),
    kubectl: kubectl === undefined ? undefined : cobra(kubectl),
    helm: helm === undefined ? undefined : cobra(helm),
  };
  return (words) => {
    const [program = '', second] = words;
    if (program === 'make') return ofMake(words.slice(1));
    if (program === 'npm') return ofNpm(words.slice(1));
    if (program === 'node') return ofNode(words.slice(1));
    // Plugins of others.
    if (program === 'kubectl' && second === 'krew') return [];
    const name = program === 'kubectl' && second === 'deepseek' ? 'kubectl deepseek' : program;
    const asked = known[name];
    return asked === undefined ? [] : ofProgram(name, asked, words.slice(name.split(' ').length));
  };
}

function ofProgram(name: string, { commands, options }: Asked, words: Words): string[] {
  const before = words.indexOf('--');
  const given = before === -1 ? words : words.slice(0, before);
  // `kubectl -n ai get`: the only options that pages put before a command have a value.
  const start = given.findIndex((word, index) => !word.startsWith('-') && !/^-\w$/.test(given[index - 1] ?? ''));
  const path: string[] = [];
  for (const word of start === -1 ? [] : given.slice(start)) {
    if (path.length > 0 && GROUPS[name]?.includes(path.join(' ')) !== true) break;
    if (!commands(path).includes(word)) return [`${[name, ...path].join(' ')} has no command ${word}`];
    path.push(word);
  }
  return wrongOptions([name, ...path].join(' '), given, options(path));
}

function wrongOptions(name: string, words: Words, options: readonly string[]): string[] {
  return words.flatMap((word, index) => {
    const [, option, more = ''] = /^(--[A-Za-z][\w-]*|-[A-Za-z])(.*)$/.exec(word) ?? [];
    // The value of an option may look like one: a merge patch, a negative number.
    if (option === undefined || (index > 0 && words[index - 1] === '-p')) return [];
    const all = option.startsWith('--') || more === '' ? [option] : [option, ...clustered(more, options)];
    return all.flatMap((one) => (options.includes(one) ? [] : [`${name} has no option ${one}`]));
  });
}

/** `-Aw`: more of them in one word, unless it is a value, `-ojson`. */
const clustered = (more: string, options: readonly string[]): string[] => {
  const letters = more.split(/(?=[^])/).map((letter) => `-${letter}`);
  return letters.every((letter) => options.includes(letter)) ? letters : [];
};

/** Programs of cobra tell what may stand where a cursor is. */
function cobra(binary: string): Asked {
  const complete = remembered((words) =>
    output(binary, ['__complete', ...words])
      .split('\n')
      .map((line) => line.split('\t', 1)[0] ?? ''),
  );
  const options = (path: Words): readonly string[] => {
    const first = complete([...path, '-']);
    // As long as options that have to be given are lacking, it names no others.
    const given = first.flatMap((option) => (option.startsWith('--') ? [`${option}=1`] : []));
    return first.includes('--help') ? first : [...first, ...complete([...path, ...given, '-'])];
  };
  return { commands: (path) => complete([...path, '']), options };
}

/** Ours completes long options alone; its help has the short ones, too. */
function thePlugin(): Asked {
  const ask = remembered((words) =>
    output(process.execPath, [join(ROOT, 'cli/main.ts'), ...words])
      .split('\n')
      .flatMap((line) => (words[0] === '__complete' ? [line.split('\t', 1)[0] ?? ''] : optionsIn(line))),
  );
  return { commands: (path) => ask(['__complete', ...path, '']), options: (path) => ask([...path, '--help']) };
}

const optionsIn = (line: string): string[] =>
  /^ {2}-/.test(line) ? [...line.matchAll(/(?<=^ {2}|, )--?[A-Za-z][\w-]*/g)].map(([option]) => option) : [];

function remembered(ask: (words: Words) => readonly string[]): (words: Words) => readonly string[] {
  const answers = new Map<string, readonly string[]>();
  return (words) => {
    const key = words.join(' ');
    const answer = answers.get(key) ?? ask(words);
    answers.set(key, answer);
    return answer;
  };
}

function output(binary: string, words: Words): string {
  const env = { PATH: process.env['PATH'], KUBECONFIG: '/nowhere', HOME: '/nowhere', LANG: 'C.UTF-8' };
  return execFileSync(binary, words, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
}

function ofMake(words: Words): string[] {
  const makefile = readFileSync(join(ROOT, 'Makefile'), 'utf8');
  return words.flatMap((word) => {
    const variable = /^([A-Z_]+)=/.exec(word)?.[1];
    const isThere =
      variable === undefined ? new RegExp(`^${word}:`, 'm').test(makefile) : makefile.includes(`$(${variable})`);
    return isThere ? [] : [`make has no ${variable ?? word}`];
  });
}

function ofNpm(words: Words): string[] {
  const [command = '', ...rest] = words.filter((word) => word !== '-s');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  if (command === 'run') {
    const [name = '', ...more] = rest;
    const script = scripts[name];
    if (script === undefined) return [`npm has no script ${name}`];
    const missing = more.filter((word) => /^[a-z]\w*\/[^:]*$/.test(word) && !existsSync(join(ROOT, word)));
    const options = more.flatMap((word) => /^--([a-z][a-z-]*)/.exec(word)?.[1] ?? []);
    return [
      ...missing.map((path) => `there is no ${path}`),
      ...options
        .filter((option) => !isRead(option, script))
        .map((option) => `npm run ${name} has no option --${option}`),
    ];
  }
  if (!NPM.includes(command)) return [`npm has no command ${command}`];
  if (command !== 'test') return [];
  // npm test -- TIER... -- FILE...
  const [, tiers = [], files = []] = rest
    .join(' ')
    .split(/(?:^| )-- ?/)
    .map((part) => part.split(' '));
  return [
    ...tiers.filter((tier) => tier !== '' && !TIERS.includes(tier)).map((tier) => `npm test has no tier ${tier}`),
    ...files.filter((file) => !isTestFile(file)).map((file) => `no test is called ${file}`),
  ];
}

/** Whether the program of a script reads an option: its name is in the sources that lie beside it. */
function isRead(option: string, script: string): boolean {
  const folder = /[\w/-]+(?=\/[\w-]+\.ts$)/.exec(script)?.[0];
  if (folder === undefined) return true;
  const name = new RegExp(`--${option}\\b|'${option}'|\\b${option}:`);
  return globSync(`${folder}/**/*.ts`, { cwd: ROOT }).some((file) => name.test(readFileSync(join(ROOT, file), 'utf8')));
}

/** Jest takes a part of a path. */
const isTestFile = (part: string): boolean =>
  globSync('{cdk8s,cli,e2e,hack,operator}/**/*.test.ts', { cwd: ROOT }).some((file) => file.includes(part));

function ofNode(words: Words): string[] {
  const file = words.find((word) => !word.startsWith('-'));
  // One without a folder is the reader's own.
  return file?.includes('/') !== true || existsSync(join(ROOT, file)) ? [] : [`there is no ${file}`];
}
