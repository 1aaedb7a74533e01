import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import type { Terminal } from '../support/terminal.ts';
import { displayWidth } from '../support/text.ts';
import { changeLine } from './alternatives.ts';
import { shares } from './memory-bar.ts';
import { memoryParts } from './memory-picture.ts';
import { ACCEPTED, PLAN, REFUSED } from './testdata.ts';
import type { PlanOutput } from './verdict.ts';
import { renderVerdicts } from './view.ts';

const terminal = (width: number, change: Partial<Terminal> = {}): Terminal => ({
  width,
  colour: false,
  unicode: true,
  interactive: true,
  ...change,
});

const drawn = (plan: Partial<PlanOutput>, at = terminal(80)): string =>
  renderVerdicts([{ ...ACCEPTED, plan: { ...PLAN, ...plan } }], at);

describe('an accepted plan', () => {
  it('is drawn on a terminal of 80 columns', () => {
    expect(renderVerdicts([ACCEPTED], terminal(80))).toBe(
      `
ai/chat  accepted
  deepseek-r1-distill-qwen-14b in BF16 fits on 2 x L4, with room for 5.3
  sequences of 8,192 tokens

  Engine        vLLM 0.32.0 (vllm/vllm-openai:v0.32.0)
  Weights       deepseek-ai/DeepSeek-R1-Distill-Qwen-14B, BF16, 27.5 GiB of
                files
  GPUs          2 × L4, tensor parallel 2
  Each GPU      ███████████████████████████████████▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒░░░░░ 22.0 GiB
                █  weights   13.8 GiB  63 %  BF16
                ▓  overhead   2.0 GiB   9 %  activations, graphs, buffers
                ▒  KV cache   4.0 GiB  18 %  43,690 tokens in a replica
                ░  not used   2.2 GiB  10 %  vLLM may use 19.8 GiB
  Context       8,192 tokens, 5.3 at once; at most 12 sequences run together
  Host          6 CPU, 14 GiB of memory (limit 18 GiB), 4 GiB shared memory, 33
                GiB disk
  Start         download 3 min, load 1 min, compile 2 min, warm up 5 s: expect
                about 6 min, budget 12 min
  Command       vllm serve deepseek-ai/DeepSeek-R1-Distill-Qwen-14B \\
                  --port 8000 --tensor-parallel-size 2 --max-model-len 8192 \\
                  --gpu-memory-utilization 0.90
  Warnings      2 L4 share every layer over PCIe, which costs latency
`.trimStart(),
    );
  });

  it('is drawn on a narrow one, in ASCII', () => {
    expect(renderVerdicts([ACCEPTED], terminal(60, { unicode: false }))).toBe(
      `
ai/chat  accepted
  deepseek-r1-distill-qwen-14b in BF16 fits on 2 x L4, with
  room for 5.3 sequences of 8,192 tokens

  Engine        vLLM 0.32.0 (vllm/vllm-openai:v0.32.0)
  Weights       deepseek-ai/DeepSeek-R1-Distill-Qwen-14B,
                BF16, 27.5 GiB of files
  GPUs          2 x L4, tensor parallel 2
  Each GPU      ######################%%%======.... 22.0 GiB
                #  weights   13.8 GiB  63 %  BF16
                %  overhead   2.0 GiB   9 %  activations,
                                             graphs, buffers
                =  KV cache   4.0 GiB  18 %  43,690 tokens
                                             in a replica
                .  not used   2.2 GiB  10 %  vLLM may use
                                             19.8 GiB
  Context       8,192 tokens, 5.3 at once; at most 12
                sequences run together
  Host          6 CPU, 14 GiB of memory (limit 18 GiB), 4
                GiB shared memory, 33 GiB disk
  Start         download 3 min, load 1 min, compile 2 min,
                warm up 5 s: expect about 6 min, budget 12
                min
  Command       vllm serve \\
                  deepseek-ai/DeepSeek-R1-Distill-Qwen-14B \\
                  --port 8000 --tensor-parallel-size 2 \\
                  --max-model-len 8192 \\
                  --gpu-memory-utilization 0.90
  Warnings      2 L4 share every layer over PCIe, which
                costs latency
`.trimStart(),
    );
  });

  it('does not stretch over a wide one', () => {
    const lines = renderVerdicts([ACCEPTED], terminal(200)).split('\n');
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(120);
    expect(lines[6]).toBe(
      '  Each GPU      █████████████████████████████████████████████▓▓▓▓▓▓▓▒▒▒▒▒▒▒▒▒▒▒▒▒░░░░░░░ 22.0 GiB',
    );
  });

  it('has the parts of the bar in colours, on a terminal that has them', () => {
    const text = renderVerdicts([ACCEPTED], terminal(80, { colour: true }));
    expect(text).toContain('\u001b[36m█████');
    expect(text).toContain('█\u001b[39m\u001b[33m▓');
    expect(text).toContain('▓\u001b[39m\u001b[32m▒');
    expect(text).toContain('▒\u001b[39m\u001b[2m░');
  });

  test.each([
    [
      'a slice of a GPU by its resource',
      { resourceName: 'nvidia.com/mig-3g.40gb' },
      /GPUs +2 × nvidia.com\/mig-3g.40gb of L4,/,
    ],
    ['a GPU under another resource', { resourceName: 'example.com/gpu' }, /GPUs +2 × L4, example.com\/gpu,/],
    ['one token as one', { maxModelLen: 1, maxConcurrency: 43_690 }, /Context +1 token, 43,690 at once;/],
    ['the memory of a CPU', { device: 'CPU', accelerator: 'CPU', gpusPerReplica: 0 }, /Device +CPU, no GPU/],
    ['the file type of a GGUF', { quantization: 'GGUF', ggufType: 'Q4_K_M' }, /█ +weights .* Q4_K_M\n/],
    ['one GPU', { gpusPerReplica: 1, tensorParallel: 1 }, /GPUs +1 × L4\n +GPU memory +█/],
    ['experts over ranks', { expertParallel: 8 }, /tensor parallel 2, expert parallel 8\n/],
    [
      'a start that nobody estimated',
      { startup: { ...PLAN.startup, downloadSeconds: 0, loadSeconds: 0, compileSeconds: 0, warmUpSeconds: 0 } },
      /Start +budget 12 min\n/,
    ],
    ['a long start', { startup: { ...PLAN.startup, downloadSeconds: 7260 } }, /download 2 h 1 min, load 1 min/],
  ] as const)('says %s', (_, change, text) => {
    expect(drawn(change as Partial<PlanOutput>)).toMatch(text);
  });

  it('has no line for memory that is left over by rounding alone', () => {
    expect(drawn({ kvCacheGiBPerGPU: 6.19 })).not.toContain('not used');
  });
});

describe('a refused plan', () => {
  it('has what would fit as a table, the changes below the rows where there is no room beside them', () => {
    expect(renderVerdicts([REFUSED], terminal(80))).toBe(
      `
big  refused: InsufficientGPUMemory
  deepseek-r1-distill-qwen-14b in BF16 needs 27.5 GiB of weights per GPU; an L4
  gives 19.8 GiB

  What would fit, the cheapest first:
  #  FORMAT  GPUS    ENGINE     CONTEXT  AT ONCE
  1  INT8    1 × L4  vLLM            8k        2
     spec: {quantization: {type: INT8}}
  2  GGUF    CPU     llama.cpp     5000      4.5
     spec: {quantization: {type: GGUF}, accelerator: {count: null, type:
           CPU}}
`.trimStart(),
    );
  });

  it('has the changes beside them where there is', () => {
    expect(renderVerdicts([REFUSED], terminal(200)).split('\n').slice(3)).toEqual([
      '  What would fit, the cheapest first:',
      '  #  FORMAT  GPUS    ENGINE     CONTEXT  AT ONCE  CHANGE',
      '  1  INT8    1 × L4  vLLM            8k        2  spec: {quantization: {type: INT8}}',
      '  2  GGUF    CPU     llama.cpp     5000      4.5  spec: {quantization: {type: GGUF}, accelerator: {count: null, type: CPU}}',
      '',
    ]);
  });

  it('has the memory that is missing as a picture', () => {
    const memory = {
      usableGiBPerGPU: 19.8,
      weightsGiBPerGPU: 27.5,
      overheadGiBPerGPU: 2,
      kvCacheGiBPerGPU: 0.5,
      tokens: 4096,
    };
    const lines = renderVerdicts([{ ...REFUSED, alternatives: [], memory }], terminal(80)).split('\n');
    expect(lines.slice(4)).toEqual([
      '  Needs         ██████████████████████████████████████████████████▓▓▓▓▒ 30.0 GiB',
      '                █  weights   27.5 GiB  139 %',
      '                ▓  overhead   2.0 GiB   10 %  activations, graphs, buffers',
      '                ▒  KV cache   0.5 GiB    3 %  one sequence of 4,096 tokens',
      '  Gives         ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 19.8 GiB',
      '',
    ]);
  });

  it('names the slice of a GPU that would do', () => {
    const [first] = REFUSED.alternatives;
    const alternatives = [{ ...first!, accelerator: 'A100-80GB', resourceName: 'nvidia.com/mig-3g.40gb' }];
    expect(renderVerdicts([{ ...REFUSED, alternatives }], terminal(200))).toContain('1 × nvidia.com/mig-3g.40gb');
  });

  it('says no more when there is nothing', () => {
    expect(renderVerdicts([{ ...REFUSED, alternatives: [] }], terminal(200)).split('\n')).toHaveLength(3);
  });
});

describe('every width', () => {
  const words = Math.max(...PLAN.command.map((word) => word.length));
  it.each([44, 60, 72, 80, 100, 200])('of %i columns is kept to by what can be broken', (width) => {
    const lines = renderVerdicts([ACCEPTED, REFUSED], terminal(width)).split('\n');
    const unbroken = 16 + words + 4;
    expect(lines.filter((line) => displayWidth(line) > Math.max(width, unbroken))).toEqual([]);
    const bar = lines.find((line) => line.includes('█▓')) ?? '';
    expect(bar).toContain('22.0 GiB');
    expect(displayWidth(bar)).toBeLessThanOrEqual(width);
  });
});

describe('the bar', () => {
  it('divides all its columns by size, and leaves nothing out that is there', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0.001, max: 1000, noNaN: true })), {
          minLength: 1,
          maxLength: 4,
        }),
        fc.integer({ min: 4, max: 100 }),
        (sizes, cells) => {
          const counts = shares(sizes, cells);
          const total = sizes.reduce((sum, size) => sum + size, 0);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(total > 0 ? cells : 0);
          for (const [index, size] of sizes.entries()) {
            expect((counts[index] ?? 0) > 0).toBe(size > 0);
            // Never further from the exact length than the columns that small parts were given.
            expect(Math.abs((counts[index] ?? 0) - (total > 0 ? (size / total) * cells : 0))).toBeLessThanOrEqual(4);
          }
        },
      ),
    );
  });

  it('gives the odd column to the largest remainder', () => {
    expect(shares([1, 1, 2.9], 10)).toEqual([2, 2, 6]);
    expect(shares([0, 0.001, 99], 10)).toEqual([0, 1, 9]);
  });

  it('adds up to the memory of the device', () => {
    expect(memoryParts(PLAN).reduce((sum, { gib }) => sum + gib, 0)).toBeCloseTo(PLAN.gpuMemoryGiB);
  });
});

describe('a change', () => {
  test.each([
    [{ quantization: { type: 'AWQ' } }, 'spec: {quantization: {type: AWQ}}'],
    [{ accelerator: { type: 'H100', count: null } }, 'spec: {accelerator: {type: H100, count: null}}'],
    [{ engine: { version: '1.0' } }, 'spec: {engine: {version: "1.0"}}'],
  ])('%j is YAML that kubectl patch takes', (change, line) => {
    expect(changeLine(change)).toBe(line);
  });
});
