import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { CATALOG } from '../catalog/index.ts';
import { decide } from './decide.ts';
import { isRefusal } from './refusal.ts';
import { fittingSpecs } from './testdata/arbitraries.ts';

/** PROPERTY_RUNS=100000 searches longer. */
const RUNS = { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 10_000) };
const LIMIT_MS = 300_000;

const fits = (spec: Parameters<typeof decide>[0], catalog = CATALOG): boolean => !isRefusal(decide(spec, catalog));

/** Most combinations do not fit, and would show nothing. */
const fitting = fittingSpecs((spec) => fits(spec));
const length = fc.integer({ min: 1, max: 131_072 });
const fittingSpec = fc.constantFrom(...fitting);

describe('for a model, an engine and a number of GPUs', () => {
  test('many fit', () => {
    expect(fitting.length).toBeGreaterThan(1000);
  });

  test(
    'more memory never turns a yes into a no',
    () => {
      fc.assert(
        fc.property(
          fittingSpec,
          fc.double({ min: 1, max: 3, noNaN: true }),
          fc.option(length),
          (one, factor, context) => {
            const spec = context === null ? one : { ...one, model: { ...one.model, maxModelLen: context } };
            const larger = {
              ...CATALOG,
              accelerators: CATALOG.accelerators
                .filter(({ name }) => name === spec.accelerator.type)
                .map((entry) => ({
                  ...entry,
                  ...(entry.memory && { memory: { ...entry.memory, visibleGiB: entry.memory.visibleGiB * factor } }),
                })),
            };
            return !fits(spec) || fits(spec, larger);
          },
        ),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  test(
    'twice the GPUs never turn a yes into a no for want of memory',
    () => {
      fc.assert(
        fc.property(fittingSpec, fc.option(length), (one, context) => {
          const spec = context === null ? one : { ...one, model: { ...one.model, maxModelLen: context } };
          const count = 2 * (spec.accelerator.count ?? 1);
          const twice = decide({ ...spec, accelerator: { ...spec.accelerator, count } }, CATALOG);
          return (
            !isRefusal(twice) ||
            !fits(spec) ||
            twice.reason === 'IllegalParallelism' ||
            twice.reason === 'NeedsMultipleNodes'
          );
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );

  test(
    'a longer context never raises the concurrency',
    () => {
      fc.assert(
        fc.property(fittingSpec, length, length, (spec, short, more) => {
          const at = (maxModelLen: number): number => {
            const plan = decide({ ...spec, model: { ...spec.model, maxModelLen } }, CATALOG);
            return isRefusal(plan) ? 0 : plan.maxConcurrency;
          };
          return at(short + more) <= at(short);
        }),
        RUNS,
      );
    },
    LIMIT_MS,
  );
});
