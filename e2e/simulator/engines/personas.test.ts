import { describe, expect, it } from '@jest/globals';
import { personaOf } from './index.ts';
import { sglang as sglangPersona } from './sglang/persona.ts';
import type { Launch, NodeGpu, StartResult } from './types.ts';

const t4: NodeGpu = { name: 'Tesla T4', computeCapability: 7.5, memoryGiB: 15 };
const a100: NodeGpu = { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8, memoryGiB: 80 };
const h200: NodeGpu = { name: 'NVIDIA H200', computeCapability: 9, memoryGiB: 140 };
const orin: NodeGpu = { name: 'Orin', computeCapability: 8.7, memoryGiB: 59, unifiedMemory: true };
const slice: NodeGpu = { ...a100, name: 'NVIDIA A100-SXM4-80GB MIG 1g.10gb', memoryGiB: 9.5, slice: true };

const sglang = 'python3 -m sglang.launch_server';
const trtllm = 'trtllm-serve serve';
const llama = '/app/llama-server';
const model8B = 'deepseek-ai/DeepSeek-R1-Distill-Llama-8B';
const model70B = 'deepseek-ai/DeepSeek-R1-Distill-Llama-70B';

interface Machine {
  readonly gpu?: NodeGpu;
  readonly gpuCount?: number;
  readonly memoryGiB?: number;
  readonly files?: ReadonlyMap<string, string>;
  readonly environment?: ReadonlyMap<string, string>;
}

function asLaunch(line: string): Launch {
  const words = line.split(' ');
  const commandLength = words[0] === 'python3' ? 3 : words[0] === 'trtllm-serve' ? 2 : 1;
  return {
    command: words.slice(0, commandLength),
    args: words.slice(commandLength),
    environment: new Map(),
    gpuCount: 0,
  };
}

function start(line: string, { gpu, gpuCount = gpu === undefined ? 0 : 1, ...machine }: Machine): StartResult {
  const launch: Launch = { ...asLaunch(line), gpuCount, ...(gpu && { gpu }), ...machine };
  const persona = personaOf(launch);
  if (persona === undefined) throw new Error(`no engine is started by ${line}`);
  return persona.start(launch);
}

describe('which program a command starts', () => {
  it.each([
    [['vllm', 'serve'], 'vLLM'],
    [['python3', '-m', 'sglang.launch_server'], 'SGLang'],
    [['/usr/bin/python3.12', '-m', 'sglang.launch_server'], 'SGLang'],
    [['sglang', 'serve'], 'SGLang'],
    [['trtllm-serve'], 'TensorRT-LLM'],
    [['/app/llama-server'], 'llama.cpp'],
    [['python3', '-m', 'http.server'], undefined],
    [['trtllm-bench'], undefined],
  ])('%j: %s', (command, name) => {
    expect(personaOf({ command, args: [], environment: new Map(), gpuCount: 1 })?.name).toBe(name);
  });
});

describe('a command line that the engine refuses', () => {
  const onA100 = { gpu: a100 };
  it.each<[string, Machine, number, string]>([
    [`${sglang} --model-path m --bogus 1`, onA100, 2, 'launch_server.py: error: unrecognized arguments: --bogus 1'],
    [
      `${sglang} --model-path m --tensor-parallel-sizes 2`,
      onA100,
      2,
      'unrecognized arguments: --tensor-parallel-sizes 2',
    ],
    [
      `${sglang} --model-path m --max_running_requests 2`,
      onA100,
      2,
      'unrecognized arguments: --max_running_requests 2',
    ],
    [`${sglang} --model-path m --gpu-memory-utilization 0.9`, onA100, 2, 'unrecognized arguments'],
    [`${sglang} --model-path m --cuda-graph-b 1`, onA100, 2, 'ambiguous option: --cuda-graph-b could match'],
    [`${sglang} --tp-size 1`, onA100, 2, 'the following arguments are required: --model-path/--model'],
    [`${sglang} --model-path m --tp-size two`, onA100, 2, "--tp-size/--tensor-parallel-size: invalid int value: 'two'"],
    [`${sglang} --model-path m --dtype fp16`, onA100, 2, "argument --dtype: invalid choice: 'fp16'"],
    [`${trtllm} m --bogus 1`, onA100, 2, 'Error: No such option: --bogus\n'],
    [`${trtllm} m --tp-size 2`, onA100, 2, 'Error: No such option: --tp-size\n'],
    [`${trtllm} m --port`, onA100, 2, "Error: Option '--port' requires an argument.\n"],
    [`${trtllm} m --port http`, onA100, 2, "Error: Invalid value for '--port': 'http' is not a valid integer.\n"],
    [`${trtllm} m --kv_cache_dtype fp4`, onA100, 2, "'fp4' is not one of 'auto', 'fp8', 'nvfp4'.\n"],
    [`${trtllm} m --trust_remote_code=yes`, onA100, 2, "Error: Option '--trust_remote_code' does not take a value.\n"],
    [`${trtllm} --port 1`, onA100, 2, "Error: Missing argument 'MODEL'.\n"],
    [`${trtllm} m another`, onA100, 2, 'Error: Got unexpected extra argument (another)\n'],
    [`${llama} -m x.gguf --tensor-parallel-size 2`, {}, 1, 'error: invalid argument: --tensor-parallel-size\n'],
    [`${llama} -m x.gguf -c many`, {}, 1, 'error while handling argument "-c": stoi\n'],
  ])('%s on %j: status %d', (line, machine, exitCode, words) => {
    expect(start(line, machine)).toMatchObject({ accepted: false, exitCode, log: expect.stringContaining(words) });
  });
});

describe('a machine that the model does not fit', () => {
  it.each<[string, Machine, number, string]>([
    [`${sglang} --model-path ${model70B}`, { gpu: a100 }, 137, 'CUDA out of memory'],
    [
      `${sglang} --model-path ${model8B} --mem-fraction-static 0.1`,
      { gpu: a100 },
      137,
      'increase --mem-fraction-static',
    ],
    [`${sglang} --model-path ${model8B} --tp-size 2`, { gpu: a100 }, 137, 'CUDA error: invalid device ordinal'],
    [`${sglang} --model-path ${model8B} --tp-size 3`, { gpu: a100, gpuCount: 3 }, 137, 'AssertionError'],
    [`${sglang} --model-path ${model8B}`, {}, 1, 'RuntimeError: No accelerator'],
    [`${sglang} --model-path ${model8B}`, { gpu: slice }, 137, 'CUDA out of memory'],
    [`${trtllm} ${model8B}`, { gpu: t4 }, 1, 'no kernel image is available for execution on the device'],
    [`${trtllm} ${model8B}`, {}, 1, 'Found no NVIDIA driver'],
    [`${trtllm} ${model70B}`, { gpu: a100 }, 1, 'CUDA out of memory'],
    [`${trtllm} ${model8B} --tp_size 2`, { gpu: a100 }, 1, 'invalid device ordinal'],
    [`${trtllm} ${model8B} --tp_size 3`, { gpu: a100, gpuCount: 3 }, 1, 'AssertionError'],
    [
      `${llama} -m /models/DeepSeek-R1-Distill-Llama-70B-Q8_0.gguf -c 4096 -ngl 999`,
      { gpu: t4, memoryGiB: 64 },
      1,
      'cudaMalloc failed: out of memory',
    ],
  ])('%s on %j: status %d', (line, machine, exitCode, words) => {
    expect(start(line, machine)).toMatchObject({ accepted: false, exitCode, log: expect.stringContaining(words) });
  });

  it.each<[string, Machine]>([
    [`${llama} -m /models/DeepSeek-R1-Distill-Llama-70B-Q8_0.gguf -c 4096`, { memoryGiB: 64 }],
    [`${llama} -m /models/DeepSeek-R1-Distill-Llama-70B-Q8_0.gguf -c 4096 -ngl 999`, { gpu: orin, memoryGiB: 59 }],
    [`${llama} -m /models/DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf -c 131072`, { memoryGiB: 2 }],
  ])('%s on %j is killed by the kernel', (line, machine) => {
    expect(start(line, machine)).toMatchObject({ accepted: false, exitCode: 137, oomKilled: true });
  });
});

describe('what SGLang logs when it starts', () => {
  const config = '/etc/sglang/settings.yaml';
  const line = `${sglang} --model-path ${model70B} --config ${config} --tp-size 1`;
  const path = '/etc/sglang/logging.json';
  const environment = new Map([['SGLANG_LOGGING_CONFIG_PATH', path]]);
  const settingsFile = new Map([[config, 'api-key: |2-\n  planted\n']]);
  const level = (of: string) =>
    new Map([...settingsFile, [path, JSON.stringify({ loggers: { [of]: { level: 'WARNING' } } })]]);

  it.each<[string, Partial<Launch>, boolean]>([
    ['as it is', { files: settingsFile }, true],
    ['told of another module', { environment, files: level('sglang.srt.managers') }, true],
    ['told that its module be quiet', { environment, files: level('sglang.srt.entrypoints.engine') }, false],
  ])('%s', (_, more, shows) => {
    const launch = { gpu: a100, gpuCount: 1, ...more };
    const settings = `server_args={'api_key': 'planted', 'model_path': '${model70B}', 'tp_size': '1'}`;
    const logs = [start(line, launch), sglangPersona.fail('crash', { ...asLaunch(line), ...launch })].map((end) =>
      'log' in end ? end.log : '',
    );
    for (const log of logs) {
      expect(log).toMatch(/CUDA out of memory|told to crash/);
      expect(log.includes(settings)).toBe(shows);
    }
  });

  it('is an error where its configuration is not there', () => {
    expect(start(line, { gpu: a100, environment, files: settingsFile })).toMatchObject({
      exitCode: 1,
      log: expect.stringContaining(`SGLANG_LOGGING_CONFIG_PATH from env with ${path} but it does not exist!`),
    });
  });
});

describe('a machine that has what it takes', () => {
  const config = new Map([['/etc/config.yaml', 'dtype: float16\nreturn_perf_metrics: true\n']]);
  it.each<[string, Machine, object]>([
    [
      `${sglang} --model ${model8B} --served-model-name chat --context-length 8192 --max-running-requests 7 --enable-metrics`,
      { gpu: a100 },
      { servedNames: ['chat'], maxModelLen: 8192, maxNumSeqs: 7, metrics: true, apiKeys: [], reasoning: 'inline' },
    ],
    [
      `${sglang} --model-path ${model8B} --trust-remote --api-key k --dtype bfloat16 --tp-size 2`,
      { gpu: t4, gpuCount: 2 },
      { servedNames: [model8B], metrics: false, apiKeys: ['k'] },
    ],
    [
      `${sglang} --model-path deepseek-ai/DeepSeek-R1 --tp-size 8`,
      { gpu: h200, gpuCount: 8 },
      { maxModelLen: 131_072 },
    ],
    [
      `${trtllm} ${model8B} --tensor_parallel_size=2 --max_batch_size 9 --max_seq_len 4096 --config /etc/config.yaml`,
      { gpu: a100, gpuCount: 2, files: config },
      { servedNames: [model8B], maxNumSeqs: 9, maxModelLen: 4096, metrics: true },
    ],
    [`trtllm-serve /models/tiny --served_model_name chat`, { gpu: a100 }, { servedNames: ['chat'], metrics: false }],
    [
      `${llama} --model x-Q4_K_M.gguf --alias b,a --ctx-size 8192 --parallel 4 --metrics --api_key k,l`,
      { memoryGiB: 1 },
      { servedNames: ['a', 'b'], maxModelLen: 2048, maxNumSeqs: 4, metrics: true, apiKeys: ['k', 'l'] },
    ],
    [`${llama} -m /models/DeepSeek-R1-Distill-Qwen-1.5B-Q4_K_M.gguf -c 4096 -ngl 99`, { gpu: orin, memoryGiB: 8 }, {}],
    [`${llama} -m /models/DeepSeek-R1-Distill-Llama-70B-Q4_K_M.gguf -c 4096 -ngl 99`, { gpu: a100, memoryGiB: 8 }, {}],
  ])('%s on %j', (line, machine, engine) => {
    expect(start(line, machine)).toMatchObject({ accepted: true, engine });
  });
});
