import { describe, expect, it, test } from '@jest/globals';
import type { Terminal } from '../support/terminal.ts';
import { displayWidth } from '../support/text.ts';
import { kubectl } from '../testing.ts';
import { type Combination, type CombinationPlan, type Matrix, matrixOf } from './matrix.ts';
import { renderMatrix } from './view.ts';

const terminal = (width: number, change: Partial<Terminal> = {}): Terminal => ({
  width,
  colour: false,
  unicode: true,
  interactive: true,
  ...change,
});

const plan: CombinationPlan = {
  engine: 'vLLM',
  gpusPerReplica: 1,
  tensorParallel: 1,
  pipelineParallel: 1,
  maxModelLen: 131_072,
  maxConcurrency: 7.8,
  kvCacheTokens: 1_025_295,
  weightsGiBPerGPU: 14.2,
  hostMemoryGiB: 18,
  startupBudgetSeconds: 540,
  warnings: [],
};

const runs = (accelerator: string, quantization: Combination['quantization'], change = {}): Combination => ({
  accelerator,
  quantization,
  accepted: true,
  reason: 'Planned',
  plan: { ...plan, ...change },
});

const refused = (
  accelerator: string,
  quantization: Combination['quantization'],
  reason: Combination['reason'],
): Combination => ({
  accelerator,
  quantization,
  accepted: false,
  reason,
  message: `no ${quantization} on ${accelerator}`,
});

const SMALL: Matrix = {
  model: 'deepseek-r1-distill-qwen-7b',
  parameters: 7_615_616_512,
  combinations: [
    runs('CPU', 'BF16', { gpusPerReplica: 0, maxModelLen: 8192, maxConcurrency: 4 }),
    refused('CPU', 'INT8', 'UnsupportedQuantization'),
    refused('CPU', 'AWQ', 'UnsupportedQuantization'),
    refused('T4', 'BF16', 'UnsupportedQuantization'),
    runs('T4', 'INT8', { gpusPerReplica: 2, maxModelLen: 30_720, maxConcurrency: 1.84 }),
    refused('T4', 'AWQ', 'UnsupportedQuantization'),
    runs('H200', 'BF16', { maxConcurrency: 1234 }),
    refused('H200', 'INT8', 'InsufficientGPUMemory'),
    refused('H200', 'AWQ', 'NoMemoryModel'),
  ],
};

describe('the matrix on a terminal', () => {
  it('has GPUs in rows and formats in columns, and explains its words once', () => {
    expect(renderMatrix(SMALL, terminal(80))).toBe(`deepseek-r1-distill-qwen-7b
  7.62B parameters, in each cell with the longest context that suits it

  GPU    BF16        INT8
  CPU    18Gi        format
         8k×4
  T4     format      2
                     30k×1.8
  H200   1           memory
         128k×1.2k

  GPUs of a replica (without GPUs its memory); below, the context in tokens and
  how many sequences of that length fit at once

  format  UnsupportedQuantization: This accelerator does not compute that
          format, or this engine or model has no weights in it.
  memory  InsufficientGPUMemory: Weights, overhead and a minimum of KV cache do
          not fit into the memory of the GPUs.
  AWQ     nowhere. NoMemoryModel: no AWQ on H200
`);
  });

  it('has one line for each GPU where the context is given', () => {
    const text = renderMatrix({ ...SMALL, context: 32_768 }, terminal(80, { unicode: false }));
    expect(text).toContain('with a context of 32,768 tokens');
    expect(text).toMatch(/^ {2}CPU +18Gi x4 +format\n {2}T4 +format +2 x1\.8\n {2}H200 +1 x1\.2k +memory\n$/m);
  });

  it('says no to all formats at once when nothing runs for one and the same reason', () => {
    const nothing = SMALL.combinations.map((each) => ({
      ...refused('T4', each.quantization, 'NoMemoryModel'),
      message: 'x',
    }));
    expect(
      renderMatrix({ ...SMALL, combinations: nothing }, terminal(80))
        .split('\n')
        .slice(2),
    ).toEqual(['', '  all  nowhere. NoMemoryModel: x', '']);
  });

  test.each(['deepseek-r1-distill-qwen-1.5b', 'deepseek-v3', 'deepseek-v4-pro'])('keeps to every width: %s', (name) => {
    const matrix = matrixOf(name, undefined);
    for (const width of [48, 60, 80, 100, 200]) {
      const lines = renderMatrix(matrix, terminal(width)).split('\n');
      expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
    }
  });
});

describe('kubectl deepseek plan --matrix', () => {
  it('prints every combination as JSON, and ends with 0 if one runs', async () => {
    const { status, stdout, stderr } = await kubectl(['plan', '--matrix', 'deepseek-r1', '-o', 'json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { combinations } = JSON.parse(stdout) as Matrix;
    const found = (accelerator: string, quantization: string) =>
      combinations.find((each) => each.accelerator === accelerator && each.quantization === quantization);
    // The published requirements: 8 x H200, or two nodes of 8 x H100.
    expect(found('H200', 'FP8')).toMatchObject({ accepted: true, plan: { gpusPerReplica: 8, tensorParallel: 8 } });
    expect(found('H100', 'FP8')).toMatchObject({
      accepted: false,
      reason: 'NeedsMultipleNodes',
      message: expect.any(String),
    });
  });

  it('takes a context in thousands, for which fewer combinations fit', async () => {
    const { stdout } = await kubectl([
      'plan',
      '--matrix',
      'deepseek-r1-distill-qwen-7b',
      '--context',
      '64k',
      '-o',
      'json',
    ]);
    const { context, combinations } = JSON.parse(stdout) as Matrix;
    expect(context).toBe(65_536);
    expect(combinations.flatMap(({ plan: each }) => each?.maxModelLen ?? []).every((tokens) => tokens === 65_536)).toBe(
      true,
    );
  });

  test.each([
    [['--matrix', 'DeepSeek-R1', '-o', 'json'], 0, ''],
    [['--matrix', 'DeepSek-R1'], 1, 'no model "DeepSek-R1" in the catalogue: did you mean deepseek-r1'],
    [['--matrix', 'deepsek-r1'], 1, 'no model "deepsek-r1" in the catalogue: did you mean deepseek-r1'],
    [['--matrix', 'deepseek-llm-7b-chat', '--context', '1000000', '-o', 'json'], 1, ''],
    [['--matrix', 'deepseek-r1', '-f', '-'], 2, 'exclude each other'],
    [['--matrix', 'deepseek-r1', '--context', 'long'], 2, 'such as 32768 or 32k'],
    [['-f', '-', '--context', '32k'], 2, '--context is for --matrix'],
  ])('%j ends with %d', async (args, expected, message) => {
    const { status, stderr } = await kubectl(['plan', ...args]);
    expect(status).toBe(expected);
    expect(stderr).toContain(message);
  });
});
