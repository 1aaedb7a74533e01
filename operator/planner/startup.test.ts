import { describe, expect, it, test } from '@jest/globals';
import type { EngineType } from '../api/index.ts';
import { CATALOG, findEngine } from '../catalog/index.ts';
import { startupBudgetSeconds, startupTimes } from './startup.ts';
import type { StartupInputs } from './startup.ts';

const times = (engine: EngineType, inputs: Partial<StartupInputs> = {}) =>
  startupTimes({
    checkpointGiB: 100,
    from: 'Image',
    streamed: false,
    quantizedOnLoad: false,
    blockFP8: false,
    engine: findEngine(CATALOG, engine)!.versions[0]!.startup,
    ...inputs,
  });

describe('where the weights come from', () => {
  test.each([
    ['HuggingFace', false, 1000, 260],
    ['PersistentVolumeClaim', false, 0, 560],
    ['Image', false, 0, 260],
    ['ObjectStorage', false, 1000, 260],
    ['ObjectStorage', true, 0, 260],
  ] as const)('%s, streamed %s: downloads %d s, loads %d s', (from, streamed, downloadSeconds, loadSeconds) => {
    expect(times('vLLM', { from, streamed })).toMatchObject({ downloadSeconds, loadSeconds });
  });
});

describe('what each engine does before it answers', () => {
  it('compiles for blocks of FP8', () => {
    for (const engine of ['vLLM', 'SGLang', 'TensorRT-LLM'] as const) {
      expect(times(engine, { blockFP8: true }).compileSeconds).toBeGreaterThan(times(engine).compileSeconds);
    }
    // DeepGEMM's first start: about ten minutes.
    expect(times('SGLang', { blockFP8: true }).compileSeconds).toBeGreaterThanOrEqual(600);
  });
  it('compiles nothing with llama.cpp', () => {
    expect(times('llama.cpp', { blockFP8: true }).compileSeconds).toBe(0);
  });
  it('quantizes on loading', () => {
    expect(times('vLLM', { quantizedOnLoad: true }).loadSeconds).toBe(times('vLLM').loadSeconds + 100);
  });
});

describe('the budget', () => {
  it('is what the phases take, half as much again, in half minutes', () => {
    const phases = { downloadSeconds: 1000, loadSeconds: 260, compileSeconds: 90, warmUpSeconds: 30 };
    expect(startupBudgetSeconds(phases)).toBe(2070);
  });
  it('is never below five minutes', () => {
    expect(startupBudgetSeconds(times('llama.cpp', { checkpointGiB: 1 }))).toBe(300);
  });
});
