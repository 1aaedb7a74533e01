import { describe, expect, it } from '@jest/globals';
import type { Revision } from './revision.ts';
import { traffic } from './traffic.ts';

const revision = (hash: string, number: number, proven?: string): Revision => ({
  hash,
  number,
  data: {} as Revision['data'],
  ...(proven === undefined ? {} : { proven }),
});
const none = new Set<string>();
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
    expect(traffic(service, [b], new Set(['aaa', 'bbb']), {})).toMatchObject({ serving: 'aaa', source: 'Service' });
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

  it('takes a Service whose annotation is gone for foreign, and not for a first deployment', () => {
    expect(traffic({ selectedRevision: 'bbb' }, [a, b], none, {})).toMatchObject({
      serving: 'aaa',
      foreignSelector: true,
    });
  });
});
