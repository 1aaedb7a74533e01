import type { EnginePersona } from '../types.ts';
import { isVllm, startVllm } from './command-line.ts';
import { vllmFailure } from './failures.ts';
import { VllmServer } from './server.ts';

/** vLLM 0.32.0. */
export const vllm: EnginePersona = {
  name: 'vLLM',
  listensAt: 1,
  matches: isVllm,
  start: startVllm,
  fail: (failure, launch) =>
    vllmFailure(failure, launch, launch.args.find((arg) => !arg.startsWith('-')) ?? 'the model'),
  serve: (engine, runtime) => new VllmServer(engine, runtime),
};
