import { expect, it } from '@jest/globals';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { describeIntent, type Intent, revisionOf } from './intents.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };

it('names the revision of every write that has one', () => {
  const { intents, status } = decide(new World(SPEC).snapshot());
  const revision = status.candidate?.revision ?? '';
  const named = Object.fromEntries(intents.map((intent) => [describeIntent(intent), revisionOf('chat', intent)]));
  expect(named).toEqual({
    'Create ServiceAccount chat': undefined,
    'Create Service chat': revision,
    [`Create ControllerRevision chat-${revision}`]: revision,
    [`Create Deployment chat-${revision}`]: revision,
    [`Create Service chat-${revision}`]: revision,
    [`Create PodDisruptionBudget chat-${revision}`]: revision,
  });
});

it.each<[Intent, string | undefined]>([
  [{ type: 'Delete', kind: 'Deployment', name: 'chat-aaa', uid: '', because: '' }, 'aaa'],
  [
    {
      type: 'ReplaceTemplate',
      name: 'chat-bbb',
      uid: '',
      resourceVersion: '',
      template: {},
      managers: [],
    },
    'bbb',
  ],
  [{ type: 'SetReplicas', replicas: 1 }, undefined],
])('names the revision of %j', (intent, revision) => {
  expect(revisionOf('chat', intent)).toBe(revision);
});
