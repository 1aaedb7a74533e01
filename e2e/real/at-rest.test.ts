import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../../hack/cluster/index.ts';
import { lossesAtRest } from './at-rest.ts';
import type { Loss } from './load.ts';

const BEGAN = 1_000_000;
const refused: Loss = { kind: 'call', begun: 10_000, ended: 10_003, why: 'ECONNREFUSED: connect' };

const written = (ms: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ auditId: '', user: 'op', groups: [], verb: 'patch', resource: 'services', group: '', namespace: 'ai' },
  ...{ name: 'chat', code: 200, denied: false, uri: '', userAgent: '' },
  ...{ received: new Date(BEGAN + ms), answered: new Date(BEGAN + ms + 5) },
  ...more,
});

it.each<[string, readonly AuditEntry[], Partial<Loss>, boolean]>([
  ['nothing was written', [], {}, true],
  ['the Service was written long before', [written(6_900)], {}, true],
  ['the Service was written just before', [written(7_100)], {}, false],
  [
    'endpoints were written at that moment',
    [written(10_100, { resource: 'endpointslices', verb: 'update' })],
    {},
    false,
  ],
  ['a pod was told to go', [written(9_000, { resource: 'pods', verb: 'delete' })], {}, false],
  ['something of another namespace was written', [written(9_000, { namespace: 'b' })], {}, true],
  ['something was read', [written(9_000, { verb: 'get' })], {}, true],
  ['a write was refused', [written(9_000, { code: 409 })], {}, true],
  ['a status was written', [written(9_000, { resource: 'deepseekdeployments', subresource: 'status' })], {}, true],
  ['it was no refusal', [], { why: 'ECONNRESET: read' }, false],
  ['it was not refused at once', [], { ended: 10_100 }, false],
])('a connection was refused, and %s', (_, entries, more, isAtRest) => {
  const loss = { ...refused, ...more };
  expect(lossesAtRest([loss], { entries, namespace: 'ai', began: BEGAN })).toEqual(isAtRest ? [loss] : []);
});

it('many are not the node’s own', () => {
  const at = { entries: [], namespace: 'ai', began: BEGAN };
  expect(lossesAtRest([refused, refused, refused], at)).toHaveLength(3);
  expect(lossesAtRest([refused, refused, refused, refused], at)).toEqual([]);
});
