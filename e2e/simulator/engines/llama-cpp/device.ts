import { demandOf, visibleGiB } from '../memory.ts';
import type { EngineSpec, Exit, Launch } from '../types.ts';
import type { LlamaArguments } from './arguments.ts';

/** Killed by SIGKILL: 128 + 9. */
const killed = 137;

/** Bytes per element of a cache type. */
const cacheBytes: Readonly<Record<string, number>> = { f32: 4, f16: 2, bf16: 2, q8_0: 1.06, q5_1: 0.75, q5_0: 0.69 };
const smallestCacheBytes = 0.56;

/**
 * Layers go where `--gpu-layers` says. What does not fit into a GPU ends the program with CUDA's error; what does not
 * fit into the memory of the container ends it by the kernel's hand. A Jetson's GPU has the container's memory.
 */
export function memoryRefusal(parsed: LlamaArguments, engine: EngineSpec, launch: Launch): Exit | undefined {
  const text = (name: string): string | undefined => parsed.values.get(name)?.values[0];
  const kvBytes = cacheBytes[text('-ctk') ?? 'f16'] ?? smallestCacheBytes;
  const whole = { tensorParallel: 1, pipelineParallel: 1 };
  const demand = demandOf(engine.model, engine.kvCacheTokens, whole, { kvBytes });
  if (demand === undefined) return undefined;
  const needed = demand.weightsGiB + demand.oneSequenceGiB;
  const { gpu, gpuCount, memoryGiB } = launch;
  const layers = text('-ngl');
  const onGpu = gpuCount > 0 && layers !== undefined && (layers === 'all' || Number.parseInt(layers, 10) > 0);
  if (!onGpu || gpu?.unifiedMemory === true) {
    const limit = memoryGiB ?? gpu?.memoryGiB;
    if (limit === undefined || needed <= limit) return undefined;
    return { exitCode: killed, log: `srv    load_model: loading model '${engine.model}'\n`, oomKilled: true };
  }
  if (gpu?.memoryGiB === undefined) return undefined;
  const devices = text('-sm') === 'none' ? 1 : gpuCount;
  if (needed <= visibleGiB(gpu.memoryGiB) * devices) return undefined;
  const megabytes = ((demand.weightsGiB / devices) * 1024).toFixed(2);
  return {
    exitCode: 1,
    log:
      `ggml_backend_cuda_buffer_type_alloc_buffer: allocating ${megabytes} MiB on device 0: cudaMalloc failed: out of memory\n` +
      'alloc_tensor_range: failed to allocate CUDA0 buffer\n' +
      `llama_model_load: error loading model: unable to allocate CUDA0 buffer\n` +
      `llama_model_load_from_file_impl: failed to load model\n` +
      `srv    load_model: failed to load model, '${engine.model}'\n` +
      'srv  llama_server: exiting due to model loading error\n',
  };
}
