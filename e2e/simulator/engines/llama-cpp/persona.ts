import type { EnginePersona } from '../types.ts';
import { isLlamaServer, startLlamaServer } from './command-line.ts';
import { llamaFailure } from './failures.ts';
import { LlamaServer } from './server.ts';

/** llama-server 0.7.0. It listens, and answers 503, while it loads. */
export const llamaCpp: EnginePersona = {
  name: 'llama.cpp',
  listensAt: 0,
  matches: isLlamaServer,
  start: startLlamaServer,
  fail: llamaFailure,
  serve: (engine, runtime) => new LlamaServer(engine, runtime),
};
