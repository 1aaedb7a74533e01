import type { EnginePersona } from '../types.ts';
import { isTensorRTLLM, startTensorRTLLM } from './command-line.ts';
import { tensorRTLLMFailure } from './failures.ts';
import { TensorRTLLMServer } from './server.ts';

/** TensorRT-LLM's trtllm-serve, of the 1.3 line. It answers nothing before its model is loaded. */
export const tensorRTLLM: EnginePersona = {
  name: 'TensorRT-LLM',
  listensAt: 1,
  matches: isTensorRTLLM,
  start: startTensorRTLLM,
  fail: tensorRTLLMFailure,
  serve: (engine, runtime) => new TensorRTLLMServer(engine, runtime),
};
