import type { EngineEntry } from '../types.ts';
import { LLAMA_CPP } from './llama-cpp.ts';
import { SGLANG } from './sglang.ts';
import { TENSORRT_LLM } from './tensorrt-llm.ts';
import { VLLM } from './vllm.ts';

/** The engines that can be named in `spec.engine.type`, in the order in which they are tried when none is. */
export const ENGINES: readonly EngineEntry[] = [VLLM, SGLANG, TENSORRT_LLM, LLAMA_CPP];
