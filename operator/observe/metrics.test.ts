import { describe, expect, it } from '@jest/globals';
import type { EngineEndpoint } from './endpoint.ts';
import { type MetricsResult, scrapeReader } from './metrics.ts';

type Engine = EngineEndpoint['engine'];
const vLLM: Engine = { type: 'vLLM', version: '0.32.0' };
const SGLang: Engine = { type: 'SGLang', version: '0.5.23' };
const TensorRT: Engine = { type: 'TensorRT-LLM', version: '1.3.0rc23' };
const olderTensorRT: Engine = { type: 'TensorRT-LLM', version: '1.2.1' };
const llamaCpp: Engine = { type: 'llama.cpp', version: 'b11669' };

function scrape(engine: Engine, ...lines: readonly string[]): MetricsResult {
  const reader = scrapeReader(engine);
  reader.push(Buffer.from(lines.join('\n')));
  return reader.result();
}

describe('requests and errors', () => {
  it.each<[string, Engine, string[], { requests: number; errors: number | undefined }]>([
    [
      'vLLM: ended by reason, and 5xx of its API',
      vLLM,
      [
        'vllm:request_success_total{finished_reason="stop",engine="0"} 90',
        'vllm:request_success_total{finished_reason="length",engine="1"} 5',
        'vllm:request_success_total{finished_reason="abort",engine="0"} 2',
        'http_requests_total{handler="/v1/chat/completions",method="POST",status="2xx"} 97',
        'http_requests_total{handler="/v1/chat/completions",method="POST",status="5xx"} 3',
        'http_requests_total{handler="/v1/completions",method="POST",status="4xx"} 7',
        'http_requests_total{handler="/admin",method="POST",status="5xx"} 11',
      ],
      { requests: 100, errors: 3 },
    ],
    [
      'vLLM: an error in both is one, an error in a stream is one',
      vLLM,
      [
        'vllm:request_success_total{finished_reason="stop"} 90',
        'vllm:request_success_total{finished_reason="error"} 10',
        'http_requests_total{handler="/v1/completions",status="5xx"} 4',
      ],
      { requests: 100, errors: 10 },
    ],
    [
      'SGLang',
      SGLang,
      [
        'sglang:num_requests_total{is_streaming="true"} 4',
        'sglang:num_requests_total{is_streaming="false"} 5',
        'sglang:num_aborted_requests_total 1',
      ],
      { requests: 10, errors: 1 },
    ],
    [
      'TensorRT-LLM: refusals of bad requests are not its failures',
      TensorRT,
      [
        'trtllm_request_success_total{finished_reason="stop"} 8',
        'trtllm_request_error_total{http_code="500"} 2',
        'trtllm_request_error_total{http_code="400"} 5',
      ],
      { requests: 10, errors: 2 },
    ],
    ['an engine without errors has none yet', TensorRT, ['trtllm_num_requests_running 0'], { requests: 0, errors: 0 }],
    [
      'TensorRT-LLM 1.2 does not count errors',
      olderTensorRT,
      ['trtllm_request_success_total 8'],
      { requests: 8, errors: undefined },
    ],
    [
      'llama.cpp counts neither',
      llamaCpp,
      ['llamacpp:requests_processing 1', 'llamacpp:tokens_predicted_total 5'],
      { requests: 0, errors: undefined },
    ],
  ])('%s', (_, engine, lines, counts) => {
    expect(scrape(engine, ...lines)).toMatchObject({ ok: true, metrics: counts });
  });
});

describe('what runs and waits', () => {
  it('is added up over the series of a pod', () => {
    const lines = ['vllm:num_requests_running{engine="0"} 2', 'vllm:num_requests_running{engine="1"} 3'];
    expect(scrape(vLLM, ...lines, 'vllm:num_requests_waiting{engine="0"} 0')).toMatchObject({
      metrics: { running: 5, waiting: 0 },
    });
  });

  it('is unknown where the engine does not say it', () => {
    expect(scrape(olderTensorRT, 'trtllm_request_success_total 8')).toMatchObject({
      metrics: { running: undefined, waiting: undefined },
    });
    expect(scrape(vLLM, 'vllm:num_requests_running NaN', 'vllm:prompt_tokens_total 1')).toMatchObject({
      metrics: { running: undefined },
    });
  });
});

describe('latencies', () => {
  const bucket = (name: string, le: string, count: number, more = ''): string =>
    `${name}_bucket{${more}le="${le}"} ${count}`;

  it('are histograms over all series, with the time per token of whole requests', () => {
    const ttft = 'sglang:time_to_first_token_seconds';
    const tpot = 'sglang:request_time_per_output_token_seconds';
    const result = scrape(
      SGLang,
      bucket(ttft, '+Inf', 5, 'is_streaming="true",'),
      bucket(ttft, '0.1', 2, 'is_streaming="true",'),
      bucket(ttft, '0.1', 1, 'is_streaming="false",'),
      bucket(ttft, '+Inf', 1, 'is_streaming="false",'),
      bucket(tpot, '0.01', 3),
      bucket(tpot, '+Inf', 3),
      bucket('sglang:inter_token_latency_seconds', '+Inf', 900),
    );
    expect(result).toMatchObject({
      ok: true,
      metrics: {
        latencies: {
          TimeToFirstToken: { bounds: [0.1, Infinity], cumulative: [3, 6] },
          TimePerOutputToken: { bounds: [0.01, Infinity], cumulative: [3, 3] },
        },
      },
    });
  });

  it.each<[string, string[]]>([
    ['without a last bucket', [bucket('vllm:e2e_request_latency_seconds', '1', 2)]],
    [
      'with counts that fall',
      [bucket('vllm:e2e_request_latency_seconds', '1', 2), bucket('vllm:e2e_request_latency_seconds', '+Inf', 1)],
    ],
    ['with bounds that are no numbers', [bucket('vllm:e2e_request_latency_seconds', 'wide', 2)]],
    ['without bounds', ['vllm:e2e_request_latency_seconds_bucket 2']],
  ])('%s are none', (_, lines) => {
    expect(scrape(vLLM, 'vllm:num_requests_running 0', ...lines)).toMatchObject({
      ok: true,
      metrics: { latencies: {} },
    });
  });
});

it.each(['NaN', '+Inf', '-Inf', '-1', '1e308', '9007199254740992'])('a counter of %s says nothing', (value) => {
  const lines = [
    `vllm:request_success_total{finished_reason="stop"} ${value}`,
    `vllm:generation_tokens_total ${value}`,
    `vllm:e2e_request_latency_seconds_bucket{le="+Inf"} ${value}`,
    `vllm:num_requests_running ${value}`,
  ];
  expect(scrape(vLLM, ...lines, 'vllm:num_requests_waiting 1')).toEqual({
    ok: true,
    metrics: { requests: 0, errors: 0, latencies: {}, running: undefined, waiting: 1, activity: 0 },
  });
});

it('reads what is right among garbage', () => {
  const garbage = [
    '\ufffd\u0000',
    'vllm:num_requests_running',
    'vllm:num_requests_running{engine="0} 1',
    '<html>',
    '{}',
  ];
  expect(scrape(vLLM, ...garbage, 'vllm:num_requests_running 7', ...garbage)).toMatchObject({
    metrics: { running: 7 },
  });
});
