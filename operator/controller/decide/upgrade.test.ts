import { describe, expect, it } from '@jest/globals';
import { PHASES, Scene } from '../testing/scene.ts';
import { TOMORROW, TOMORROW_ACCEPTING } from '../testing/tomorrow.ts';
import { decide } from './decide.ts';
import { describeIntent } from './intents.ts';

describe.each(PHASES)('an upgrade of the operator while the rollout is %s', (phase) => {
  it.each([
    ['with another hash, new fields, new defaults and another template', TOMORROW_ACCEPTING],
    ['with a catalogue that refuses the model', TOMORROW],
  ])('%s makes no revision, and writes what this one would have written', (_, tomorrow) => {
    const { world } = new Scene(phase);
    const snapshot = world.snapshot();
    const today = decide(snapshot);
    const later = decide(snapshot, tomorrow);
    expect(later.intents.map(describeIntent)).toEqual(today.intents.map(describeIntent));
    expect(later.intents.filter(({ type }) => type === 'Create' || type === 'ReplaceTemplate')).toEqual([]);
    expect(later.rollout.phase).toBe(today.rollout.phase);
    expect(later.rollout.taken).toEqual(today.rollout.taken);
  });
});

describe('a later version of the operator', () => {
  it('makes new revisions in its own form, and a return to the version of the first makes none', () => {
    const { world, first } = new Scene('Idle');
    const wanted = world.deployment.spec;
    world.edit((spec) => ({ ...spec, quantization: { type: 'BF16' } }));
    const changed = decide(world.snapshot(), TOMORROW_ACCEPTING);
    const made = changed.intents.find((intent) => intent.type === 'Create' && intent.kind === 'ControllerRevision');
    expect(made).toMatchObject({ object: { data: { hashVersion: 2 } } });
    world.edit(() => wanted);
    const back = decide(world.snapshot(), TOMORROW_ACCEPTING);
    expect(back.intents).toEqual([]);
    expect(back.status.serving?.revision).toBe(first);
  });

  it('warns of a version that its catalogue refuses, and says that it stands', () => {
    const { world } = new Scene('Idle');
    const { status } = decide(world.snapshot(), TOMORROW);
    const plan = status.conditions?.find(({ type }) => type === 'PlanAccepted');
    expect(plan).toMatchObject({ status: 'True', reason: 'PlannedWithWarnings' });
    expect(plan?.message).toContain('a new one would be refused');
  });
});
