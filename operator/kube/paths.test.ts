import { describe, expect, it, test } from '@jest/globals';
import { collectionPath, objectPath, refOf, withQuery } from './paths.ts';
import { clusterScoped, resources } from './resources.ts';

const clusterRoles = clusterScoped('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles');

test.each([
  [objectPath(resources.pods, { namespace: 'a', name: 'b' }), '/api/v1/namespaces/a/pods/b'],
  [
    objectPath(resources.deployments, { namespace: 'a', name: 'b' }, 'scale'),
    '/apis/apps/v1/namespaces/a/deployments/b/scale',
  ],
  [objectPath(resources.nodes, { name: 'n' }), '/api/v1/nodes/n'],
  // A namespace's own namespace is never part of its path.
  [objectPath(resources.nodes, { namespace: 'x', name: 'n' }), '/api/v1/nodes/n'],
  [collectionPath(resources.pods, undefined), '/api/v1/pods'],
  [collectionPath(resources.pods, 'a'), '/api/v1/namespaces/a/pods'],
])('%s', (path, expected) => {
  expect(path).toBe(expected);
});

describe('objectPath', () => {
  it('keeps case and encodes the name', () => {
    expect(objectPath(clusterRoles, { name: 'Team:Admin/x' })).toBe(
      '/apis/rbac.authorization.k8s.io/v1/clusterroles/Team%3AAdmin%2Fx',
    );
  });

  it('refuses a namespaced kind without a namespace', () => {
    expect(() => objectPath(resources.pods, { name: 'b' })).toThrow(new TypeError('Pod b needs a namespace'));
  });
});

test('withQuery leaves out what is undefined and encodes the rest', () => {
  expect(withQuery('/p', { a: undefined, b: true, c: 5, d: 'x=y,z in (1)' })).toBe(
    '/p?b=true&c=5&d=x%3Dy%2Cz+in+%281%29',
  );
  expect(withQuery('/p', { a: undefined })).toBe('/p');
});

test('refOf refuses an object without a name', () => {
  expect(() => refOf({ metadata: {} })).toThrow('the object has no metadata.name');
  expect(refOf({ metadata: { name: 'a', namespace: 'b' } })).toEqual({ name: 'a', namespace: 'b' });
});
