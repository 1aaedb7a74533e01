import { describe, expect, it } from '@jest/globals';
import { staleFields } from './stale-fields.ts';

const owned = {
  'f:metadata': { 'f:annotations': { 'f:a': {}, 'f:b': {} }, 'f:ownerReferences': { 'k:{"uid":"u1"}': {} } },
  'f:spec': {
    'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:port': {}, 'f:targetPort': {} } },
    'f:finalizers': { 'v:"x"': {} },
    'f:selector': {},
  },
};
const desired = {
  metadata: { annotations: { a: '1', b: '2' }, ownerReferences: [{ uid: 'u1' }] },
  spec: { ports: [{ port: 80, targetPort: 'http' }], finalizers: ['x'], selector: { app: 'x' } },
};

describe('staleFields', () => {
  it('finds none when everything that we own is still declared', () => {
    expect(staleFields(desired, owned)).toEqual([]);
    expect(staleFields(desired, undefined)).toEqual([]);
  });

  it.each([
    [
      'an annotation',
      { ...desired, metadata: { ...desired.metadata, annotations: { a: '1' } } },
      '/metadata/annotations/b',
    ],
    [
      'a list item',
      { ...desired, spec: { ...desired.spec, ports: [{ port: 81 }] } },
      '/spec/ports/{"port":80,"protocol":"TCP"}',
    ],
    [
      'a field of a list item',
      { ...desired, spec: { ...desired.spec, ports: [{ port: 80 }] } },
      '/spec/ports/{"port":80,"protocol":"TCP"}/targetPort',
    ],
    ['a set member', { ...desired, spec: { ...desired.spec, finalizers: [] } }, '/spec/finalizers/"x"'],
    ['a whole block', { metadata: desired.metadata }, '/spec'],
  ])('finds %s that is no longer declared', (_, changed, path) => {
    expect(staleFields(changed, owned)).toEqual([path]);
  });
});
