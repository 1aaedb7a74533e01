import type { EngineType } from '../api/index.ts';

/** How each engine is told how many requests it runs at once. */
const FLAGS: Readonly<Record<EngineType, readonly string[]>> = {
  vLLM: ['--max-num-seqs'],
  SGLang: ['--max-running-requests'],
  'TensorRT-LLM': ['--max_batch_size'],
  'llama.cpp': ['--parallel', '-np'],
};

/** Requests that an engine with these arguments runs at once, by the last word on it: users' arguments win. Undefined: they do not say. */
export function batchSizeOf(type: EngineType, args: readonly string[]): number | undefined {
  const values = args.flatMap((argument, index) => {
    const [name = '', inline] = splitOnce(argument);
    return FLAGS[type].includes(spelling(type, name)) ? [inline ?? args[index + 1]] : [];
  });
  const last = Number(values.at(-1) ?? Number.NaN);
  return Number.isInteger(last) && last > 0 ? last : undefined;
}

function splitOnce(argument: string): string[] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument] : [argument.slice(0, at), argument.slice(at + 1)];
}

/** vLLM takes underscores for dashes. */
function spelling(type: EngineType, name: string): string {
  return type === 'vLLM' && name.startsWith('--') ? name.replaceAll('_', '-') : name;
}
