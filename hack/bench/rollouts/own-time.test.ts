import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../cluster/index.ts';
import { ownTimes } from './own-time.ts';

/** Received at the first time, answered at the second, milliseconds. */
function entry(
  [received, answered]: readonly [number, number],
  user: string,
  resource: string,
  name: string,
  subresource?: string,
): AuditEntry {
  const rest = { auditId: '', groups: [], group: '', denied: false, uri: '', userAgent: '', verb: 'patch', code: 200 };
  const times = { received: new Date(received), answered: new Date(answered) };
  return { ...rest, ...times, user, resource, name, ...(subresource !== undefined && { subresource }) };
}

const ENTRIES = [
  entry([0, 5], 'kcm', 'deployments', 'a-r2', 'status'),
  entry([6, 9], 'kcm', 'deployments', 'ab-r2', 'status'),
  // 10 ms after the Deployment, 20 ms in the server, and 3 ms after that.
  entry([15, 35], 'op', 'services', 'a'),
  entry([38, 40], 'op', 'deepseekdeployments', 'a', 'status'),
  entry([41, 50], 'kcm', 'endpointslices', 'a-x1'),
  // Not followed.
  entry([51, 52], 'kcm', 'endpoints', 'a'),
  entry([57, 60], 'op', 'deepseekdeployments', 'a', 'status'),
  entry([61, 62], 'op', 'deepseekdeployments', 'a', 'status'),
];

it('sums what the operator took since what it waited for, the server’s time apart', () => {
  const phases = new Map([['a', ['Switching', 'Watching', 'Watching']]]);
  expect(ownTimes({ phases, entries: ENTRIES, operator: 'op' })).toEqual([
    { model: 'a', phase: 'Switching', milliseconds: 13 },
    { model: 'a', phase: 'Watching', milliseconds: 7 },
  ]);
});

it('does not guess which write said what', () => {
  const phases = new Map([['a', ['Switching', 'Watching']]]);
  expect(() => ownTimes({ phases, entries: ENTRIES, operator: 'op' })).toThrow(
    '2 states, but the audit log has 3 writes',
  );
});
