import { readFileSync } from 'node:fs';
import { ArgumentError, floatValue, intValue, parseArguments, parseHelp, plainStyle } from '../argparse.ts';
import type { ParsedArguments, ValueCheck } from '../argparse.ts';
import type { EngineSpec, Launch, StartResult } from '../types.ts';
import { ConfigError, withConfigFile } from './config-file.ts';
import { deviceRefusal } from './device.ts';
import { launcherFailure, startLine } from './failures.ts';

/** Every option of sglang 0.5.23's own parser (srt/server_args.py and srt/arg_groups), in the form of its help. */
const flags = parseHelp(readFileSync(new URL('flags-0.5.23.txt', import.meta.url), 'utf8'));

const checks = new Map<string, ValueCheck>([
  ...[
    'port', 'tp-size', 'pp-size', 'dp-size', 'ep-size', 'context-length', 'max-running-requests', 'max-total-tokens',
    'chunked-prefill-size', 'nnodes', 'node-rank', 'page-size', 'random-seed', 'log-requests-level',
  ].map((name) => [name, intValue] as const), // prettier-ignore
  ...['mem-fraction-static', 'schedule-conservativeness'].map((name) => [name, floatValue] as const),
]);

/** Defaults of sglang 0.5.23. The memory fraction depends on the GPU there; this is what most get. */
const defaults = { port: 30_000, maxRunningRequests: 256, memFraction: 0.88 } as const;

/** Context of a model that the command line doesn't limit; this simulator has no weights to look it up in. */
const assumedContext = 131_072;
const assumedConcurrency = 8;

/** `python3 -m sglang.launch_server`; the module may also come first among the arguments. */
export function isSglang({ command, args }: Launch): boolean {
  return words({ command, args }) !== undefined;
}

/**
 * The arguments as its parser gets them: those of the `--config` file first.
 *
 * @throws ConfigError when it cannot use the file.
 */
export function sglangArguments(launch: Launch): readonly string[] {
  return withConfigFile(words(launch) ?? [], flags, launch.files);
}

function words({ command, args }: Pick<Launch, 'command' | 'args'>): readonly string[] | undefined {
  const all = [...command, ...args];
  const [python = '', dash, module] = all;
  if (/(^|\/)python3?(\.\d+)?$/.test(python) && dash === '-m' && module === 'sglang.launch_server') return all.slice(3);
  if (/(^|\/)sglang$/.test(python) && dash === 'serve') return all.slice(2);
  return undefined;
}

/** Reads the command line, and refuses with exit status and words of SGLang what SGLang 0.5.23 refuses. */
export function startSglang(launch: Launch): StartResult {
  let parsed: ParsedArguments;
  let args: readonly string[];
  try {
    args = sglangArguments(launch);
    parsed = parseArguments(args, flags, checks, plainStyle);
    if (parsed.positionals.length > 0) {
      throw new ArgumentError(`unrecognized arguments: ${parsed.positionals.join(' ')}`, true);
    }
    if (!parsed.values.has('model-path')) {
      throw new ArgumentError('the following arguments are required: --model-path/--model');
    }
  } catch (error) {
    if (error instanceof ConfigError) return { accepted: false, ...launcherFailure(`ValueError: ${error.message}`) };
    if (!(error instanceof ArgumentError)) throw error;
    const log = `usage: launch_server.py [-h] --model-path MODEL_PATH ...\nlaunch_server.py: error: ${error.message}\n`;
    return { accepted: false, exitCode: 2, log };
  }
  const engine = engineSpec(parsed);
  let shown: string;
  try {
    shown = startLine(args, launch);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { accepted: false, ...launcherFailure(`Exception: ${error.message}`) };
  }
  const refusal = deviceRefusal(parsed, engine, launch);
  return refusal === undefined
    ? { accepted: true, engine }
    : { accepted: false, ...refusal, log: `${shown}${refusal.log}` };
}

function engineSpec(parsed: ParsedArguments): EngineSpec {
  const text = (name: string): string | undefined => parsed.values.get(name)?.[0];
  const number = (name: string, fallback: number): number => Number(text(name) ?? fallback);
  const model = text('model-path') ?? '';
  const maxModelLen = number('context-length', assumedContext);
  const key = text('api-key');
  return {
    model,
    servedNames: [text('served-model-name') ?? model],
    maxModelLen,
    maxNumSeqs: number('max-running-requests', defaults.maxRunningRequests),
    apiKeys: key === undefined ? [] : [key],
    shutdownTimeoutSeconds: Infinity,
    reasoning: !/-r1\b|r1-/i.test(model) ? 'none' : parsed.values.has('reasoning-parser') ? 'parsed' : 'inline',
    port: number('port', defaults.port),
    kvCacheTokens: number('max-total-tokens', assumedConcurrency * maxModelLen),
    gpuMemoryUtilization: number('mem-fraction-static', defaults.memFraction),
    metrics: parsed.values.has('enable-metrics'),
  };
}
