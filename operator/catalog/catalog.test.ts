import { describe, expect, it, test } from '@jest/globals';
import { CATALOG } from './index.ts';
import { catalogSchema } from './schema.ts';

const versions = CATALOG.engines.flatMap((engine) => engine.versions);

test('every entry has the shape that the planner reads', () => {
  expect(catalogSchema.safeParse(CATALOG).error?.issues ?? []).toEqual([]);
});

describe('every number has a source', () => {
  const withoutSource = (
    entry: object,
    sources: Readonly<Record<string, string>>,
    exempt: readonly string[],
  ): string[] => Object.keys(entry).filter((member) => !(member in sources) && !exempt.includes(member));

  test.each(CATALOG.models)('$name', (model) => {
    expect(withoutSource(model, model.sources, ['name', 'aliases', 'checkpoints', 'sources'])).toEqual([]);
  });
  test.each(CATALOG.accelerators)('$name', (accelerator) => {
    expect(withoutSource(accelerator, accelerator.sources, ['name', 'resourceName', 'sources'])).toEqual([]);
  });
  test.each(versions)('$image', (version) => {
    expect(withoutSource(version, version.sources, ['version', 'sources'])).toEqual([]);
  });
});

describe('models', () => {
  test.each(CATALOG.models)('$name is the lower-cased last segment of its repository', ({ name, repository }) => {
    expect(name).toBe(repository.split('/')[1]?.toLowerCase());
  });

  it('have names and aliases that each mean one model', () => {
    const names = CATALOG.models.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(CATALOG.models)('$name has heads that its KV heads divide', ({ architecture, contextLength }) => {
    expect(architecture.attentionHeads % architecture.kvHeads).toBe(0);
    expect(contextLength.card).toBeLessThanOrEqual(contextLength.config);
  });

  it('have checkpoints only of quantizations that need one', () => {
    const types = CATALOG.models.flatMap(({ checkpoints }) => Object.keys(checkpoints));
    const native = CATALOG.quantizations.filter(({ weights }) => weights === 'Native').map(({ type }) => type);
    expect(types.filter((type) => native.includes(type as (typeof native)[number]))).toEqual([]);
  });
});

describe('accelerators', () => {
  it('are told apart by their labels: no node of one looks like another', () => {
    const selectors = CATALOG.accelerators.flatMap(({ name, nodeLabels }) =>
      nodeLabels.flatMap(({ requirements }) => {
        // Every combination of values that one node may show.
        const combinations = requirements.reduce<string[]>(
          (sofar, { key, values }) => sofar.flatMap((one) => values.map((value) => `${one} ${key}=${value}`)),
          [''],
        );
        return combinations.map((labels) => ({ name, labels }));
      }),
    );
    const shared = selectors.filter(({ name, labels }) =>
      selectors.some((other) => other.labels === labels && other.name !== name),
    );
    expect(shared).toEqual([]);
  });

  test.each(CATALOG.accelerators)('$name shows a process no more memory than it has', ({ memory }) => {
    expect(memory.visibleGiB).toBeLessThan(memory.deviceMiB / 1024);
    expect(memory.visibleGiB).toBeGreaterThan((memory.deviceMiB / 1024) * 0.9);
  });

  it('are ordered by price', () => {
    const costs = CATALOG.accelerators.map(({ relativeCost }) => relativeCost);
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  });
});

describe('engines', () => {
  test.each(versions)('$image: the flags that the plan watches exist', ({ flags, plannedFlags, uncountedFlags }) => {
    const watched = [...plannedFlags.flatMap((planned) => planned.flags), ...uncountedFlags];
    expect(watched.filter((flag) => !flags.includes(flag))).toEqual([]);
    expect(new Set(watched).size).toBe(watched.length);
  });

  test.each(versions)('$image: at most one row per quantization and compute capability', ({ quantizations }) => {
    const capabilities = CATALOG.accelerators.map(({ computeCapability }) => computeCapability);
    const rows = (type: string, capability: string): number =>
      quantizations.filter(
        ({ quantization, from, before }) =>
          quantization === type &&
          Number(from) <= Number(capability) &&
          (before === undefined || Number(capability) < Number(before)),
      ).length;
    const ambiguous = CATALOG.quantizations.flatMap(({ type }) =>
      capabilities.filter((capability) => rows(type, capability) > 1).map((capability) => `${type} on ${capability}`),
    );
    expect(ambiguous).toEqual([]);
  });

  test.each(versions)('$image is a pinned image', ({ image, version }) => {
    expect(image).toMatch(new RegExp(`:v?${version.replaceAll('.', '\\.')}$`));
  });
});
