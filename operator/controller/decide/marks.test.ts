import { describe, expect, test } from '@jest/globals';
import { ANNOTATION } from '../../api/names.ts';
import type { RolloutStep } from '../../rollout/machine/types.ts';
import type { Revision } from '../../rollout/revision.ts';
import { Scene } from '../testing/scene.ts';
import type { Desired } from './desired.ts';
import { inHistory, withMarks } from './marks.ts';

const revision = (hash: string, number: number, marks: Partial<Revision> = {}): Revision =>
  ({ hash, number, data: {}, ...marks }) as unknown as Revision;
const day = (of: number) => `2026-01-0${of}T00:00:00Z`;

function kept(
  revisions: readonly Revision[],
  limit: number | undefined,
  used: Partial<RolloutStep> & { readonly desired?: string } = {},
): string[] {
  const { desired = 'serves', ...more } = used;
  const step = { serving: 'serves', memory: {}, replicas: new Map(), ...more } as unknown as RolloutStep;
  const wanted = { revision: revisions.find(({ hash }) => hash === desired) } as Desired;
  const rollout = limit === undefined ? {} : { rollout: { revisionHistoryLimit: limit } };
  return revisions.filter(inHistory(revisions, step, wanted, rollout as never)).map(({ hash }) => hash);
}

const SERVES = revision('serves', 9, { accepted: day(5) });

describe('the history of revisions', () => {
  test.each<[string, readonly Revision[], number | undefined, Parameters<typeof kept>[2], readonly string[]]>([
    [
      'keeps the newest of those that are alike',
      [
        revision('a', 1, { proven: day(1) }),
        revision('b', 2, { proven: day(2) }),
        revision('c', 3, { proven: day(3) }),
      ],
      1,
      {},
      ['b', 'c'],
    ],
    [
      'keeps what was proven before newer ones that never were',
      [revision('good', 1, { proven: day(1) }), ...[2, 3, 4, 5, 6, 7].map((n) => revision(`bad${n}`, n))],
      undefined,
      {},
      ['good', 'bad3', 'bad4', 'bad5', 'bad6', 'bad7'],
    ],
    [
      'keeps the last proven one beyond every limit',
      [revision('older', 1, { proven: day(1) }), revision('last', 2, { proven: day(2) }), revision('bad', 3)],
      0,
      {},
      ['last'],
    ],
    [
      'takes the last by the time at which it was proven, not by its number',
      [revision('again', 1, { proven: day(4) }), revision('once', 2, { proven: day(2) })],
      0,
      {},
      ['again'],
    ],
    [
      'does not take one that was taken back later for a proven one',
      [revision('fine', 1, { proven: day(1) }), revision('broke', 2, { proven: day(2), failed: 'CrashLoop: exit' })],
      0,
      {},
      ['fine'],
    ],
    [
      'keeps what was accepted before what has shown nothing',
      [revision('accepted', 1, { accepted: day(1) }), revision('bad', 2), revision('worse', 3, { failed: 'X: y' })],
      1,
      {},
      ['accepted'],
    ],
    [
      'keeps the rollback target, its own target, the candidate and whatever has a Deployment',
      ['previous', 'target', 'candidate', 'runs', 'idle'].map((hash, index) => revision(hash, index)),
      0,
      {
        previous: 'previous',
        candidate: 'candidate',
        memory: { target: 'target' } as never,
        replicas: new Map([['runs', 1]]),
      },
      ['previous', 'target', 'candidate', 'runs'],
    ],
    ['keeps what is asked for', [revision('wish', 1)], 0, { desired: 'wish' }, ['wish']],
  ])('%s', (_, revisions, limit, used, expected) => {
    expect(kept([...revisions, SERVES], limit, used)).toEqual([...expected, 'serves']);
  });

  test('what serves and was proven last needs nobody beside it', () => {
    const all = [revision('before', 1, { proven: day(1) }), revision('serves', 2, { proven: day(2) })];
    expect(kept(all, 0)).toEqual(['serves']);
  });
});

describe('the generation of the spec', () => {
  const failed = { failed: 'CrashLoop: exit' };
  test.each<[string, Partial<Revision>, Partial<RolloutStep>, Partial<Revision>]>([
    ['dates a mark', { generation: 2 }, { marks: [{ kind: 'accepted', revision: 'a' }] }, { generation: 7 }],
    ['dates that a mark was forgiven', { ...failed, generation: 2 }, { forgive: ['a'] }, { generation: 7 }],
    ['is left alone where nothing was to be forgiven', { generation: 2 }, { forgive: ['a'] }, { generation: 2 }],
    ['is left alone where nothing changes', { ...failed, generation: 2 }, {}, { ...failed, generation: 2 }],
    ['is not added to what an earlier operator wrote', failed, {}, failed],
  ])('%s', (_, before, step, after) => {
    const given = { marks: [], forgive: [], ...step };
    const [marked] = withMarks([revision('a', 1, before)], given, Date.parse(day(1)), 7);
    const { accepted: __, ...rest } = marked ?? {};
    expect(rest).toEqual(revision('a', 1, after));
  });

  test('is on the active Service, and follows the flips', () => {
    const scene = new Scene('Proving');
    const { world } = scene;
    const written = () => world.service('chat')?.metadata.annotations?.[ANNOTATION.generation];
    expect(written()).toBe('1');
    scene.conclude();
    const flipped = written();
    expect(Number(flipped)).toBeGreaterThanOrEqual(2);
    // More of the same is no flip.
    world.edit((spec) => ({ ...spec, rollout: { revisionHistoryLimit: 3 } }));
    scene.settle();
    expect(world.deployment.metadata.generation).toBeGreaterThan(Number(flipped));
    expect(written()).toBe(flipped);
  });
});
