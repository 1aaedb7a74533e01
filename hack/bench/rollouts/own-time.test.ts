import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../cluster/index.ts';
import { ownTimes } from './own-time.ts';

/** Received at the first time, answered at the second, milliseconds. */
function entry(
  [received, answered]: readonly [number, number],
  resource: string,
  name: string,
  subresource?: string,
): AuditEntry {
  const rest = { auditId: '', groups: [], group: '', denied: false, uri: '', userAgent: '', verb: 'patch', code: 200 };
  const times = { received: new Date(received), answered: new Date(answered) };
  return { ...rest, ...times, user: 'op', resource, name, ...(subresource !== undefined && { subresource }) };
}

function pass(name: string, until: number, seconds: number, waitedSeconds: number): string {
  return JSON.stringify({ time: new Date(until), message: 'the pass is over', name, seconds, waitedSeconds });
}

const ENTRIES = [
  entry([1_010, 1_030], 'services', 'a'),
  // Of another model, in the same moment.
  entry([1_010, 1_035], 'services', 'ab'),
  entry([1_035, 1_040], 'deepseekdeployments', 'a', 'status'),
  entry([1_210, 1_213], 'deepseekdeployments', 'a', 'status'),
  entry([1_310, 1_313], 'deepseekdeployments', 'a', 'status'),
];
const LOG = [
  '{"message":"else"}',
  pass('ab', 1_050, 0.05, 0),
  pass('a', 1_050, 0.05, 0.004),
  pass('a', 1_220, 0.02, 0),
  '',
];
const own = (states: string[], log = LOG) =>
  ownTimes({ phases: new Map([['a', states]]), entries: ENTRIES, operator: 'op', log: log.join('\n') });

it('counts the wait for a worker and the pass, but not the server’s time, where the phase changes', () => {
  expect(own(['Switching', 'Watching', 'Watching'])).toEqual([
    { model: 'a', phase: 'Switching', milliseconds: 4 + 50 - 20 - 5, waited: 4, served: 25 },
    { model: 'a', phase: 'Watching', milliseconds: 20 - 3, waited: 0, served: 3 },
  ]);
});

it('does not guess which write said what, or in which pass', () => {
  expect(() => own(['Switching', 'Watching'])).toThrow('2 states, but the audit log has 3 writes');
  expect(() => own(['Switching', 'Watching', 'Idle'])).toThrow('no pass of a');
});
