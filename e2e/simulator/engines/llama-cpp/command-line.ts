import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { EngineSpec, Exit, Launch, StartResult } from '../types.ts';
import { LlamaArgumentError, parseLlamaArguments, parseOptions, stof, stoi } from './arguments.ts';
import type { LlamaArguments, LlamaCheck } from './arguments.ts';
import { memoryRefusal } from './device.ts';

/** Option lines of `llama-server --help` of 0.7.0 (build 11669). */
const options = parseOptions(readFileSync(new URL('flags-0.7.0.txt', import.meta.url), 'utf8'));

const oneOf =
  (allowed: readonly string[], words: (value: string) => string): LlamaCheck =>
  (value) =>
    allowed.includes(value) ? undefined : words(value);

const onOff = ['on', 'off', 'auto', '1', '0', '-1', 'true', 'false', 'enabled', 'disabled'];
const cacheTypes = ['f32', 'f16', 'bf16', 'q8_0', 'q4_0', 'q4_1', 'iq4_nl', 'q5_0', 'q5_1'];
const removed =
  (instead: string): LlamaCheck =>
  () =>
    `the argument has been removed. use ${instead}`;

/** By the first name of the option. */
const checks = new Map<string, LlamaCheck>([
  ...['-t', '-tb', '-c', '-n', '-b', '-ub', '-np', '--port', '-mg', '-to', '--sse-ping-interval', '-cram', '--prio',
    '--threads-http', '-ncmoe', '-fitc'].map((name) => [name, stoi] as const), // prettier-ignore
  ...['--temp', '--top-p', '--min-p', '--repeat-penalty'].map((name) => [name, stof] as const),
  ['-ngl', (value) => (value === 'auto' || value === 'all' ? undefined : stoi(value))],
  ['-fa', oneOf(onOff, (value) => `error: unknown value for --flash-attn: '${value}'`)],
  ['-fit', oneOf(onOff, (value) => `error: unknown value for --fit: '${value}'`)],
  ['-sm', oneOf(['none', 'layer', 'row', 'tensor'], () => 'invalid value')],
  ['--rope-scaling', oneOf(['none', 'linear', 'yarn'], () => 'invalid value')],
  ['-ctk', oneOf(cacheTypes, (value) => `Unsupported cache type: ${value}`)],
  ['-ctv', oneOf(cacheTypes, (value) => `Unsupported cache type: ${value}`)],
  ['--draft', removed('--spec-draft-n-max or --spec-ngram-mod-n-max')],
  ['--draft-min', removed('--spec-draft-n-min or --spec-ngram-mod-n-min')],
]);

/** Defaults of llama-server 0.7.0. */
const defaults = { port: 9931, slots: 4, pingSeconds: 30 } as const;

/** Context of a model when the command line says none; this simulator has no file to look it up in. */
const assumedContext = 131_072;

export function isLlamaServer({ command }: Launch): boolean {
  return /(^|\/)llama-server$/.test(command[0] ?? '');
}

/** Reads a `llama-server` command line, and refuses with exit status and words of llama.cpp what it refuses. */
export function startLlamaServer(launch: Launch): StartResult {
  let parsed: LlamaArguments;
  try {
    parsed = parseLlamaArguments([...launch.command.slice(1), ...launch.args], options, checks);
  } catch (error) {
    if (error instanceof LlamaArgumentError) return { accepted: false, exitCode: 1, log: `${error.message}\n` };
    throw error;
  }
  const engine = engineSpec(parsed, launch);
  const refusal: Exit | undefined = memoryRefusal(parsed, engine, launch);
  return refusal === undefined ? { accepted: true, engine } : { accepted: false, ...refusal };
}

function engineSpec(parsed: LlamaArguments, launch: Launch): EngineSpec {
  const text = (name: string): string | undefined => parsed.values.get(name)?.values[0];
  const number = (name: string, fallback: number): number => {
    const value = Number.parseInt(text(name) ?? '', 10);
    return Number.isNaN(value) ? fallback : value;
  };
  const model = text('-m') ?? text('-hf') ?? '';
  const asked = number('-np', -1);
  const slots = asked < 1 ? defaults.slots : asked;
  const context = number('-c', 0) || assumedContext * slots;
  const keys = text('--api-key') ?? launch.environment.get('LLAMA_API_KEY');
  return {
    model,
    // It keeps its aliases sorted, and calls itself by the first.
    servedNames: (text('-a') ?? model).split(',').sort(),
    maxModelLen: Math.floor(context / slots),
    maxNumSeqs: slots,
    apiKeys: keys === undefined || keys === '' ? [] : keys.split(','),
    shutdownTimeoutSeconds: 0,
    // Its default `--reasoning-format` takes the thoughts out of the content.
    reasoning: /-r1\b|r1-/i.test(basename(model)) ? 'parsed' : 'none',
    port: number('--port', defaults.port),
    kvCacheTokens: context,
    gpuMemoryUtilization: 1,
    metrics: parsed.values.has('--metrics'),
    pingSeconds: number('--sse-ping-interval', defaults.pingSeconds),
  };
}
