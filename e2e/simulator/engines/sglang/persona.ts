import type { EnginePersona } from '../types.ts';
import { isSglang, sglangArguments, startSglang } from './command-line.ts';
import { sglangFailure } from './failures.ts';
import { SglangServer } from './server.ts';

/** SGLang 0.5.23. Its server opens when the weights are loaded, and answers 503 while it warms up. */
export const sglang: EnginePersona = {
  name: 'SGLang',
  listensAt: 0.9,
  matches: isSglang,
  start: startSglang,
  fail: (failure, launch) => sglangFailure(failure, sglangArguments(launch), launch),
  serve: (engine, runtime) => new SglangServer(engine, runtime),
};
