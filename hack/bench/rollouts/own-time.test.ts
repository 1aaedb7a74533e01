import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../cluster/index.ts';
import { ownTimes } from './own-time.ts';

/** Received at the first time, answered at the second, milliseconds. */
function entry(
  [received, answered]: readonly [number, number],
  resource: string,
  name: string,
  subresource?: string,
  user = 'op',
): AuditEntry {
  const rest = { auditId: '', groups: [], group: '', denied: false, uri: '', userAgent: '', verb: 'patch', code: 200 };
  const times = { received: new Date(received), answered: new Date(answered) };
  return { ...rest, ...times, user, resource, name, ...(subresource !== undefined && { subresource }) };
}

/** A page of the list that a count of GPUs begins with. */
function count([received, answered]: readonly [number, number], more = ''): AuditEntry {
  const { name: _, ...listed } = entry([received, answered], 'pods', '');
  return { ...listed, verb: 'list', uri: `/api/v1/pods?fieldSelector=status.phase%21%3DFailed&limit=500${more}` };
}

const status = (received: number, name: string): AuditEntry =>
  entry([received, received + 3], 'deepseekdeployments', name, 'status');

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
    { model: 'a', phase: 'Switching', milliseconds: 4 + 50 - 20 - 5, waited: 4, served: 25, queued: 0 },
    { model: 'a', phase: 'Watching', milliseconds: 20 - 3, waited: 0, served: 3, queued: 0 },
  ]);
});

it('takes what the server does at the same time for one', () => {
  const entries = [
    entry([1_010, 1_030], 'services', 'a'),
    entry([1_015, 1_032], 'deployments', 'a-1'),
    status(1_040, 'a'),
  ];
  const [found] = ownTimes({
    ...{ phases: new Map([['a', ['Switching']]]), entries, operator: 'op' },
    log: pass('a', 1_050, 0.05, 0),
  });
  expect(found).toMatchObject({ milliseconds: 50 - 22 - 3, served: 25 });
});

it('keeps a pass that counts GPUs, without the time in which others counted, and without that of its own list', () => {
  const entries = [
    // The turn of `b`, in two pages, which ends with its status at 1,034.
    ...[count([1_005, 1_010]), count([1_011, 1_014], '&continue=x'), entry([1_020, 1_030], 'deployments', 'b-1')],
    status(1_031, 'b'),
    // That of `a`, whose pass began at 1,015.
    ...[count([1_040, 1_050]), status(1_060, 'a')],
    // One that wrote nothing.
    count([1_200, 1_205]),
  ];
  const log = [pass('b', 1_036, 0.036, 0), pass('a', 1_065, 0.05, 0.002)].join('\n');
  const phases = new Map([
    ['a', ['Scheduling']],
    ['b', ['Waiting']],
  ]);
  expect(ownTimes({ phases, entries, operator: 'op', log })).toEqual([
    { model: 'a', phase: 'Scheduling', milliseconds: 2 + 50 - 19 - 10 - 3, waited: 2, served: 13, queued: 19 },
    { model: 'b', phase: 'Waiting', milliseconds: 36 - 5 - 3 - 10 - 3, waited: 0, served: 21, queued: 0 },
  ]);
});

it('tells how late a write of others was noticed, where no earlier pass had seen it', () => {
  const by = (received: number, resource: string, name: string): AuditEntry =>
    entry([received, received + 2], resource, name, 'status', 'kcm');
  const noticed = (entries: readonly AuditEntry[]) =>
    ownTimes({
      ...{ phases: new Map([['a', ['Switching']]]), entries: [...entries, status(1_040, 'a')], operator: 'op' },
      log: [pass('a', 980, 0.02, 0), pass('a', 1_050, 0.05, 0.01)].join('\n'),
    }).map((found) => found.noticed);
  // It was due at 990.
  const deployment = by(970, 'deployments', 'a-1');
  expect(noticed([by(965, 'pods', 'a-1-x'), deployment, by(991, 'pods', 'a-1-x'), by(980, 'events', 'a-1')])).toEqual([
    18,
  ]);
  expect(noticed([by(950, 'deployments', 'a-1'), by(970, 'deployments', 'ab-1')])).toEqual([undefined]);
});

it('does not guess which write said what, or in which pass', () => {
  expect(() => own(['Switching', 'Watching'])).toThrow('2 states, but the audit log has 3 writes');
  expect(() => own(['Switching', 'Watching', 'Idle'])).toThrow('no pass of a');
});
