import { readFileSync } from 'node:fs';
import { ArgumentError, floatValue, intValue, parseArguments, parseHelp } from '../argparse.ts';
import type { ParsedArguments, ValueCheck } from '../argparse.ts';
import type { EngineSpec, Exit, Launch, StartResult } from '../types.ts';
import { deviceRefusal } from './device.ts';
import { serverFailure } from './failures.ts';

/** `vllm serve --help=all` of 0.32.0, option lines only. */
const flags = parseHelp(readFileSync(new URL('flags-0.32.0.txt', import.meta.url), 'utf8'));

/** vLLM's integers for people: 32768, 32k (thousands), 32K (1024s). */
const humanInteger: ValueCheck = (text) =>
  /^-?\d+(\.\d+)?[kmgtKMGT]?$/.test(text) ? undefined : `invalid human_readable_int value: '${text}'`;

const checks = new Map<string, ValueCheck>([
  ...[
    'api-server-count', 'block-size', 'data-parallel-size', 'max-loras', 'max-num-seqs', 'max-num-queued-reqs',
    'num-gpu-blocks-override', 'pipeline-parallel-size', 'port', 'seed', 'shutdown-timeout', 'stream-interval',
    'tensor-parallel-size', 'nnodes', 'node-rank', 'max-parallel-loading-workers',
  ].map((name) => [name, intValue] as const), // prettier-ignore
  ...['gpu-memory-utilization', 'cpu-offload-gb', 'kv-offloading-size'].map((name) => [name, floatValue] as const),
  ...['max-num-batched-tokens', 'max-num-scheduled-tokens', 'kv-cache-memory-bytes'].map(
    (name) => [name, humanInteger] as const,
  ),
  ['max-model-len', (text) => (text === 'auto' ? undefined : humanInteger(text))],
]);

/** Defaults of vLLM 0.32 for a server (`vllm/config`, `vllm/engine/arg_utils.py`). */
const defaults = { port: 8000, maxNumSeqs: 256, gpuMemoryUtilization: 0.92, blockSize: 16 } as const;

/** Context of a model that the command line doesn't limit; this simulator has no weights to look it up in. */
const assumedMaxModelLen = 131_072;

/** A KV cache that holds this many sequences of full length, when nothing says how many blocks it has. */
const assumedConcurrency = 8;

/** Whether `command` starts `vllm serve`; an empty command is the official image's entrypoint. */
export function isVllm(launch: Launch): boolean {
  const [program = 'vllm', subcommand = 'serve'] = launch.command;
  return (program === 'vllm' || program.endsWith('/vllm')) && subcommand === 'serve' && launch.command.length <= 2;
}

/** Reads a `vllm serve` command line, and refuses with exit status and words of vLLM what vLLM 0.32.0 refuses. */
export function startVllm(launch: Launch): StartResult {
  let parsed: ParsedArguments;
  try {
    parsed = parseArguments(launch.args, flags, checks);
    const extra = parsed.positionals.slice(1);
    if (extra.length > 0) throw new ArgumentError(`unrecognized arguments: ${extra.join(' ')}`, true);
  } catch (error) {
    if (error instanceof ArgumentError) return { accepted: false, ...usageError(error) };
    throw error;
  }
  const engine = engineSpec(parsed, launch);
  const refusal = configRefusal(parsed, engine) ?? deviceRefusal(parsed, engine, launch);
  return refusal === undefined ? { accepted: true, engine } : { accepted: false, ...refusal };
}

function usageError(error: ArgumentError): Exit {
  const log = error.unrecognized
    ? `usage: vllm [-h] [-v]\n            {chat,complete,serve,launch,bench,collect-env,run-batch} ...\nvllm: error: ${error.message}\n`
    : `usage: vllm serve [model_tag] [options]\nvllm serve: error: ${error.message}\n`;
  return { exitCode: 2, log };
}

function engineSpec(parsed: ParsedArguments, launch: Launch): EngineSpec {
  const text = (name: string): string | undefined => parsed.values.get(name)?.[0];
  const number = (name: string, fallback: number): number => integer(text(name) ?? String(fallback));
  const model = parsed.positionals[0] ?? text('model') ?? 'Qwen/Qwen3-0.6B';
  const maxModelLenText = text('max-model-len') ?? 'auto';
  const maxModelLen =
    maxModelLenText === 'auto' || maxModelLenText === '-1' ? assumedMaxModelLen : integer(maxModelLenText);
  const blocks = text('num-gpu-blocks-override');
  const key = launch.environment.get('VLLM_API_KEY');
  return {
    model,
    servedNames: parsed.values.get('served-model-name') ?? [model],
    maxModelLen,
    maxNumSeqs: number('max-num-seqs', defaults.maxNumSeqs),
    apiKeys: parsed.values.get('api-key') ?? (key === undefined ? [] : [key]),
    shutdownTimeoutSeconds: number('shutdown-timeout', 0),
    reasoning: !/-r1\b|r1-/i.test(model) ? 'none' : parsed.values.has('reasoning-parser') ? 'parsed' : 'inline',
    port: number('port', defaults.port),
    kvCacheTokens:
      blocks === undefined
        ? assumedConcurrency * maxModelLen
        : integer(blocks) * number('block-size', defaults.blockSize),
    gpuMemoryUtilization: Number(text('gpu-memory-utilization') ?? defaults.gpuMemoryUtilization),
  };
}

function integer(text: string): number {
  const suffix = text.at(-1) ?? '';
  const power = 'kmgt'.indexOf(suffix.toLowerCase()) + 1;
  if (power === 0) return Number(text);
  return Math.trunc(Number(text.slice(0, -1)) * (suffix === suffix.toLowerCase() ? 1000 : 1024) ** power);
}

/** What the API server refuses when it builds its configuration: the words are the end of its log. */
function configRefusal(parsed: ParsedArguments, engine: EngineSpec): Exit | undefined {
  for (const name of ['tensor-parallel-size', 'pipeline-parallel-size', 'max-num-seqs']) {
    const value = parsed.values.get(name)?.[0];
    if (value !== undefined && Number(value) < 1) {
      return serverFailure(
        pydanticError(name, 'Input should be greater than or equal to 1', 'greater_than_equal', value),
      );
    }
  }
  const utilization = engine.gpuMemoryUtilization;
  if (utilization <= 0 || utilization > 1) {
    const bound = utilization <= 0 ? 'Input should be greater than 0' : 'Input should be less than or equal to 1';
    const kind = utilization <= 0 ? 'greater_than' : 'less_than_equal';
    return serverFailure(pydanticError('gpu-memory-utilization', bound, kind, String(utilization)));
  }
  const batched = parsed.values.get('max-num-batched-tokens')?.[0];
  if (batched !== undefined && integer(batched) < engine.maxNumSeqs) {
    return serverFailure(
      `ValueError: max_num_batched_tokens (${integer(batched)}) must be greater than or equal to max_num_seqs (${engine.maxNumSeqs}).`,
    );
  }
  return undefined;
}

function pydanticError(flag: string, message: string, type: string, input: string): string {
  const field = flag.replaceAll('-', '_');
  const owner = flag.endsWith('parallel-size')
    ? 'ParallelConfig'
    : flag === 'max-num-seqs'
      ? 'SchedulerConfig'
      : 'CacheConfig';
  return `pydantic_core._pydantic_core.ValidationError: 1 validation error for ${owner}\n${field}\n  ${message} [type=${type}, input_value=${input}, input_type=${input.includes('.') ? 'float' : 'int'}]`;
}
