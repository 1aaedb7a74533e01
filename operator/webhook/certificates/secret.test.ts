import { beforeAll, describe, expect, it, test } from '@jest/globals';
import type { Secret } from '../../kube/resources.ts';
import { issue } from './issue.ts';
import { LIFETIMES, type Material } from './material.ts';
import { isOurs, readSecret, secretOf } from './secret.ts';

const REF = { namespace: 'deepseek-system', name: 'webhook' };
const around = { now: Date.UTC(2026, 0, 1), dnsNames: ['a.b.svc'], lifetimes: LIFETIMES, isNextTrusted: false };
let material: Material;
beforeAll(async () => {
  const first = await issue('IssueAll', undefined, around);
  const switched = await issue('SwitchCa', await issue('AddCa', first, around), around);
  material = await issue('AddCa', switched, around);
});

describe('a Secret', () => {
  it('gives back what was put in', () => {
    expect(material.formerCa).toBeDefined();
    expect(material.nextCa).toBeDefined();
    expect(readSecret(secretOf(REF, material))).toEqual({ material });
  });

  it('keeps what others have written beside our entries, and its version', () => {
    const found = {
      ...{ apiVersion: 'v1', kind: 'Secret', type: 'Opaque' },
      metadata: { ...REF, resourceVersion: '7', labels: { team: 'platform' }, annotations: { a: 'b' } },
    } as const satisfies Secret;
    const written = secretOf(REF, material, found);
    expect(written.metadata).toMatchObject({ resourceVersion: '7', annotations: { a: 'b' } });
    expect(written.metadata.labels).toEqual({ team: 'platform', 'app.kubernetes.io/managed-by': 'deepseek-operator' });
    expect(written.type).toBe('Opaque');
  });

  const spoilt = (data: Readonly<Record<string, string>>) => {
    const whole = secretOf(REF, material);
    return readSecret({ ...whole, data: { ...whole.data, ...data } });
  };
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['a key that is none', { 'ca.key': 'eA==' }, ''],
    ['an entry that is gone', { 'tls.crt': '' }, 'entries are missing'],
    ['no base64 at all', { 'tls.crt': '???' }, ''],
  ])('with %s says so, and has no material', (_, data, flaw) => {
    const read = spoilt(data);
    expect(read.material).toBeUndefined();
    expect(read.flaw).toContain(flaw);
    expect(read.flaw).toBeDefined();
  });

  it('that is empty has neither', () => {
    expect(readSecret({ apiVersion: 'v1', kind: 'Secret', metadata: REF })).toEqual({});
  });
});

test.each<[string, Partial<Secret>, boolean]>([
  ['one that we made', {}, true],
  ['an empty one', { metadata: { ...REF }, data: {} }, true],
  ['one of somebody else', { metadata: { ...REF }, data: { password: 'eA==' } }, false],
])('%s', (_, change, ours) => {
  expect(isOurs({ ...secretOf(REF, material), ...change })).toBe(ours);
});
