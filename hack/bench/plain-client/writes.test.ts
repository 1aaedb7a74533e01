import { describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../../../operator/api/names.ts';
import type { LiveModel } from '../../demo/manifests.ts';
import { MODEL_SPEC } from '../models.ts';
import { fill } from './protocol.ts';
import { firstWrites } from './writes.ts';

const MODEL = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: 'ai', name: 'sample', uid: 'uid-sample', generation: 1 },
  spec: { ...MODEL_SPEC, replicas: 1 },
} as LiveModel;

const TARGET = { namespace: 'bench', name: 'model-7', uid: 'uid-7' };

describe('the writes of a first pass', () => {
  const writes = firstWrites(MODEL).map((write) => fill(write, TARGET));

  it('are the six children, each under its own name, then the status', () => {
    const paths = writes.map(({ path }) => path.replace(/\?.*/, '').replace(/model-7-\w{10}/, 'model-7-<revision>'));
    expect(paths).toEqual([
      '/api/v1/namespaces/bench/serviceaccounts/model-7',
      '/api/v1/namespaces/bench/services/model-7',
      '/apis/apps/v1/namespaces/bench/controllerrevisions/model-7-<revision>',
      '/apis/apps/v1/namespaces/bench/deployments/model-7-<revision>',
      '/api/v1/namespaces/bench/services/model-7-<revision>',
      '/apis/policy/v1/namespaces/bench/poddisruptionbudgets/model-7-<revision>',
      '/apis/deepseek-operator.io/v1alpha1/namespaces/bench/deepseekdeployments/model-7/status',
    ]);
  });

  it('ask for what the operator asks for', () => {
    for (const { path } of writes)
      expect(path).toMatch(/\?fieldManager=deepseek-operator&force=true&fieldValidation=Strict$/);
    const children = writes.slice(0, -1).map(({ body }) => JSON.parse(body) as LiveModel);
    for (const { metadata } of children) {
      expect(metadata).toMatchObject({ namespace: 'bench', resourceVersion: '1', ownerReferences: [{ uid: 'uid-7' }] });
    }
  });

  it('leave no trace of the model that they were made from', () => {
    const text = JSON.stringify(writes);
    expect(text).not.toMatch(/placeholder|sample/);
  });
});
