import { describe, expect, it } from '@jest/globals';
import { terminationMessage } from '../../pods/termination-message.ts';
import type { Launch, NodeGpu, StartResult } from '../types.ts';
import { isVllm, startVllm } from './command-line.ts';

const t4: NodeGpu = { name: 'Tesla T4', computeCapability: 7.5 };
const a100: NodeGpu = { name: 'NVIDIA A100-SXM4-80GB', computeCapability: 8.0 };

function launch(args: string, gpu: NodeGpu = a100, gpuCount = 1): Launch {
  return {
    command: ['vllm', 'serve'],
    args: args.split(' ').filter(Boolean),
    environment: new Map(),
    gpuCount,
    gpu,
  };
}

function refusal(result: StartResult): { exitCode: number; log: string } {
  if (result.accepted) throw new Error('the command line was accepted');
  return result;
}

describe('isVllm', () => {
  it.each([
    [[], true],
    [['vllm', 'serve'], true],
    [['/usr/local/bin/vllm', 'serve'], true],
    [['vllm', 'bench'], false],
    [['python3', '-m', 'sglang.launch_server'], false],
  ])('%j: %s', (command, expected) => expect(isVllm({ ...launch(''), command })).toBe(expected));
});

describe('startVllm', () => {
  it('reads a whole command line', () => {
    const result = startVllm(
      launch(
        'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B --host 0.0.0.0 --port 8000 --served-model-name chat r1 --dtype half ' +
          '--tensor-parallel-size 2 --max-model-len 32k --gpu-memory-utilization 0.9 --max-num-seqs 64 --kv-cache-dtype auto ' +
          '--shutdown-timeout 300 --disable-access-log-for-endpoints /health,/metrics --num-gpu-blocks-override 1000',
        a100,
        2,
      ),
    );
    expect(result).toEqual({
      accepted: true,
      engine: {
        model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B',
        servedNames: ['chat', 'r1'],
        maxModelLen: 32_000,
        maxNumSeqs: 64,
        apiKeys: [],
        shutdownTimeoutSeconds: 300,
        reasoning: 'inline',
        port: 8000,
        kvCacheTokens: 16_000,
        gpuMemoryUtilization: 0.9,
      },
    });
  });

  it('serves a model under its own name, and takes the API key from the environment', () => {
    const result = startVllm({ ...launch('org/m'), environment: new Map([['VLLM_API_KEY', 'secret']]) });
    expect(result).toMatchObject({
      accepted: true,
      engine: { servedNames: ['org/m'], apiKeys: ['secret'], reasoning: 'none' },
    });
  });

  it.each([
    ['m --max-modell-len 5', 2, 'vllm: error: unrecognized arguments: --max-modell-len 5'],
    ['m --task generate', 2, 'vllm: error: unrecognized arguments: --task generate'],
    ['m another', 2, 'vllm: error: unrecognized arguments: another'],
    [
      'm --dtype fp16',
      2,
      "vllm serve: error: argument --dtype: invalid choice: 'fp16' (choose from 'auto', 'bfloat16', 'float', 'float16', 'float32', 'half')",
    ],
    ['m --max-num-seqs many', 2, "vllm serve: error: argument --max-num-seqs: invalid int value: 'many'"],
    [
      'm --max-model-len 32kb',
      2,
      "vllm serve: error: argument --max-model-len: invalid human_readable_int value: '32kb'",
    ],
    [
      'm --tensor-parallel-size 0',
      1,
      'tensor_parallel_size\n(APIServer pid=1)   Input should be greater than or equal to 1',
    ],
    ['m --gpu-memory-utilization 1.5', 1, 'Input should be less than or equal to 1'],
    [
      'm --max-num-batched-tokens 16 --max-num-seqs 32',
      1,
      'max_num_batched_tokens (16) must be greater than or equal to max_num_seqs (32)',
    ],
    ['m --tensor-parallel-size 2', 1, 'World size (2) is larger than the number of available GPUs (1) in this node.'],
  ])('refuses %s with status %d', (args, exitCode, words) => {
    const result = refusal(startVllm(launch(args)));
    expect(result.exitCode).toBe(exitCode);
    expect(result.log).toContain(words);
    expect(terminationMessage(result.log)).toContain(words);
  });

  it('refuses bfloat16 on a T4, and leaves the cause in the log alone, as vLLM does', () => {
    const result = refusal(startVllm(launch('m --dtype bfloat16', t4)));
    expect(result.exitCode).toBe(1);
    expect(result.log).toContain('Your Tesla T4 GPU has compute capability 7.5.');
    const message = terminationMessage(result.log);
    expect(message).toContain('RuntimeError: Engine core initialization failed. See root cause above.');
    expect(message).not.toContain('Bfloat16');
  });

  it.each([
    ['m --dtype bfloat16', a100],
    ['m --dtype half', t4],
    ['m --dtype auto', t4],
  ])('accepts %s on %j', (args, gpu) => expect(startVllm(launch(args, gpu)).accepted).toBe(true));

  it.each([
    ['m', 'vllm/vllm-openai:v0.32.0', 'RuntimeError: Failed to infer device type'],
    ['m --dtype bfloat16 -tp 2', 'vllm/vllm-openai-cpu:v0.32.0', undefined],
  ])('%s without a GPU in %s: %s', (args, image, words) => {
    const { command, args: split, environment } = launch(args);
    const result = startVllm({ command, args: split, environment, image, gpuCount: 0 });
    if (words === undefined) expect(result.accepted).toBe(true);
    else expect(refusal(result).log).toContain(words);
  });

  const t4With = { ...t4, memoryGiB: 15 };
  const a100With = { ...a100, memoryGiB: 80 };
  const h100 = { name: 'NVIDIA H100 80GB HBM3', computeCapability: 9, memoryGiB: 79.6 };
  it.each<[string, NodeGpu, number, string]>([
    ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B -tp 3', a100With, 3, 'attention heads (28) must be divisible by tensor'],
    ['deepseek-ai/DeepSeek-R1-Distill-Llama-8B --dtype half', t4With, 1, 'CUDA out of memory'],
    ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B --dtype half', t4With, 1, 'No available memory for the cache blocks'],
    ['deepseek-ai/deepseek-llm-67b-chat --max-model-len 4096', a100With, 1, 'CUDA out of memory'],
    ['deepseek-ai/DeepSeek-R1 -tp 8 --max-model-len 4096', h100, 8, 'CUDA out of memory'],
    [
      'deepseek-ai/DeepSeek-R1-Distill-Qwen-32B --max-model-len 131072',
      a100With,
      1,
      "model's max seq len (131072), (32.00 GiB KV cache is needed",
    ],
    [
      'deepseek-ai/deepseek-llm-7b-chat --max-model-len 4096',
      { ...a100, name: 'NVIDIA A100-SXM4-80GB MIG 1g.10gb', memoryGiB: 9.5, slice: true },
      1,
      'CUDA out of memory',
    ],
  ])('refuses %s on %j x %d', (args, gpu, count, words) => {
    const result = refusal(startVllm(launch(args, gpu, count)));
    expect(result).toMatchObject({ exitCode: 1, log: expect.stringContaining(words) });
  });

  it.each<[string, NodeGpu, number]>([
    ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B --dtype half -tp 2 --max-model-len 8192', t4With, 2],
    ['RedHatAI/DeepSeek-R1-Distill-Qwen-7B-quantized.w8a8 --dtype half --max-model-len 8192', t4With, 1],
    ['deepseek-ai/deepseek-llm-67b-chat -tp 2 --max-model-len 4096', a100With, 2],
    ['deepseek-ai/DeepSeek-R1 -tp 8 --max-model-len 131072', { ...h100, memoryGiB: 140 }, 8],
    ['org/unknown', t4With, 1],
  ])('accepts %s on %j x %d', (args, gpu, count) => {
    expect(startVllm(launch(args, gpu, count)).accepted).toBe(true);
  });
});
