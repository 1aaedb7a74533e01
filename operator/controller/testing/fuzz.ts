import fc from 'fast-check';
import { ANNOTATION, AUTOSCALING_METRICS } from '../../api/index.ts';
import { HOSTILE_TEXTS } from '../../api/testing/hostile.ts';
import { type Ingredients, specsOf, type Temper } from '../../api/testing/specs.ts';
import { CATALOG } from '../../catalog/index.ts';
import { type Arrival, changingWorld, emptyWorld, live, type Lived, servingWorld } from './lives.ts';

/** Specs that are planned whatever else is in them. */
const PLAUSIBLE = [
  ['deepseek-r1-distill-qwen-7b', 'A100-80GB'],
  ['deepseek-r1-distill-qwen-1.5b', 'L4'],
  ['deepseek-r1-distill-llama-8b', 'H100'],
].map(([name, type]) => ({
  model: { name, architecture: undefined, maxModelLen: undefined, measured: undefined },
  accelerator: { type, custom: undefined, count: undefined, parallelism: undefined, resourceName: undefined },
  quantization: undefined,
  engine: { type: undefined, version: undefined },
}));

/** What specs are made of beside the schema. */
export const INGREDIENTS: Ingredients = {
  plausible: PLAUSIBLE,
  vocabulary: {
    'spec.model.name': [...CATALOG.models.map(({ name }) => name), 'custom', 'deepseek-v9'],
    'spec.accelerator.type': [...CATALOG.accelerators.map(({ name }) => name), 'custom', 'A100'],
    'spec.accelerator.count': [1, 2, 4, 8],
    'spec.replicas': [0, 1, 2, 3, 10],
    'spec.model.maxModelLen': [4096, 8192, 32_768],
    'spec.autoscaling.metrics[].type': AUTOSCALING_METRICS,
    'spec.rollout.gates[].query': [
      'sum(rate(x{revision="{{revision}}"}[5m]))',
      'x{r="{{revision}}"}\n#"}\'',
      '{{revision}}',
    ],
  },
};

const orders = fc.oneof(
  fc.constantFrom(
    ...HOSTILE_TEXTS,
    'promote',
    'promote/x/uid-chat/n',
    'rollback//uid-chat/',
    `retry/${'x'.repeat(9_000)}/uid-chat/n`,
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const annotations = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: orders.map((order) => ({ [ANNOTATION.order]: order })) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('disabled', ...HOSTILE_TEXTS).map((text) => ({ [ANNOTATION.reconcile]: text })),
  },
);

/** What comes to an object: a spec of a temper, and seldom annotations that mean something to the operator. */
export const arrivals = (temper: Temper): fc.Arbitrary<Arrival> =>
  fc
    .tuple(specsOf(temper, INGREDIENTS), annotations, fc.boolean())
    .map(([spec, found, bare]) => ({ spec, bare, ...(found && { annotations: found }) }));

/** Of the objects of a temper so much is taken by the schema, at least: fewer, and most of the operator is never reached. */
export const LEAST_TAKEN: Readonly<Record<Temper, number>> = { valid: 0.95, 'nearly valid': 0.15, hostile: 0.5 };

/** What comes after whatever came: it has to heal. */
export const HEALTHY = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};

/** How many objects came to which end. */
export interface Tally {
  objects: number;
  /** Those that the schema took. */
  decided: number;
  readonly ends: Map<string, number>;
}

export interface FuzzOptions {
  readonly runs: number;
  readonly seed: number;
  /** What becomes of an object; for tests of the search. */
  readonly become?: (arrival: Arrival, from: Beginning) => Lived;
}

/** What an object finds: nothing, a model that serves, or one that is being changed. */
const BEGINNINGS = ['nothing', 'serving', 'changing'] as const;
export type Beginning = (typeof BEGINNINGS)[number];

const serving = servingWorld(HEALTHY);
const changing = changingWorld(serving);

function become(arrival: Arrival, from: Beginning): Lived {
  const world = {
    nothing: () => emptyWorld(arrival.spec as object),
    serving: () => serving.copy(),
    changing: () => changing.copy(),
  };
  return live(world[from](), arrival, HEALTHY);
}

/**
 * Sends objects of a temper through all of `decide`.
 *
 * @throws Error with the smallest object that was found for which the operator breaks its word (lives.ts), and its seed.
 */
export function fuzz(temper: Temper, { runs, seed, become: whatBecomes = become }: FuzzOptions): Tally {
  const tally: Tally = { objects: 0, decided: 0, ends: new Map() };
  const property = fc.property(arrivals(temper), fc.constantFrom(...BEGINNINGS), (arrival, from) => {
    const { fate, reason, decided } = whatBecomes(arrival, from);
    const end = decided ? `${fate}: ${reason}` : `${fate} by the schema: ${reason}`;
    tally.objects++;
    if (decided) tally.decided++;
    tally.ends.set(end, (tally.ends.get(end) ?? 0) + 1);
  });
  fc.assert(property, { numRuns: runs, seed, includeErrorInReport: true });
  return tally;
}
