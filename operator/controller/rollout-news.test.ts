import { describe, expect, it } from '@jest/globals';
import { rolloutNews } from './rollout-news.ts';
import type { Status } from './decide/judgement.ts';
import { World } from './testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };

/** A world in which SPEC serves, and the news of each pass from then on. */
function follow() {
  const world = new World(SPEC);
  world.settle();
  world.conclude();
  let before: Status | undefined = world.deployment.status;
  const look = () => {
    const after = world.deployment.status;
    if (after === undefined) throw new Error('no status');
    const news = rolloutNews(before, after);
    before = after;
    return news;
  };
  /** Passes, each looked at, until one tells nothing. */
  const passes = (count = 6) =>
    Array.from({ length: count }, () => {
      world.pass();
      return look();
    });
  return { world, passes };
}
const ended = (all: readonly ReturnType<typeof rolloutNews>[]) => all.flatMap((news) => news.ended);
const left = (all: readonly ReturnType<typeof rolloutNews>[]) => all.flatMap((news) => news.left ?? []);

describe('rolloutNews', () => {
  it('tells of a rollout that its attempt ended once, with its way and its time, and how long each phase took', () => {
    const { world, passes } = follow();
    const began = world.now;
    world.edit((spec) => ({ ...spec, model: OTHER }));
    expect(ended(passes())).toEqual([]);
    world.now += 300_000;
    world.ready();
    const loaded = passes();
    expect(left(loaded).map(({ phase }) => phase)).toContain('Loading');
    const loading = left(loaded).find(({ phase }) => phase === 'Loading');
    expect(loading).toMatchObject({ way: 'Full' });
    expect(loading?.seconds).toBeGreaterThanOrEqual(300);
    expect(loading?.seconds).toBeLessThan(310);
    world.now += 15_000;
    passes();
    world.now += 600_000;
    const watched = passes();
    const end = ended(watched);
    expect(end).toEqual([{ outcome: 'Promoted', way: 'Full', seconds: expect.any(Number) }]);
    expect(end[0]?.seconds).toBeLessThanOrEqual((world.now - began) / 1000);
    expect(end[0]?.seconds).toBeGreaterThan(900);
    expect(left(watched)).toEqual([{ phase: 'Watching', way: 'Full', seconds: expect.any(Number) }]);
    expect(ended(passes())).toEqual([]);
  });

  it('tells of no phase at rest', () => {
    const { world, passes } = follow();
    world.now += 3_600_000;
    world.edit((spec) => ({ ...spec, model: OTHER }));
    expect(left(passes(1)).map(({ phase }) => phase)).not.toContain('Idle');
  });

  it('tells of a failure, and nothing more of one that is held', () => {
    const { world, passes } = follow();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    passes();
    world.now = Date.parse(world.deployment.status?.rollout?.deadline ?? '');
    expect(ended(passes())).toMatchObject([{ outcome: 'Failed', way: 'Full' }]);
    world.now += 3_600_000;
    expect(passes().flatMap((news) => [news.ended, news.left ?? []].flat())).toEqual([]);
  });

  const verdict = (stage: 'Proof' | 'Watch', word: 'Pass' | 'Fail') => ({
    ...{ gate: 'ErrorRatio', stage, verdict: word, samples: 40, message: '' },
  });
  const status = (attempt: number, verdicts?: NonNullable<Status['rollout']>['verdicts']): Status => ({
    rollout: { attempt, phase: 'Watching', ...(verdicts && { verdicts }) },
  });
  const proof = verdict('Proof', 'Pass');
  const watch = verdict('Watch', 'Fail');

  it.each<[string, Status | undefined, Status, string[]]>([
    ['new', status(2), status(2, [proof]), ['Proof']],
    ['known', status(2, [proof]), status(2, [proof]), []],
    ['added', status(2, [proof]), status(2, [proof, watch]), ['Watch']],
    ['of another attempt', status(2, [proof]), status(3, [proof]), ['Proof']],
    ['gone', status(2, [proof]), status(2), []],
  ])('tells of verdicts that are %s', (_, before, after, stages) => {
    expect(rolloutNews(before, after).verdicts.map(({ stage }) => stage)).toEqual(stages);
  });

  it('has nothing to say where there is no status yet, or no history', () => {
    expect(rolloutNews(undefined, status(1))).toEqual({ ended: [], verdicts: [] });
  });

  it('does not know how long an attempt took whose beginning is lost', () => {
    const after: Status = {
      ...status(2),
      history: [{ revision: 'a', version: 'v', outcome: 'RolledBack', finishedAt: '2026-01-01T00:00:00Z' }],
    };
    expect(rolloutNews(status(2), after).ended).toEqual([{ outcome: 'RolledBack', way: 'None' }]);
  });
});
