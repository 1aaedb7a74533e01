import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { DEFAULTS_KEY, KIND, parseDeepSeekDeployment, whatIsWrong } from '../../operator/api/index.ts';
import { allBlocks, inAllPages, ROOT } from './blocks.ts';
import { objectsOf, type YamlBlock, yamlBlocksOf } from './yaml.ts';

const blocks = await inAllPages(yamlBlocksOf);
const checked = blocks.filter(({ reason }) => reason === undefined);
const named = (all: readonly YamlBlock[]) => all.map((block) => [`${block.page}:${block.line}`, block] as const);
/** What pages have readers write into a file. */
const defaults = (await allBlocks()).flatMap(({ page, script }) =>
  [...script.matchAll(/cat > defaults\.yaml <<'END'\n([\s\S]*?)\nEND/g)].map(([, text = '']) => [page, text] as const),
);

it('finds whole objects and pieces', () => {
  const page = '```yaml\na: 1\n```\n```yaml of Pod spec.x\nb: 2\n```\n```yaml not-checked of another kind\nc\n```\n';
  expect(yamlBlocksOf('p', page)).toEqual([
    { page: 'p', line: 1, text: 'a: 1' },
    { page: 'p', line: 4, text: 'b: 2', of: { kind: 'Pod', path: ['spec', 'x'] } },
    { page: 'p', line: 7, text: 'c', reason: 'of another kind' },
  ]);
});

it('completes pieces, and nothing that it does not know', () => {
  const piece = (kind: string, path: readonly string[], text: string) => ({
    page: 'p',
    line: 1,
    text,
    of: { kind, path },
  });
  expect(objectsOf(piece(KIND, ['spec'], 'model: {revision: abc}\nreplicas: 2'))).toEqual([
    expect.objectContaining({
      spec: {
        ...{ model: { name: 'deepseek-r1-distill-qwen-7b', revision: 'abc' }, accelerator: { type: 'A100-80GB' } },
        replicas: 2,
      },
    }),
  ]);
  expect(() => objectsOf(piece('Pod', [], 'a: 1'))).toThrow('nobody completes');
  expect(() => objectsOf(piece(KIND, [], 'a: [1'))).toThrow('is no YAML');
});

it('finds those of this repository', () => {
  expect(blocks.length).toBeGreaterThan(8);
  expect(blocks.filter(({ reason }) => reason === '')).toEqual([]);
});

describe.each(named(checked))('the block %s', (_, block) => {
  it('is whole objects, and each DeepSeekDeployment one that the schema takes', () => {
    const objects = objectsOf(block);
    for (const { apiVersion, kind, metadata } of objects) {
      expect([typeof apiVersion, typeof kind, typeof metadata.name]).toEqual(['string', 'string', 'string']);
    }
    const parsed = objects.filter(({ kind }) => kind === KIND).map((object) => parseDeepSeekDeployment(object));
    expect(parsed.filter(({ ok }) => !ok)).toEqual([]);
  });

  it('has defaults of the operator that it takes', () => {
    const texts = objectsOf(block).flatMap(({ data }) => data?.[DEFAULTS_KEY] ?? []);
    expect(texts.map((text) => whatIsWrong(parse(text)))).toEqual(texts.map(() => undefined));
  });
});

it.each(named(blocks.filter(({ reason }) => reason !== undefined)))(
  'the block %s, which nobody checks, is YAML, and names folders of ours that are there',
  (_, { text }) => {
    expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([]);
    const folders = [...text.matchAll(/\b(?:path|chart): (?:\.\/)?((?:charts|manifests)\/\S+)$/gm)].map(
      ([, path = '']) => path,
    );
    expect(folders.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  },
);

it.each(defaults)('the defaults that %s has written into a file are ones that the operator takes', (_, text) => {
  expect(whatIsWrong(parse(text))).toBeUndefined();
});
