import { readFileSync } from 'node:fs';
import { describe, expect, it, test } from '@jest/globals';
import { CATALOG } from '../catalog/index.ts';
import type { CanonicalMetric } from '../catalog/index.ts';
import { metricNames } from './index.ts';

/** Name and type of the metrics of a real engine. */
function exposition(file: string): Map<string, string> {
  const lines = readFileSync(new URL(`testdata/${file}`, import.meta.url), 'utf8').split('\n');
  return new Map(
    lines.filter((line) => /^[a-z]/.test(line)).map((line) => line.split(' ') as [name: string, type: string]),
  );
}

const TYPES: Readonly<Record<CanonicalMetric, string>> = {
  requestsRunning: 'gauge',
  requestsWaiting: 'gauge',
  kvCacheUsage: 'gauge',
  timeToFirstToken: 'histogram',
  interTokenLatency: 'histogram',
  timePerOutputToken: 'histogram',
  requestLatency: 'histogram',
  queueTime: 'histogram',
  promptTokens: 'counter',
  generationTokens: 'counter',
  requestsSucceeded: 'counter',
  requestsFailed: 'counter',
};

describe.each([
  ['vLLM', '0.32.0', 'vllm-0.32.0-metrics.txt', []],
  ['SGLang', '0.5.23', 'sglang-0.5.23-metrics.txt', []],
  ['TensorRT-LLM', '1.3.0rc23', 'trtllm-metrics.txt', []],
  [
    'TensorRT-LLM',
    '1.2.1',
    'trtllm-metrics.txt',
    ['requestsRunning', 'requestsWaiting', 'kvCacheUsage', 'promptTokens', 'generationTokens', 'requestsFailed'],
  ],
  [
    'llama.cpp',
    'b11669',
    'llama-server-0.7.0-metrics.txt',
    [
      'kvCacheUsage',
      'timeToFirstToken',
      'interTokenLatency',
      'timePerOutputToken',
      'requestLatency',
      'queueTime',
      'requestsSucceeded',
      'requestsFailed',
    ],
  ],
] as const)('%s %s', (type, version, file, missing) => {
  const real = exposition(file);
  const names = metricNames({ type, version });

  it('reports every canonical signal under a name and of a type that the real engine has', () => {
    const wrong = Object.entries(names).filter(([signal, name]) => real.get(name) !== TYPES[signal as CanonicalMetric]);
    expect(wrong).toEqual([]);
  });

  it('lacks only what the engine lacks', () => {
    expect(Object.keys(TYPES).filter((signal) => !(signal in names))).toEqual(missing);
  });
});

test('every version of the catalogue is asked for above', () => {
  expect(CATALOG.engines.flatMap(({ type, versions }) => versions.map(({ version }) => `${type} ${version}`))).toEqual([
    'vLLM 0.32.0',
    'SGLang 0.5.23',
    'TensorRT-LLM 1.3.0rc23',
    'TensorRT-LLM 1.2.1',
    'llama.cpp b11669',
  ]);
});

test('an engine of another catalogue is a bug', () => {
  expect(() => metricNames({ type: 'vLLM', version: '0.1.0' })).toThrow(RangeError);
});
