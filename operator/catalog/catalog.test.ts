import { describe, expect, it, test } from '@jest/globals';
import { CATALOG } from './index.ts';
import { catalogSchema } from './schema.ts';
import type { AcceleratorEntry } from './types.ts';

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
    expect(withoutSource(accelerator, accelerator.sources, ['name', 'device', 'resourceName', 'sources'])).toEqual([]);
  });
  test.each(versions)('$version', (version) => {
    expect(withoutSource(version, version.sources, ['version', 'architectures', 'drain', 'sources'])).toEqual([]);
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
    const native = CATALOG.quantizations.filter(({ weights }) => weights === 'Native').map(({ type }) => type);
    const needless = CATALOG.models
      .filter(({ nativeDtype }) => nativeDtype !== 'float8')
      .flatMap(({ name, checkpoints }) =>
        native.filter((type) => type in checkpoints).map((type) => `${name} ${type}`),
      );
    expect(needless).toEqual([]);
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

  test.each(CATALOG.accelerators)('$name shows a process no more memory than it has', ({ device, memory }) => {
    expect(memory === undefined).toBe(device === 'CPU');
    if (memory === undefined) return;
    expect(memory.visibleGiB).toBeLessThan(memory.deviceMiB / 1024);
    expect(memory.visibleGiB).toBeGreaterThan((memory.deviceMiB / 1024) * 0.9);
  });

  it('are ordered by price', () => {
    const costs = CATALOG.accelerators.map(({ relativeCost }) => relativeCost);
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
  });
});

describe('engines', () => {
  test.each(versions)('$version: the flags that the plan watches exist', ({ flags, plannedFlags, uncountedFlags }) => {
    const watched = [...plannedFlags.flatMap((planned) => planned.flags), ...uncountedFlags];
    expect(watched.filter((flag) => !flags.includes(flag))).toEqual([]);
    expect(new Set(watched).size).toBe(watched.length);
  });

  test.each(versions)('$version: at most one row per quantization and compute capability', ({ quantizations }) => {
    const rows = (type: string, { device, computeCapability = '0' }: AcceleratorEntry): number =>
      quantizations.filter(
        ({ quantization, devices = ['GPU'], from = '0', before = '99' }) =>
          quantization === type &&
          devices.includes(device) &&
          Number(from) <= Number(computeCapability) &&
          Number(computeCapability) < Number(before),
      ).length;
    const ambiguous = CATALOG.quantizations.flatMap(({ type }) =>
      CATALOG.accelerators
        .filter((accelerator) => rows(type, accelerator) > 1)
        .map((accelerator) => `${type} on ${accelerator.name}`),
    );
    expect(ambiguous).toEqual([]);
  });

  test.each(versions)('$version has pinned images', ({ images, version }) => {
    const wrong = Object.values(images).filter(
      (image) => !new RegExp(`:\\D*${version.replaceAll('.', '\\.')}`).test(image),
    );
    expect(wrong).toEqual([]);
  });
});
