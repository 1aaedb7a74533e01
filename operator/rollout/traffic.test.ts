import { describe, expect, it } from '@jest/globals';
import type { Revision } from './revision.ts';
import { traffic } from './traffic.ts';

const revision = (hash: string, number: number, proven?: string): Revision => ({
  hash,
  number,
  data: {} as Revision['data'],
  ...(proven === undefined ? {} : { proven }),
});
const none = new Map<string, { readyReplicas: number }>();
const pods = (ready: Record<string, number>) =>
  new Map(Object.entries(ready).map(([hash, readyReplicas]) => [hash, { readyReplicas }]));
const a = revision('aaa', 1, '2026-01-01T00:00:00Z');
const b = revision('bbb', 2);

describe('traffic', () => {
  it('believes the active Service', () => {
    const service = { servingRevision: 'aaa', attempt: 4, selectedRevision: 'aaa' };
    const seen = traffic(service, [a, b], none, { servingRevision: 'bbb', attempt: 9 });
    expect(seen).toEqual({ serving: 'aaa', attempt: 4, source: 'Service', foreignSelector: false });
  });

  it('believes the annotation when somebody else wrote the selector, and says so', () => {
    const service = { servingRevision: 'aaa', attempt: 1, selectedRevision: 'bbb' };
    expect(traffic(service, [a, b], none, {})).toMatchObject({ serving: 'aaa', foreignSelector: true });
  });

  it('believes a Service whose revision lost its ControllerRevision but runs', () => {
    const service = { servingRevision: 'aaa', attempt: 1, selectedRevision: 'aaa' };
    expect(traffic(service, [b], pods({ aaa: 1, bbb: 1 }), {})).toMatchObject({ serving: 'aaa', source: 'Service' });
  });

  it('restores a lost Service from the status', () => {
    expect(traffic(undefined, [a, b], none, { servingRevision: 'bbb', attempt: 3 })).toEqual({
      serving: 'bbb',
      attempt: 3,
      source: 'Restored',
      foreignSelector: false,
    });
  });

  it('restores a lost Service and a lost status from the newest proven revision, not from the newest', () => {
    expect(traffic(undefined, [a, b], none, {})).toMatchObject({ serving: 'aaa', source: 'Restored' });
  });

  it('does not believe a status that names a revision of which nothing is left', () => {
    expect(traffic(undefined, [a, b], none, { servingRevision: 'zzz' })).toMatchObject({ serving: 'aaa' });
  });

  it('is the first deployment when nothing ever served', () => {
    expect(traffic(undefined, [b], none, {})).toEqual({ attempt: 1, source: 'First', foreignSelector: false });
  });

  it('is no first deployment while pods of ours answer, whatever else is lost', () => {
    expect(traffic(undefined, [], pods({ bbb: 1 }), {})).toMatchObject({ serving: 'bbb', source: 'Restored' });
    expect(traffic(undefined, [b], pods({ bbb: 0 }), {})).toMatchObject({ source: 'First' });
  });

  it.each([
    ['a proven one that answers, to a newer one that answers', { aaa: 1, bbb: 1 }, 'aaa'],
    ['a proven one that is down, to a newer one that answers', { aaa: 0, bbb: 1 }, 'aaa'],
    ['one that answers, to a proven one without pods', { bbb: 1 }, 'bbb'],
    ['a proven one without pods, to one that does not answer', { bbb: 0 }, 'aaa'],
  ])('prefers %s', (_, ready, serving) => {
    expect(traffic(undefined, [a, b], pods(ready), {})).toMatchObject({ serving, source: 'Restored' });
  });

  it('is not foreign where only an annotation was taken away: the selector moves no traffic', () => {
    const seen = traffic({ selectedRevision: 'aaa' }, [a, b], none, {});
    expect(seen).toMatchObject({ serving: 'aaa', foreignSelector: false });
  });

  it('takes a Service whose annotation is gone for foreign, and not for a first deployment', () => {
    expect(traffic({ selectedRevision: 'bbb' }, [a, b], none, {})).toMatchObject({
      serving: 'aaa',
      foreignSelector: true,
    });
  });
});
