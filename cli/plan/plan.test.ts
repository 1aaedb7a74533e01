import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { parse } from 'yaml';
import { kubectl, type ShellOptions } from '../testing.ts';

const header = { apiVersion: 'deepseek-operator.io/v1alpha1', kind: 'DeepSeekDeployment' };
const chat = {
  ...header,
  metadata: { name: 'chat', namespace: 'ai' },
  spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } },
};
const tooBig = {
  ...header,
  metadata: { name: 'big' },
  spec: { model: { name: 'deepseek-llm-67b-chat' }, accelerator: { type: 'A100-80GB', count: 1 } },
};
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hf' } };

/** Plans objects that come in on standard input. */
const planned = (objects: readonly object[], args: readonly string[] = [], options: ShellOptions = {}) =>
  kubectl(['plan', '-f', '-', ...args], {
    ...options,
    input: objects.map((object) => JSON.stringify(object)).join('\n---\n'),
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('an accepted plan', () => {
  it('is a document of this shape in JSON, and the status is 0', async () => {
    const { status, stdout, stderr } = await planned([chat], ['-o', 'json']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'chat',
      namespace: 'ai',
      accepted: true,
      reason: 'Planned',
      message:
        'deepseek-r1-distill-qwen-7b in BF16 fits on 1 x A100-80GB, with room for 7.8 sequences of 131,072 tokens',
      alternatives: [],
      plan: {
        engine: 'vLLM',
        quantization: 'BF16',
        tensorParallel: 1,
        pipelineParallel: 1,
        gpusPerReplica: 1,
        weightsGiBPerGPU: 14.19,
        kvCacheTokens: expect.any(Number),
        maxConcurrency: 7.8,
        startupBudgetSeconds: 540,
        warnings: [],
        command: expect.arrayContaining(['vllm', 'serve', 'deepseek-ai/DeepSeek-R1-Distill-Qwen-7B']),
      },
    });
  });

  it('is the same in YAML', async () => {
    const [json, yaml] = await Promise.all([planned([chat], ['-o', 'json']), planned([chat], ['-o', 'yaml'])]);
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout));
  });

  it('is told to people: memory, context, time and the command', async () => {
    const { stdout } = await planned([chat]);
    expect(stdout).toMatch(/^ai\/chat {2}accepted\n/);
    expect(stdout).toMatch(/weights +14\.2 GiB +18 %/);
    expect(stdout).toContain('131,072 tokens, 7.8 at once');
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/Start download .* expect about [0-9]+ min, budget [0-9]+ min /);
    expect(stdout).toContain('vllm serve deepseek-ai/DeepSeek-R1-Distill-Qwen-7B');
  });

  it('keeps to the width of the terminal', async () => {
    const { stdout } = await planned([chat, tooBig], [], {
      terminal: { isTTY: true, columns: 72 },
      env: { NO_COLOR: '1' },
    });
    expect(stdout.split('\n').filter((line) => line.length > 72)).toEqual([]);
  });

  const escape = String.fromCharCode(27);
  test.each([
    ['a terminal', { terminal: { isTTY: true } }, true],
    ['a terminal with NO_COLOR', { terminal: { isTTY: true }, env: { NO_COLOR: '1' } }, false],
    ['a pipe', {}, false],
  ])('is coloured on %s: %#', async (_, options, coloured) => {
    const { stdout } = await planned([chat], [], options);
    expect(stdout.includes(escape)).toBe(coloured);
  });
});

test('a plan for a slice of a GPU names the slice', async () => {
  const accelerator = { type: 'A100-80GB', resourceName: 'nvidia.com/mig-3g.40gb' };
  const { stdout } = await planned([{ ...chat, spec: { ...chat.spec, accelerator } }], ['-o', 'json']);
  expect((JSON.parse(stdout) as { message: string }).message).toContain('fits on nvidia.com/mig-3g.40gb of A100-80GB');
});

describe('a refused plan', () => {
  it('says why and what would fit, without a plan, and the status is 1', async () => {
    const { status, stdout } = await planned([tooBig], ['-o', 'json']);
    expect(status).toBe(1);
    const verdict = JSON.parse(stdout) as { alternatives: unknown[] };
    expect(verdict).toMatchObject({
      accepted: false,
      reason: 'InsufficientGPUMemory',
      message: 'deepseek-llm-67b-chat in BF16 needs 125.6 GiB of weights per GPU; an A100-80GB gives 71.2 GiB',
      memory: { usableGiBPerGPU: 71.19, weightsGiBPerGPU: 125.59, tokens: 4096 },
    });
    expect(verdict).not.toHaveProperty('plan');
    expect(verdict.alternatives).toContainEqual({
      summary: expect.any(String),
      change: { accelerator: { count: 2 } },
      model: 'deepseek-llm-67b-chat',
      quantization: 'BF16',
      engine: 'vLLM',
      accelerator: 'A100-80GB',
      resourceName: 'nvidia.com/gpu',
      gpusPerReplica: 2,
      maxModelLen: 4096,
      maxConcurrency: expect.any(Number),
    });
  });

  it('shows people what to write', async () => {
    const { stdout } = await planned([tooBig]);
    expect(stdout).toContain('big  refused: InsufficientGPUMemory');
    expect(stdout).toContain('What would fit, the cheapest first:');
    expect(stdout).toMatch(/BF16 +2 × A100-80GB .*4k +[0-9.]+\n +spec: \{accelerator: \{count: 2\}\}\n/);
  });
});

describe('several documents', () => {
  it('are a list, in their order; one refused makes the status 1', async () => {
    const { status, stdout } = await planned([secret, chat, tooBig], ['-o', 'json']);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'chat' }, { name: 'big' }]);
  });

  it('may come in a List', async () => {
    const list = { apiVersion: 'v1', kind: 'List', items: [secret, chat] };
    const { status, stdout } = await planned([list], ['-o', 'json']);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'chat' });
  });
});

describe('several files', () => {
  const write = async (name: string, object: object | string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, typeof object === 'string' ? object : JSON.stringify(object));
    return path;
  };
  const files = (...paths: string[]) => kubectl(['plan', ...paths.flatMap((path) => ['-f', path]), '-o', 'json']);

  it('are all planned, in their order', async () => {
    const [first, second] = [await write('a.yaml', chat), await write('b.yaml', tooBig)];
    const { status, stdout } = await files(first, second);
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'chat' }, { name: 'big' }]);
    expect((await files(first, first)).status).toBe(0);
  });

  it('end with the worst of their statuses', async () => {
    const paths = [await write('a.yaml', tooBig), join(folder, 'missing.yaml'), await write('b.yaml', chat)];
    const { status, stdout, stderr } = await files(...paths);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: cannot read .*missing\.yaml: ENOENT.*\n$/);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'big' }, { name: 'chat' }]);
  });
});

describe('an invalid file', () => {
  const yaml = `
apiVersion: deepseek-operator.io/v1alpha1
kind: DeepSeekDeployment
metadata: {name: chat}
spec:
  model: {name: deepseek-r1-distill-qwen-7b}
  accelerator:
    type: T4
    count: 0
`;
  it('is named with line and field, and the status is 2', async () => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, yaml);
    const { status, stdout, stderr } = await kubectl(['plan', '-f', file]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error: ${file}:9: spec\\.accelerator\\.count: `));
  });

  test.each([
    ['nothing of ours', JSON.stringify(secret), 'standard input: there is no DeepSeekDeployment in it'],
    ['nothing at all', '', 'standard input: there is no DeepSeekDeployment in it'],
    ['no YAML', 'a: [1', 'standard input:1: '],
    ['no object', 'just text', 'standard input:1: not a Kubernetes object: it has no kind'],
    [
      'a field that does not exist',
      yaml.replace('count: 0', 'cuont: 1'),
      'standard input:9: spec.accelerator.cuont: unknown field',
    ],
    [
      'another kind of our group',
      yaml.replace('kind: DeepSeekDeployment', 'kind: DeepSeekDeploymnet'),
      'standard input:3: kind: "DeepSeekDeploymnet" is no kind of deepseek-operator.io, which has DeepSeekDeployment',
    ],
  ])('that has %s', async (_, input, message) => {
    const { status, stdout, stderr } = await kubectl(['plan', '-f', '-'], { input });
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`error: ${message}`);
  });

  it('is reported by what is wrong with it, and the others in it are planned', async () => {
    const input = [chat, yaml, tooBig].map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
    const { status, stdout, stderr } = await kubectl(['plan', '-f', '-', '-o', 'json'], {
      input: input.join('\n---\n'),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: standard input:11: spec\.accelerator\.count: .*\n$/);
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'chat' }, { name: 'big' }]);
  });

  it('that aliases itself to death ends at once', async () => {
    const levels = Array.from(
      { length: 20 },
      (_, level) => `l${level + 1}: &l${level + 1} [*l${level}, *l${level}, *l${level}]`,
    );
    const { status, stderr } = await kubectl(['plan', '-f', '-'], {
      input: ['kind: X', 'l0: &l0 [x]', ...levels].join('\n'),
    });
    expect(status).toBe(2);
    expect(stderr).toMatch(/alias/i);
  });

  it('that does not exist', async () => {
    const { status, stderr } = await kubectl(['plan', '-f', join(folder, 'missing.yaml')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^error: cannot read .*missing\.yaml: ENOENT/);
  });
});

describe('usage', () => {
  test.each([
    [['plan'], 2, 'say what to plan: -f FILE, --matrix MODEL, or --rollout NAME'],
    [['plan', '-f', '-', '-o', 'xml'], 2, "argument 'xml' is invalid"],
    [['pln'], 2, "unknown command 'pln'"],
    [['plan', '-f', '-', '-f', '-'], 2, '-f - reads standard input, and only once'],
    [['plan', '-f', '-', 'stray'], 2, 'too many arguments'],
    [['plan', '--matrix', 'deepseek-r1', '--context', 'long'], 2, 'has to be a number of tokens such as 32768 or 32k'],
    [['plan', '--rollout', 'chat', '--matrix', 'deepseek-r1'], 2, '--rollout and --matrix exclude each other'],
    [['plan', '--matrix', 'deepseek-r1', '-n', 'ai'], 2, '-n and --kubeconfig are for --rollout'],
    [['plan', '--rollout', 'pod/chat'], 2, 'is no NAME of a DeepSeekDeployment'],
    [['status', 'chat', '--timeout', '5m'], 2, 'it needs --wait'],
    [['promote'], 2, "missing required argument 'name'"],
    [['promote', 'chat', '--timeout', 'soon'], 2, 'such as 90s or 10m'],
  ])('%j ends with %d', async (args, expected, message) => {
    const { status, stderr } = await kubectl(args);
    expect(status).toBe(expected);
    expect(stderr).toContain(message);
  });

  it('prints version and help with status 0', async () => {
    expect(await kubectl(['--version'])).toEqual({ status: 0, stdout: '1.2.3\n', stderr: '' });
    const help = await kubectl(['plan', '--help']);
    expect(help).toMatchObject({ status: 0, stderr: '' });
    expect(help.stdout).toContain('Exit status: 0 accepted, 1 refused, 2 a file is invalid, 3 no cluster.');
  });
});
