export { EngineCheckError } from './errors.ts';
export { findLlamaServer, LLAMA_VERSION } from './llama-server.ts';
export type { Program } from './llama-server.ts';
export { RunningEngine, freePort } from './running-engine.ts';
export { tinyGguf } from './tiny-gguf.ts';
