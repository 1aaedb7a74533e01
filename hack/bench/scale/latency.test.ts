import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../cluster/index.ts';
import { changeToCandidate, createToChildren } from './latency.ts';

const USERS = { orders: 'bench', operator: 'op' };
const at = (ms: number): Date => new Date(1_000_000 + ms);

function entry(ms: number, user: string, verb: string, resource: string, name: string, code = 200): AuditEntry {
  const { auditId, groups, group, denied, uri, userAgent } = {
    ...{ auditId: '', groups: [], group: '', denied: false, uri: '', userAgent: '' },
  };
  return {
    auditId,
    user,
    groups,
    verb,
    resource,
    group,
    name,
    code,
    denied,
    uri,
    userAgent,
    received: at(ms),
    answered: at(ms + 1),
  };
}

const CREATED = [
  entry(0, 'bench', 'create', 'deepseekdeployments', 'a', 201),
  entry(3, 'op', 'patch', 'serviceaccounts', 'a-engine', 201),
  entry(4, 'op', 'patch', 'services', 'ab', 201),
  entry(7, 'op', 'patch', 'services', 'a', 201),
  entry(9, 'op', 'patch', 'deepseekdeployments', 'a'),
];

it('measures from the receipt of a creation to the answer of the last child, and not to those of others', () => {
  expect(createToChildren(['a'], CREATED, USERS, 2)).toEqual([{ model: 'a', milliseconds: 8 }]);
  // Two are under way at once, and the first is answered last.
  const slow = CREATED.map((made, index) => (index === 1 ? { ...made, answered: at(40) } : made));
  expect(createToChildren(['a'], slow, USERS, 2)).toEqual([{ model: 'a', milliseconds: 40 }]);
});

it('does not measure where a child is missing', () => {
  expect(() => createToChildren(['a'], CREATED, USERS, 3)).toThrow('2 children of a');
});

it('measures from the receipt of a change to the answer of the Deployment that comes of it', () => {
  const entries = [
    entry(0, 'op', 'patch', 'deployments', 'a-r1', 201),
    entry(20, 'bench', 'patch', 'deepseekdeployments', 'a'),
    entry(25, 'op', 'patch', 'controllerrevisions', 'a-r2', 201),
    entry(31, 'op', 'patch', 'deployments', 'a-r2', 201),
  ];
  const runs = [{ model: 'a', sent: at(19) }];
  expect(changeToCandidate(runs, entries, USERS)).toEqual([{ model: 'a', milliseconds: 12 }]);
  expect(() => changeToCandidate(runs, entries.slice(0, 3), USERS)).toThrow('no candidate of a');
});
