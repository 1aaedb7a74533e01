import type { ParsedArguments } from '../argparse.ts';
import { knownModel } from '../known-models.ts';
import { demandOf, longestSequence, visibleGiB } from '../memory.ts';
import type { EngineSpec, Exit, Launch } from '../types.ts';
import { engineCoreFailure, outOfMemory, serverFailure } from './failures.ts';

/** The images that vLLM publishes for processors without a GPU. */
const cpuImage = /cpu/;

const conserving = 'See https://docs.vllm.ai/en/latest/configuration/conserving_memory/ for more details.';

/** What only shows on the device: GPUs that are missing or too small, a data type that they don't have. */
export function deviceRefusal(parsed: ParsedArguments, engine: EngineSpec, launch: Launch): Exit | undefined {
  const size = (name: string): number => Number(parsed.values.get(name)?.[0] ?? 1);
  const split = { tensorParallel: size('tensor-parallel-size'), pipelineParallel: size('pipeline-parallel-size') };
  const { gpu, gpuCount, image = '' } = launch;
  if (cpuImage.test(image)) return undefined;
  if (gpuCount === 0) {
    return serverFailure(
      'RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG` to turn ' +
        'on verbose logging to help debug the issue.',
    );
  }
  const heads = knownModel(engine.model)?.heads;
  if (heads !== undefined && heads % split.tensorParallel !== 0) {
    return serverFailure(
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for VllmConfig\n' +
        `  Value error, Total number of attention heads (${heads}) must be divisible by tensor parallel size (${split.tensorParallel}).`,
    );
  }
  const worldSize = split.tensorParallel * split.pipelineParallel;
  if (worldSize > gpuCount && !parsed.values.has('nnodes')) {
    return serverFailure(
      `ValueError: World size (${worldSize}) is larger than the number of available GPUs (${gpuCount}) in this node. ` +
        "If this is intentional and you are using:\n- ray, set '--distributed-executor-backend ray'.\n- multiprocessing, set '--nnodes' appropriately.",
    );
  }
  if (gpu === undefined) return undefined;
  if (gpu.computeCapability < 8 && parsed.values.get('dtype')?.[0] === 'bfloat16') {
    return engineCoreFailure(
      'ValueError: Bfloat16 is only supported on GPUs with compute capability of at least 8.0. ' +
        `Your ${gpu.name} GPU has compute capability ${gpu.computeCapability.toFixed(1)}. ` +
        'You can use float16 instead by explicitly setting the `dtype` flag in CLI, for example: --dtype=half.',
    );
  }
  return gpu.memoryGiB === undefined ? undefined : memoryRefusal(parsed, engine, gpu.memoryGiB, split);
}

function memoryRefusal(
  parsed: ParsedArguments,
  engine: EngineSpec,
  memoryGiB: number,
  split: { readonly tensorParallel: number; readonly pipelineParallel: number },
): Exit | undefined {
  const wide = ['float', 'float32'].includes(parsed.values.get('dtype')?.[0] ?? '');
  const eightBits = /^fp8/.test(parsed.values.get('quantization')?.[0] ?? '');
  const precision = {
    ...(eightBits ? { weightBytes: 1.02 } : wide ? { weightBytes: 4 } : {}),
    kvBytes: /^(fp8|int8)/.test(parsed.values.get('kv-cache-dtype')?.[0] ?? '') ? 1 : wide ? 4 : 2,
  };
  const demand = demandOf(engine.model, engine.maxModelLen, split, precision);
  if (demand === undefined) return undefined;
  const total = visibleGiB(memoryGiB);
  if (demand.weightsGiB > total) return engineCoreFailure(outOfMemory(total));
  const available = total * engine.gpuMemoryUtilization - demand.weightsGiB;
  if (available <= 0) {
    return engineCoreFailure(
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing ' +
        `the engine (this flag also controls CPU memory reservation on the CPU backend, despite its name). ${conserving}`,
    );
  }
  if (demand.oneSequenceGiB <= available) return undefined;
  return engineCoreFailure(
    `ValueError: To serve at least one request with the model's max seq len (${engine.maxModelLen}), ` +
      `(${demand.oneSequenceGiB.toFixed(2)} GiB KV cache is needed, which is larger than the available KV cache memory ` +
      `(${available.toFixed(2)} GiB). Based on the available memory, the estimated maximum model length is ` +
      `${longestSequence(demand, engine.maxModelLen, available)}. Try increasing \`gpu_memory_utilization\` (which also ` +
      `controls CPU memory on the CPU backend) or decreasing \`max_model_len\` when initializing the engine. ${conserving}`,
  );
}
