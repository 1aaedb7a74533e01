import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parse } from 'yaml';
import { demandOf, visibleGiB } from '../memory.ts';
import type { EngineSpec, Exit, Launch, StartResult } from '../types.ts';
import { outOfMemory } from '../vllm/failures.ts';
import { ClickError, parseClick, parseClickOptions } from './click.ts';
import type { ClickArguments } from './click.ts';
import { executorFailure } from './failures.ts';

/** Options of `trtllm-serve`, as NVIDIA's own contract lists them (api_stability/references/trtllm_serve_cli.yaml@029e223d). */
const options = parseClickOptions(readFileSync(new URL('flags-1.3.txt', import.meta.url), 'utf8'));

const defaults = { port: 8000, maxBatchSize: 2048 } as const;
const assumedContext = 131_072;
const assumedConcurrency = 8;

/** `trtllm-serve MODEL` or `trtllm-serve serve MODEL`. */
export function isTensorRTLLM({ command }: Launch): boolean {
  return /(^|\/)trtllm-serve$/.test(command[0] ?? '');
}

/** Reads the command line, and refuses with exit status and words of click what trtllm-serve refuses. */
export function startTensorRTLLM(launch: Launch): StartResult {
  const words = [...launch.command.slice(1), ...launch.args];
  let parsed: ClickArguments;
  try {
    parsed = parseClick(words[0] === 'serve' ? words.slice(1) : words, options);
    const [model, extra] = parsed.positionals;
    if (model === undefined) throw new ClickError("Missing argument 'MODEL'.");
    if (extra !== undefined) throw new ClickError(`Got unexpected extra argument (${extra})`);
  } catch (error) {
    if (!(error instanceof ClickError)) throw error;
    const log = `Usage: trtllm-serve serve [OPTIONS] MODEL\nTry 'trtllm-serve serve --help' for help.\n\nError: ${error.message}\n`;
    return { accepted: false, exitCode: 2, log };
  }
  const engine = engineSpec(parsed, launch);
  const refusal = deviceRefusal(parsed, engine, launch);
  return refusal === undefined ? { accepted: true, engine } : { accepted: false, ...refusal };
}

function engineSpec(parsed: ClickArguments, launch: Launch): EngineSpec {
  const number = (name: string, fallback: number): number => Number(parsed.values.get(name) ?? fallback);
  const model = parsed.positionals[0] ?? '';
  const maxModelLen = number('max_seq_len', assumedContext);
  return {
    model,
    servedNames: [parsed.values.get('served_model_name') ?? (model.startsWith('/') ? basename(model) : model)],
    maxModelLen,
    maxNumSeqs: number('max_batch_size', defaults.maxBatchSize),
    apiKeys: [],
    shutdownTimeoutSeconds: Infinity,
    reasoning: !/-r1\b|r1-/i.test(model) ? 'none' : parsed.values.has('reasoning_parser') ? 'parsed' : 'inline',
    port: number('port', defaults.port),
    kvCacheTokens: assumedConcurrency * maxModelLen,
    gpuMemoryUtilization: number('free_gpu_memory_fraction', 0.9),
    metrics: settings(parsed, launch)['return_perf_metrics'] === true,
  };
}

/** The file of `--config`, as far as the pod shows how it was written. */
function settings(parsed: ClickArguments, launch: Launch): Readonly<Record<string, unknown>> {
  const content = launch.files?.get(parsed.values.get('config') ?? '');
  const value: unknown = content === undefined ? undefined : parse(content);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** What only shows on the device. */
function deviceRefusal(parsed: ClickArguments, engine: EngineSpec, { gpu, gpuCount }: Launch): Exit | undefined {
  const size = (name: string): number => Number(parsed.values.get(name) ?? 1);
  const split = { tensorParallel: size('tensor_parallel_size'), pipelineParallel: size('pipeline_parallel_size') };
  if (gpuCount === 0) return executorFailure('RuntimeError: Found no NVIDIA driver on your system.');
  if (gpu === undefined) return undefined;
  // NVIDIA's support matrix begins with Ampere (docs/source/reference/support-matrix.md@9b062a83).
  if (gpu.computeCapability < 8) {
    return executorFailure('RuntimeError: CUDA error: no kernel image is available for execution on the device');
  }
  if (split.tensorParallel * split.pipelineParallel > gpuCount) {
    return executorFailure('RuntimeError: CUDA error: invalid device ordinal');
  }
  const demand = demandOf(engine.model, engine.maxModelLen, split, { kvBytes: 2 });
  if (demand === undefined) return undefined;
  if (demand.model.heads % split.tensorParallel !== 0) return executorFailure('AssertionError');
  if (gpu.memoryGiB === undefined || demand.weightsGiB <= visibleGiB(gpu.memoryGiB)) return undefined;
  return executorFailure(outOfMemory(visibleGiB(gpu.memoryGiB)));
}
