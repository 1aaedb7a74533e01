import { describe, expect, it } from '@jest/globals';
import { CATALOG, type Catalog } from '../../operator/catalog/index.ts';
import { renderModelsReference } from './models-reference.ts';

const pick = <T extends { readonly name: string }>(entries: readonly T[], ...names: string[]): T[] =>
  entries.filter(({ name }) => names.includes(name));

const small: Catalog = {
  ...CATALOG,
  models: pick(CATALOG.models, 'deepseek-r1-distill-qwen-7b', 'deepseek-v2', 'deepseek-v2-chat', 'deepseek-v4-pro'),
  accelerators: pick(CATALOG.accelerators, 'T4', 'A100-80GB'),
};

describe('the page of the models', () => {
  const page = renderModelsReference(small);

  it('has a table for each model: GPUs in rows, the formats that run somewhere in columns', () => {
    const [, section = ''] = page.split('## deepseek-r1-distill-qwen-7b\n\n');
    const [header = '', , t4 = '', a100 = ''] = section.split('\n');
    expect(header).toMatch(/^\| GPU \| FP32 \| BF16 \| FP16 \| FP8 \|/);
    // Weights of 14.2 GiB in 16-bit need two T4, which have no BF16.
    expect(t4).toMatch(/^\| T4 \| .* \| format \| \*\*2\*\* [0-9]+k × [0-9.]+ \|/);
    expect(a100).toMatch(/^\| A100-80GB \| .* \| \*\*1\*\* 128k × 7 \| \*\*1\*\* 128k × 7 \|/);
    expect(section).toContain('Nowhere: ');
  });

  it('has one table for models whose tables are equal, and a link to it from each', () => {
    expect(page).toContain('The same for deepseek-v2-chat.');
    expect(page).toContain('| [deepseek-v2-chat](#deepseek-v2) | 236B | 160 experts, MLA | 128k | bfloat16 |');
  });

  it('says what cannot be computed instead of computing it', () => {
    expect(page).toMatch(/## deepseek-v4-pro\n\nPlanned only from numbers that you measured: /);
  });

  it('explains each word once, with its reason', () => {
    expect(page.match(/^\| nodes \| \[NeedsMultipleNodes\]\(reasons\.md#needsmultiplenodes\)/gm)).toHaveLength(1);
  });

  it('gets a section by one entry more', () => {
    const [model] = pick(CATALOG.models, 'deepseek-r1-distill-qwen-7b');
    const added = { ...small, models: [...small.models, { ...model!, name: 'mine', checkpoints: {} }] };
    expect(renderModelsReference(added)).toContain('\n## mine\n\n| GPU |');
  });
});
