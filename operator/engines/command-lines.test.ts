import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from '@jest/globals';
import type { DeepSeekDeployment, EngineType } from '../api/index.ts';
import { CATALOG, findEngine } from '../catalog/index.ts';
import type { EngineVersion } from '../catalog/index.ts';
import { decide } from '../planner/decide.ts';
import { isRefusal } from '../planner/refusal.ts';
import { renderEngine } from './index.ts';

/** A flag of the real engine: what it takes, as its help says it. */
interface HelpFlag {
  readonly takes: 'nothing' | 'one' | 'many';
  readonly choices?: readonly string[];
}

/** `[VALUE ...]`, `[...]`, `[VALUE]`, `START END`; and choices whose line was cut, so that what follows is not known. */
const MANY = /\[[^\]]*\.\.\.\]$|^\[[A-Z_]+\]$|^[A-Z]+ [A-Z]+$|^\{[^}]*$/;

/** Reads lists of options: `--flag`, `--flag VALUE`, `--flag {a,b}`, `-f, --flag [on|off]`, `--flag VALUE [...]`. */
function readHelp(file: string): Map<string, HelpFlag> {
  const lines = readFileSync(new URL(`testdata/${file}`, import.meta.url), 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line.startsWith('-'))
      .flatMap((line) => {
        // vLLM's list has the beginning of some descriptions.
        const usage = line.replace(/ # deprecated.*$/, '').replace(/ {2,}.*$/, '');
        const names = [...usage.matchAll(/(?:^|, )(--?[A-Za-z][\w.-]*)/g)].map(([, name]) => name ?? '');
        const value = /^(?:--?[A-Za-z][\w.-]*(?:, )?)+ ?(.*)$/.exec(usage)?.[1] ?? '';
        const list = /^\{([^}]*)\}?/.exec(value)?.[1]?.split(',') ?? /^\[([a-z|]+)\]$/.exec(value)?.[1]?.split('|');
        const takes = value === '' ? 'nothing' : MANY.test(value) ? 'many' : 'one';
        return names.map((name) => [name, { takes, ...(list !== undefined && { choices: list }) }] as const);
      }),
  );
}

interface Subject {
  readonly type: EngineType;
  readonly version: string;
  /** Lists that the catalogue's flags are all and only of. */
  readonly file: string;
  /** Flags of ours that must have been checked against choices. */
  readonly withChoices: readonly string[];
  /** Command lines that the catalogue has to give at least, so that the test is about something. */
  readonly atLeast: number;
}

const SUBJECTS: readonly Subject[] = [
  {
    type: 'vLLM',
    version: '0.32.0',
    file: 'vllm-0.32.0-flags.txt',
    withChoices: ['--dtype', '--kv-cache-dtype'],
    atLeast: 400,
  },
  {
    type: 'SGLang',
    version: '0.5.23',
    file: 'sglang-flags.txt',
    withChoices: ['--dtype', '--kv-cache-dtype', '--quantization'],
    atLeast: 400,
  },
  { type: 'TensorRT-LLM', version: '1.3.0rc23', file: 'trtllm-serve-flags.txt', withChoices: [], atLeast: 100 },
  { type: 'TensorRT-LLM', version: '1.2.1', file: 'trtllm-serve-flags.txt', withChoices: [], atLeast: 50 },
  {
    type: 'llama.cpp',
    version: 'b11669',
    file: 'llama-server-0.7.0-flags.txt',
    withChoices: ['--cache-type-k', '--cache-type-v', '--fit', '--split-mode'],
    atLeast: 40,
  },
];

const versionOf = ({ type, version }: Subject): EngineVersion =>
  findEngine(CATALOG, type)!.versions.find((candidate) => candidate.version === version)!;

/** The whole catalogue with this engine: every model, accelerator and format, with what else a spec may say. */
function commandLines({ type, version }: Subject): (readonly string[])[] {
  const deployments = CATALOG.models.flatMap((model) =>
    CATALOG.accelerators.flatMap((accelerator) =>
      CATALOG.quantizations.map((quantization, index): DeepSeekDeployment => ({
        apiVersion: 'deepseek-operator.io/v1alpha1',
        kind: 'DeepSeekDeployment',
        metadata: { name: 'chat', namespace: 'ai' },
        spec: {
          model: { name: model.name, trustRemoteCode: true, ...(type !== 'llama.cpp' && { revision: 'main' }) },
          accelerator: { type: accelerator.name },
          quantization: {
            type: quantization.type,
            ...(type !== 'llama.cpp' && index % 3 === 0 && { kvCache: 'FP8' as const }),
          },
          engine: {
            type,
            version,
            ...(type !== 'TensorRT-LLM' && { apiKeySecretRef: { name: 'keys', key: 'chat' } }),
          },
        },
      })),
    ),
  );
  return deployments.flatMap((deployment) => {
    const plan = decide(deployment.spec, CATALOG);
    return isRefusal(plan) ? [] : [renderEngine(plan, deployment).args];
  });
}

/** What the real parser would say of a command line. */
function problems(args: readonly string[], help: ReadonlyMap<string, HelpFlag>, seen: Set<string>): string[] {
  const found: string[] = [];
  const used = new Set<string>();
  let at = args[0]?.startsWith('-') === true ? 0 : 1; // the model, for engines that take it so
  while (at < args.length) {
    const flag = args[at] ?? '';
    const entry = help.get(flag);
    at += 1;
    let taken = 0;
    while (at + taken < args.length && !/^--?[A-Za-z]/.test(args[at + taken] ?? '')) taken += 1;
    const values = args.slice(at, at + taken);
    at += taken;
    if (entry === undefined) found.push(`${flag} does not exist`);
    else if (used.has(flag)) found.push(`${flag} is given twice`);
    else if (entry.takes === 'nothing' && taken !== 0) found.push(`${flag} takes no value, not ${values.join(' ')}`);
    else if (entry.takes === 'one' && taken !== 1) found.push(`${flag} takes one value, not ${taken}`);
    else if (entry.takes === 'many' && taken === 0) found.push(`${flag} takes values`);
    if (entry?.choices !== undefined && taken === 1) {
      seen.add(flag);
      if (!entry.choices.includes(values[0] ?? '')) found.push(`${flag} ${values[0] ?? ''} is not a choice`);
    }
    used.add(flag);
  }
  return found;
}

describe.each(SUBJECTS)('$type $version', (subject) => {
  const help = readHelp(subject.file);
  const lines = commandLines(subject);

  it('has only flags in the catalogue that the real engine has', () => {
    expect(versionOf(subject).flags.filter((flag) => !help.has(flag))).toEqual([]);
  });

  it('has in the catalogue what each flag takes', () => {
    const takes = { None: 'nothing', One: 'one', Any: 'many' } as const;
    const known = Object.entries(versionOf(subject).flagValues ?? {});
    expect(known.filter(([flag, values]) => help.get(flag)?.takes !== takes[values])).toEqual([]);
    expect(known.length).toBe(subject.version === '1.2.1' ? 0 : versionOf(subject).flags.length);
  });

  test('many command lines are rendered', () => {
    expect(lines.length).toBeGreaterThan(subject.atLeast);
  });

  it('takes every command line that can be rendered', () => {
    const seen = new Set<string>();
    const wrong = lines.flatMap((args) => problems(args, help, seen));
    expect([...new Set(wrong)]).toEqual([]);
    expect(seen).toEqual(new Set(subject.withChoices));
  });

  it('is given no flag that the catalogue does not have for this version', () => {
    const flags = new Set(lines.flat().filter((argument) => /^--?[A-Za-z]/.test(argument)));
    expect([...flags].filter((flag) => !versionOf(subject).flags.includes(flag))).toEqual([]);
  });
});

test.each([
  ['vLLM', 'vllm-0.32.0-flags.txt'],
  ['SGLang', 'sglang-flags.txt'],
  ['TensorRT-LLM', 'trtllm-serve-flags.txt'],
  ['llama.cpp', 'llama-server-0.7.0-flags.txt'],
] as const)('the catalogue has every flag of the newest %s', (type, file) => {
  const { flags } = findEngine(CATALOG, type)!.versions[0]!;
  expect([...flags].sort()).toEqual([...readHelp(file).keys()].sort());
});

test('the check finds what a real parser would refuse', () => {
  const help = readHelp('vllm-0.32.0-flags.txt');
  const found = problems(
    ['m', '--bogus', '--port', '--host', 'a', 'b', '--dtype', 'int4', '--dtype', 'auto', '--trust-remote-code', 'yes'],
    help,
    new Set(),
  );
  expect(found).toEqual([
    '--bogus does not exist',
    '--port takes one value, not 0',
    '--host takes one value, not 2',
    '--dtype int4 is not a choice',
    '--dtype is given twice',
    '--trust-remote-code takes no value, not yes',
  ]);
});
