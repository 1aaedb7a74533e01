import { describe, expect, it } from '@jest/globals';
import { World } from '../testing/world.ts';
import type { ClusterFacts } from '../snapshot.ts';
import { desiredRevision } from './desired.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const RACE = /sees no PriorityClass deepseek-serving.*may take the GPUs/;

function revision(servingPriority: boolean | undefined, spec: object = SPEC) {
  const { deployment, version } = new World(spec);
  const facts: Omit<ClusterFacts, 'nodes'> = { version, ...(servingPriority !== undefined && { servingPriority }) };
  const { revision: made } = desiredRevision(deployment, [], [], facts);
  if (made === undefined) throw new Error('the plan was refused');
  const warned = made.data.plan.warnings?.some((warning) => RACE.test(warning)) ?? false;
  return { hash: made.hash, priority: made.data.template.spec?.priorityClassName, warned };
}

describe('the PriorityClass of models', () => {
  it.each([
    ['there', true, {}, 'deepseek-serving', false],
    ['not there', false, {}, undefined, true],
    ['not asked for', undefined, {}, undefined, false],
    ['not the user’s', true, { podTemplate: { priorityClassName: 'gold' } }, 'gold', false],
    ['not needed', false, { podTemplate: { priorityClassName: 'gold' } }, 'gold', false],
    ['of no use to one replica', false, { replicas: 1 }, undefined, false],
    ['of no use without a handover', false, { rollout: { whenCapacityIsShort: ['Wait'] } }, undefined, false],
    ['named beside other settings', true, { podTemplate: { schedulerName: 'own' } }, 'deepseek-serving', false],
  ])('is %s', (_, servingPriority, more, priority, warned) => {
    expect(revision(servingPriority, { ...SPEC, ...more })).toMatchObject({ priority, warned });
  });

  it('is not a change of the version', () => {
    expect(revision(true).hash).toBe(revision(false).hash);
  });
});
