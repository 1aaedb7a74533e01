import { describe, expect, it, test } from '@jest/globals';
import { parse } from 'yaml';
import { CATALOG } from '../../operator/catalog/index.ts';
import { displayWidth } from '../support/text.ts';
import { kubectl } from '../testing.ts';

const KINDS = ['models', 'accelerators', 'engines'] as const;
const at = (columns: number) => ({ terminal: { isTTY: true, columns }, env: { NO_COLOR: '1' } });
const catalog = async (...args: string[]) => (await kubectl(['catalog', ...args])).stdout;

describe('a list', () => {
  test.each([
    ['models', CATALOG.models.map(({ name }) => name)],
    ['accelerators', CATALOG.accelerators.map(({ name }) => name)],
    ['engines', CATALOG.engines.flatMap(({ type, versions }) => versions.map(() => type))],
  ])('of %s has all of them, in the order of the catalogue', async (kind, names) => {
    const lines = (await catalog(kind)).trimEnd().split('\n');
    expect(lines.slice(1).map((line) => line.split(/ {2,}/)[0])).toEqual(names);
  });

  it('says of a model what it is', async () => {
    expect(await catalog('models')).toMatch(
      /^deepseek-v2-lite +15\.7B +64 experts, MLA +32k +BF16 +29\.3 GiB +- +DeepSeek model agreement/m,
    );
    expect(await catalog('models')).toMatch(/^deepseek-v4-pro +1\.60T +\? +1M /m);
  });

  it('says of an accelerator what it is', async () => {
    expect(await catalog('accelerators')).toMatch(
      /^A100-40GB +39\.4 GiB +8\.0 +NVLink +8 +nvidia\.com\/gpu +6 profiles +GPUFeatureDiscovery, GKE, Karpenter, AKS$/m,
    );
    expect(await catalog('accelerators')).toMatch(/^CPU +the host's +- +- /m);
  });

  it('says of an engine what it is', async () => {
    expect(await catalog('engines')).toMatch(
      /^llama\.cpp +b[0-9]+ +GPU UnifiedMemory CPU +GGUF +8080 +Cuts +ghcr\.io/m,
    );
  });

  it.each(KINDS)('of %s leaves out columns rather than break its lines', async (kind) => {
    for (const columns of [60, 80, 120, 200]) {
      const { stdout } = await kubectl(['catalog', kind], at(columns));
      expect(stdout.split('\n').filter((line) => displayWidth(line) > columns)).toEqual([]);
    }
    const [narrow = '', wide = ''] = await Promise.all(
      [60, 200].map(async (columns) => (await kubectl(['catalog', kind], at(columns))).stdout.split('\n')[0]),
    );
    expect(wide.split(/ {2,}/).length).toBeGreaterThan(narrow.split(/ {2,}/).length);
  });

  it.each(KINDS)('of %s is the same in JSON and YAML', async (kind) => {
    const [json, yaml] = await Promise.all([catalog(kind, '-o', 'json'), catalog(kind, '-o', 'yaml')]);
    expect(parse(yaml)).toEqual(JSON.parse(json));
    expect((JSON.parse(json) as { items: unknown[] }).items).toHaveLength(CATALOG[kind].length);
  });
});

describe('one entry', () => {
  test.each([
    [
      'models',
      'deepseek-r1',
      [/^Native format +FP8, 641\.3 GiB of weights\n/m, /^Licence +MIT\n/m, /^Published as +.*INT8/ms],
    ],
    ['models', 'deepseek-v2-lite', [/at most 163,840 by its config/, /latent attention of 512 \+ 64/]],
    ['models', 'deepseek-llm-7b', [/^deepseek-llm-7b-chat\n/, /^Also named +deepseek-llm-7b\n/m]],
    [
      'accelerators',
      'h200',
      [/^Memory +139\.7 GiB for a process/m, /nvidia\.com\/mig-3g\.71gb/, /^Node labels +GPUFeatureDiscovery/m],
    ],
    [
      'engines',
      'vllm',
      [/^Formats +.*FP8 +from 8\.9/ms, /^Endpoints +port 8000/m, /^At SIGTERM +ends running requests/m],
    ],
  ])('%s %s', async (kind, name, expected) => {
    const text = await catalog(kind, name);
    for (const pattern of expected) expect(text).toMatch(pattern);
    expect(text).toMatch(/^Sources\n\w+ +\S/m);
  });

  it('is the entry itself in JSON, with what is computed from it', async () => {
    const model = JSON.parse(await catalog('models', 'deepseek-r1-distill-qwen-7b', '-o', 'json')) as object;
    expect(model).toMatchObject({
      name: 'deepseek-r1-distill-qwen-7b',
      parameters: 7_615_616_512,
      checkpointGiB: 14.19,
    });
  });

  test.each([
    [['models', 'deepsek-v3'], 1, 'no model "deepsek-v3" in the catalogue: did you mean deepseek-v3'],
    [['models', 'gpt'], 1, '`kubectl deepseek catalog models` lists'],
    [['accelerators', 'V100'], 1, 'no accelerator "V100" in the catalogue'],
    [['engines', 'FastLLM'], 1, 'no engine "FastLLM" in the catalogue'],
    [['gpus'], 2, 'Allowed choices are models, accelerators, engines'],
    [[], 2, "missing required argument 'kind'"],
  ])('%j ends with %d', async (args, expected, message) => {
    const { status, stdout, stderr } = await kubectl(['catalog', ...args]);
    expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
    expect(stderr).toContain(message);
  });
});
