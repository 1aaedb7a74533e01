import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { FakeClock } from '../../../../operator/kube/testing/fake-clock.ts';
import { parseExposition } from '../../testing/exposition.ts';
import { EngineCore } from '../core.ts';
import { VllmMetrics } from './metrics.ts';

/** Names with types, and samples, of a running vLLM 0.32.0. */
const captured = readFileSync(new URL('metrics-0.32.0.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean);

const metrics = new VllmMetrics(
  {
    servedNames: ['chat'],
    maxModelLen: 100,
    maxNumSeqs: 1,
    apiKeys: [],
    shutdownTimeoutSeconds: 0,
    model: 'org/m',
    reasoning: 'none',
    port: 8000,
    kvCacheTokens: 160,
    gpuMemoryUtilization: 0.9,
  },
  new EngineCore(new FakeClock(), 1),
);

describe('the metrics of a vLLM server', () => {
  const types = captured.flatMap(
    (line) => /^(\S+) (counter|gauge|histogram|summary)$/.exec(line)?.slice(1, 3).join(' ') ?? [],
  );

  it('have the names and types of the real ones', async () => {
    const text = await metrics.render();
    const ours = text.split('\n').flatMap((line) => /^# TYPE (\S+ \S+)$/.exec(line)?.[1] ?? []);
    const theirs = types.filter((line) => /^(vllm:|http_)/.test(line));
    expect(theirs.length).toBeGreaterThan(40);
    expect(ours.sort()).toEqual(theirs.sort());
  });

  it.each(['vllm:time_to_first_token_seconds', 'vllm:inter_token_latency_seconds', 'vllm:e2e_request_latency_seconds'])(
    '%s has the buckets of the real one',
    async (name) => {
      const bounds = (line: string): number[] => {
        const match = new RegExp(`^${name}_bucket\\{.*le="([^"]+)"`).exec(line);
        return match?.[1] === undefined || match[1] === '+Inf' ? [] : [Number(match[1])];
      };
      const theirs = captured.flatMap(bounds);
      expect(theirs.length).toBeGreaterThan(15);
      expect((await metrics.render()).split('\n').flatMap(bounds)).toEqual(theirs);
    },
  );

  it('carry the labels engine and model_name', async () => {
    const samples = parseExposition(await metrics.render()).filter(
      ({ name }) => name.startsWith('vllm:') && name !== 'vllm:cache_config_info',
    );
    expect(samples.length).toBeGreaterThan(200);
    for (const { name, labels } of samples) {
      expect({ name, engine: labels['engine'], model: labels['model_name'] }).toEqual({
        name,
        engine: '0',
        model: 'chat',
      });
    }
  });

  it('bound token counts by the longest sequence', async () => {
    const samples = parseExposition(await metrics.render()).filter(
      ({ name }) => name === 'vllm:request_prompt_tokens_bucket',
    );
    expect(samples.map(({ labels }) => labels['le'])).toEqual(['1', '2', '5', '10', '20', '50', '100', '+Inf']);
  });
});
