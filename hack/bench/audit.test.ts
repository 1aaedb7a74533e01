import { expect, it } from '@jest/globals';
import type { AuditEntry } from '../cluster/index.ts';
import { countRequests, isUpkeep, tally } from './audit.ts';

function entry(verb: string, resource: string, more: Partial<AuditEntry> = {}): AuditEntry {
  const uri = `/${resource}`;
  const received = new Date('2026-01-01T00:00:00Z');
  return {
    auditId: '1',
    user: 'operator',
    verb,
    resource,
    group: '',
    code: 200,
    groups: [],
    denied: false,
    uri,
    userAgent: '',
    received,
    answered: received,
    ...more,
  };
}

const ENTRIES = [
  entry('get', 'pods'),
  entry('list', 'pods'),
  entry('watch', 'pods'),
  entry('patch', 'services'),
  entry('patch', 'services', { code: 409 }),
  entry('create', 'events'),
  entry('update', 'leases'),
  entry('get', 'leases'),
];

it('keeps apart what the figures keep apart', () => {
  expect(countRequests(ENTRIES)).toEqual({ reads: 2, writes: 2, events: 1, watches: 1, leases: 2 });
});

it('leaves out of rest only watches and the Lease', () => {
  expect(ENTRIES.filter((found) => !isUpkeep(found)).map(({ verb, resource }) => `${verb} ${resource ?? ''}`)).toEqual([
    'get pods',
    'list pods',
    'patch services',
    'patch services',
    'create events',
  ]);
});

it('tells requests apart by what they did and how they were answered', () => {
  const status = entry('patch', 'deepseekdeployments', { subresource: 'status' });
  expect(tally([...ENTRIES.slice(3, 5), status, status])).toEqual({
    'patch services 200': 1,
    'patch services 409': 1,
    'patch deepseekdeployments/status 200': 2,
  });
});
