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

  it('does not look for GPUs on a CPU node', () => {
    const { command, args, environment } = launch('m --dtype bfloat16 -tp 2');
    expect(startVllm({ command, args, environment, gpuCount: 0 }).accepted).toBe(true);
  });
});
