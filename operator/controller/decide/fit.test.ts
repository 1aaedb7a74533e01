import { describe, expect, it, test } from '@jest/globals';
import { deepSeekDeploymentStatus } from '../../api/status.ts';
import { World } from '../testing/world.ts';
import { cut, withinSchema } from './fit.ts';

const LONG = 'word '.repeat(10_000);

describe('a text that is cut', () => {
  test.each([
    ['shorter than the limit', 'abc', 4, 'abc'],
    ['as long as the limit', 'abcd', 4, 'abcd'],
    ['longer', 'abcde', 4, 'abc…'],
    ['that somebody has cut within a character', 'ab\ud83d', 4, 'ab\ufffd'],
    ['with a character of two units at the limit', 'ab😀de', 4, 'ab…'],
  ])('%s', (_, text, max, expected) => {
    expect(cut(text, max)).toBe(expected);
  });
});

describe('the status', () => {
  it('holds no text that its schema refuses, whatever is said', () => {
    const world = new World({ model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' } });
    world.conclude();
    const { status } = world.deployment;
    const { plan, rollout, conditions } = status ?? {};
    if (!status || !plan || !rollout || !conditions) throw new Error('the status says too little');
    const verdict = { gate: 'g', stage: 'Proof', verdict: 'Pass', samples: 1, message: LONG } as const;
    const long = {
      ...status,
      conditions: conditions.map((condition) => ({ ...condition, message: LONG })),
      plan: { ...plan, warnings: Array.from({ length: 40 }, () => LONG) },
      rollout: { ...rollout, message: LONG, verdicts: [verdict] },
      orderResult: LONG,
    };
    expect(deepSeekDeploymentStatus.safeParse(long).success).toBe(false);
    expect(deepSeekDeploymentStatus.safeParse(withinSchema(long)).error).toBeUndefined();
  });

  it.each([0.5, -1, 3_000_000_000, Number.MAX_SAFE_INTEGER])(
    'holds %d samples as a count that its schema takes',
    (samples) => {
      const verdict = { gate: 'g', stage: 'Watch', verdict: 'Pass', samples, message: 'm' } as const;
      const fitted = withinSchema({ rollout: { phase: 'Watching', verdicts: [verdict] } });
      expect(deepSeekDeploymentStatus.safeParse(fitted).error).toBeUndefined();
    },
  );

  it('tells what fits of what the rollout waits for, in decisions and where nothing was done', () => {
    const world = new World({
      ...{ model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 },
      rollout: { whenCapacityIsShort: ['Wait'] },
    });
    world.conclude();
    // Everybody who has reserved GPUs is named.
    const reservedBy = Array.from({ length: 300 }, (_, n) => ({ holder: `namespace/deployment-${n}`, gpus: 1 }));
    world.capacity = { ...NOTHING_FREE, reservedBy };
    world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
    const { status, unchanged } = world.settle();
    expect(status.rollout?.phase).toBe('Waiting');
    expect(status.rollout?.message).toHaveLength(4096);
    expect(status.rollout?.message).toMatch(/reserved for the rollout of .*…$/);
    for (const told of [status, unchanged()]) {
      expect(deepSeekDeploymentStatus.safeParse(told).error).toBeUndefined();
    }
  });
});

const NOTHING_FREE = {
  ...{ placed: 0, slots: 0, slotsWithoutServing: [0, 0], slotsWithoutWarm: [0], gpusPerReplica: 1, freeGpus: 0 },
};
