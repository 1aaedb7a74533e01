import type { ParsedArguments } from '../argparse.ts';
import { demandOf, visibleGiB } from '../memory.ts';
import type { EngineSpec, Exit, Launch } from '../types.ts';
import { outOfMemory } from '../vllm/failures.ts';
import { launcherFailure, schedulerFailure } from './failures.ts';

/** What only shows on the device. On a GPU without bfloat16 SGLang takes float16 by itself. */
export function deviceRefusal(parsed: ParsedArguments, engine: EngineSpec, launch: Launch): Exit | undefined {
  const text = (name: string): string | undefined => parsed.values.get(name)?.[0];
  const size = (name: string): number => Number(text(name) ?? 1);
  const split = { tensorParallel: size('tp-size'), pipelineParallel: size('pp-size') };
  const { gpu, gpuCount } = launch;
  if (gpuCount === 0 && text('device') !== 'cpu') {
    return launcherFailure(
      'RuntimeError: No accelerator (CUDA, XPU, HPU, NPU, MUSA, MPS) or platform plugin is available.',
    );
  }
  if (gpu === undefined) return undefined;
  if (gpu.computeCapability < 7.5) return schedulerFailure('RuntimeError: SGLang only supports sm75 and above.');
  if (split.tensorParallel * split.pipelineParallel > gpuCount && !parsed.values.has('nnodes')) {
    return schedulerFailure('torch.AcceleratorError: CUDA error: invalid device ordinal');
  }
  const kvBytes = /^fp8|mxfp8/.test(text('kv-cache-dtype') ?? '') ? 1 : 2;
  const eightBits = text('quantization') === 'fp8' ? { weightBytes: 1.02 } : {};
  const demand = demandOf(engine.model, engine.maxModelLen, split, { kvBytes, ...eightBits });
  if (demand === undefined) return undefined;
  if (demand.model.heads % split.tensorParallel !== 0) {
    return schedulerFailure('    assert self.total_num_heads % tp_size == 0\nAssertionError');
  }
  if (gpu.memoryGiB === undefined) return undefined;
  const total = visibleGiB(gpu.memoryGiB);
  if (demand.weightsGiB > total) return schedulerFailure(outOfMemory(total));
  const fraction = engine.gpuMemoryUtilization;
  if (demand.weightsGiB < total * fraction) return undefined;
  return schedulerFailure(
    `RuntimeError: Not enough memory. Please try to increase --mem-fraction-static. Current value: mem_fraction_static=${fraction}`,
  );
}
