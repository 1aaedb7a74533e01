import { describe, expect, it, test } from '@jest/globals';
import { giversBeside, keepsWarm, mayGive } from './claims.ts';
import type { LiveDeepSeekDeployment, LiveDeployment } from './snapshot.ts';

const rollback = { revision: 'old', readiness: 'Warm' };
const object = (name: string, { status = {}, metadata = {} }: { status?: object; metadata?: object } = {}) =>
  ({
    metadata: { name, namespace: 'ai', uid: `uid-${name}`, ...metadata },
    spec: {},
    status: { rollout: { phase: 'Idle' }, rollback, serving: { since: '2026-01-01T00:00:00Z' }, ...status },
  }) as unknown as LiveDeepSeekDeployment;
const deployments = (sizes: Readonly<Record<string, number>>) => ({
  get: ({ name }: { readonly name: string }) =>
    sizes[name] === undefined ? undefined : ({ spec: { replicas: sizes[name] } } as LiveDeployment),
});

describe('an old version that is kept warm', () => {
  test.each<[string, Parameters<typeof object>[1], boolean]>([
    ['gives at rest', {}, true],
    ['gives while the version that the spec asks for is held', { status: { rollout: { phase: 'Held' } } }, true],
    ['gives while a candidate waits for a person', { status: { rollout: { phase: 'AwaitingPromotion' } } }, true],
    ['is needed while a candidate of its own waits for GPUs', { status: { rollout: { phase: 'Waiting' } } }, false],
    ['is needed while what serves is watched', { status: { rollout: { phase: 'Watching' } } }, false],
    ['is needed in a rollback', { status: { rollout: { phase: 'RollingBack' } } }, false],
    ['is not there', { status: { rollback: undefined } }, false],
    ['is let go of by nobody in a deletion', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }, false],
    [
      'is let go of by nobody where writes are switched off',
      { metadata: { annotations: { 'deepseek-operator.io/reconcile': 'disabled' } } },
      false,
    ],
    [
      'is let go of by nobody whose spec cannot be read',
      { status: { conditions: [{ type: 'Ready', reason: 'InvalidSpec' }] } },
      false,
    ],
  ])('%s', (_, how, expected) => {
    expect(mayGive(object('chat', how))).toBe(expected);
  });

  it('is none once nothing of it runs', () => {
    expect(keepsWarm(object('chat'))).toBe(true);
    expect(keepsWarm(object('chat', { status: { rollback: { ...rollback, readiness: 'Cold' } } }))).toBe(false);
  });
});

describe('those who may be asked', () => {
  const since = (at: string) => ({ status: { serving: { since: at } } });
  const late = object('late', since('2026-01-03T00:00:00Z'));
  const early = object('early', since('2026-01-02T00:00:00Z'));
  const twin = object('another', since('2026-01-02T00:00:00Z'));
  const own = object('own');

  it('are asked in the order in which their versions were put aside, then by name', () => {
    const sizes = { 'late-old': 2, 'early-old': 3, 'another-old': 1, 'own-old': 4 };
    const found = giversBeside(own, [late, early, own, twin], deployments(sizes));
    expect(found).toEqual([
      { holder: 'ai/another', revision: 'old', replicas: 1 },
      { holder: 'ai/early', revision: 'old', replicas: 3 },
      { holder: 'ai/late', revision: 'old', replicas: 2 },
    ]);
    expect(giversBeside(own, [twin, own, early, late], deployments(sizes))).toEqual(found);
  });

  it('are told of with nothing while the pods that they have given are on their way out', () => {
    expect(giversBeside(own, [late], deployments({}))).toEqual([{ holder: 'ai/late', revision: 'old', replicas: 0 }]);
  });
});
