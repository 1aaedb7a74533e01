import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../cluster/index.ts';
import { availableToFlip, orderToFlip } from './latency.ts';

const USERS = { orders: 'bench', operator: 'op' };
const at = (ms: number): Date => new Date(1_000_000 + ms);

/** Received at the first time, answered at the second, milliseconds. */
function entry(
  [received, answered]: readonly [number, number],
  user: string,
  resource: string,
  name: string,
  subresource?: string,
): AuditEntry {
  const rest = { auditId: '', groups: [], group: '', denied: false, uri: '', userAgent: '', verb: 'patch', code: 200 };
  const times = { received: at(received), answered: at(answered) };
  return { ...rest, ...times, user, resource, name, ...(subresource !== undefined && { subresource }) };
}

const ENTRIES = [
  // Of a change before, and of another model.
  entry([0, 2], 'op', 'services', 'a'),
  entry([11, 13], 'op', 'services', 'ab'),
  entry([3, 4], 'kcm', 'deployments', 'a-r2', 'status'),
  entry([10, 14], 'bench', 'deepseekdeployments', 'a'),
  entry([22, 29], 'op', 'services', 'a'),
];
const RUN = { model: 'a', sent: at(2) };

it('measures from the receipt of an order to the answer to the flip', () => {
  expect(orderToFlip([RUN], ENTRIES, USERS)).toEqual([{ ...RUN, milliseconds: 19 }]);
  expect(() => orderToFlip([RUN], ENTRIES.slice(0, -1), USERS)).toThrow('has not written the Service a');
  expect(() => orderToFlip([{ ...RUN, sent: at(20) }], ENTRIES, USERS)).toThrow('no order for a');
});

it('measures from receipt to receipt of what a flip waits for', () => {
  const { fromDeployment, fromLast } = availableToFlip(
    [RUN],
    [...ENTRIES.slice(0, -1), entry([15, 16], 'kcm', 'endpointslices', 'a-r2-x'), ...ENTRIES.slice(-1)],
    USERS,
  );
  expect([fromDeployment, fromLast].map(([first]) => first?.milliseconds)).toEqual([19, 7]);
});
