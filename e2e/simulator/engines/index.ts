import { llamaCpp } from './llama-cpp/persona.ts';
import { sglang } from './sglang/persona.ts';
import { tensorRTLLM } from './tensorrt-llm/persona.ts';
import type { EnginePersona, Launch } from './types.ts';
import { vllm } from './vllm/persona.ts';

/** Every engine that can be played; a new one is a new line. */
const personas: readonly EnginePersona[] = [vllm, sglang, tensorRTLLM, llamaCpp];

/** The engine that a container's command line starts, or undefined when no known program is started. */
export function personaOf(launch: Launch): EnginePersona | undefined {
  return personas.find((persona) => persona.matches(launch));
}
