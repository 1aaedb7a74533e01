import { describe, expect, it } from '@jest/globals';
import { type AuditEntry, RIGHTFUL } from '../cluster/index.ts';
import { deniedRights, EXCEPTIONS, GRANTED, judgeRights, usedRights } from './rights.ts';

const entry = (changes: Partial<AuditEntry>): AuditEntry => ({
  ...{ auditId: 'a', user: 'operator', groups: [RIGHTFUL], verb: 'get', resource: 'services', group: '', code: 200 },
  ...{ denied: false, uri: '/', userAgent: 'test', received: new Date(0), answered: new Date(0) },
  ...changes,
});

describe('the rights that a run used', () => {
  it.each([
    ['a request of the operator', {}, ['get services']],
    ['one of its ServiceAccount', { groups: [], user: 'system:serviceaccount:a:deepseek-operator' }, ['get services']],
    ['a subresource', { resource: 'pods', subresource: 'log' }, ['get pods/log']],
    ['an apply that makes', { verb: 'patch', code: 201 }, ['patch services', 'create services']],
    ['an apply that changes', { verb: 'patch' }, ['patch services']],
    [
      'one that is granted for a name',
      { resource: 'configmaps', name: 'cluster-autoscaler-status' },
      ['get configmaps cluster-autoscaler-status'],
    ],
    ['one of another name', { resource: 'configmaps', name: 'another' }, []],
    ['one of somebody else', { groups: ['system:masters'] }, []],
    ['one that was denied', { denied: true, code: 403 }, []],
    ['one that is not granted', { verb: 'deletecollection' }, []],
  ])('%s', (_, changes, used) => {
    expect([...usedRights([entry(changes)])]).toEqual(used);
  });
});

describe('the rights that a run lacked', () => {
  const serviceAccount = { groups: [], user: 'system:serviceaccount:a:deepseek-operator' };
  const asked = (user = 'operator') => `, asked by ${user} at 1970-01-01T00:00:00.000Z`;
  it.each([
    ['a request of the operator', { denied: true, namespace: 'ai' }, [`get services in ai${asked()}`]],
    ['one for the whole cluster', { denied: true }, [`get services${asked()}`]],
    [
      'one of its ServiceAccount',
      { ...serviceAccount, denied: true, namespace: 'ai' },
      [`get services in ai${asked(serviceAccount.user)}`],
    ],
    ['one that a narrow installation goes without', { ...serviceAccount, denied: true }, []],
    ['one of somebody else', { groups: ['system:masters'], denied: true }, []],
    ['one that was granted', {}, []],
  ])('%s', (_, changes, denied) => {
    expect([...deniedRights([entry(changes)], { mayBeNarrow: true })]).toEqual(denied);
  });

  it('may be for a path', () => {
    const { resource: _, ...path } = entry({ denied: true, uri: '/metrics' });
    expect([...deniedRights([path], { mayBeNarrow: true })]).toEqual([`/metrics${asked()}`]);
  });

  it('are told once, with the first time', () => {
    const denied = [1, 2].map((ms) => entry({ denied: true, received: new Date(ms) }));
    expect([...deniedRights(denied, { mayBeNarrow: true })]).toEqual([
      'get services, asked by operator at 1970-01-01T00:00:00.001Z',
    ]);
  });

  it('are none where the same was granted before or after: rights come and go with servers and installations', () => {
    const denied = entry({ denied: true, namespace: 'ai' });
    const granted = entry({ namespace: 'ai' });
    const lacks = (...entries: ReturnType<typeof entry>[]) => [...deniedRights(entries, { mayBeNarrow: true })];
    expect(lacks(granted, denied, denied)).toEqual([]);
    expect(lacks(denied, granted)).toEqual([]);
    for (const other of [{ namespace: 'b' }, { verb: 'list' }, { name: 'b' }, { user: 'b' }, { subresource: 'status' }])
      expect(lacks({ ...granted, ...other }, denied, { ...granted, ...other })).toEqual([
        `get services in ai${asked()}`,
      ]);
  });

  it('on the real node are those for the whole cluster, too', () => {
    const denied = deniedRights([entry({ ...serviceAccount, denied: true })], { mayBeNarrow: false });
    expect([...denied]).toEqual([`get services${asked(serviceAccount.user)}`]);
  });
});

describe('the judgement of the rights', () => {
  const needed = [...GRANTED].filter((key) => !(key in EXCEPTIONS));
  const judge = (used: readonly string[], found: { readonly denied?: string; readonly missing?: string } = {}) =>
    judgeRights({
      used: new Set(used),
      denied: new Set(found.denied === undefined ? [] : [found.denied]),
      missing: found.missing === undefined ? [] : [found.missing],
    });

  it('passes when every granted verb was used', () => {
    expect(judge(needed)).toEqual({ counts: { passed: 1, failed: 0, skipped: 0 } });
  });

  it('is skipped, and says why, where a tier was not run', () => {
    expect(judge(needed.slice(1), { missing: 'real' })).toEqual({
      counts: { passed: 0, failed: 0, skipped: 1 },
      problem: 'skipped: not every right is used without real',
    });
  });

  it('fails with a request that was denied, whether or not a tier was not run', () => {
    for (const found of [{}, { missing: 'real' }]) {
      const { counts, problem } = judge(needed, { ...found, denied: 'get secrets in ai' });
      expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
      expect(problem).toContain('a run was denied get secrets in ai');
    }
  });

  it('fails with an exception that was used: it is none', () => {
    const [exception = ''] = Object.keys(EXCEPTIONS);
    expect(judge([...needed, exception])).toEqual({
      counts: { passed: 0, failed: 1, skipped: 0 },
      problem: `"${exception}" needs no exception in hack/testing/rights.ts`,
    });
  });

  it('fails with the name of one that was not', () => {
    const [unused = '', ...used] = needed.toSorted(
      (a, b) => Number(b.startsWith('list ')) - Number(a.startsWith('list ')),
    );
    expect(judge(used)).toEqual({
      counts: { passed: 0, failed: 1, skipped: 0 },
      problem: `no run uses "${unused}": take it out of operator/api/rights.ts, or test what needs it`,
    });
  });
});
