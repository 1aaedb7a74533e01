import { describe, expect, it } from '@jest/globals';
import { foreignTemplateManagers } from './field-managers.ts';

const template = { 'f:spec': { 'f:template': { 'f:spec': { 'f:hostNetwork': {} } } } };
const declared = { metadata: { annotations: {} }, spec: { priority: 1 } };
const ours = { manager: 'deepseek-operator', operation: 'Apply', fieldsV1: template };

describe('foreignTemplateManagers', () => {
  it('is empty when only we own the template', () => {
    expect(foreignTemplateManagers([ours], 'deepseek-operator', declared)).toEqual([]);
    expect(foreignTemplateManagers(undefined, 'deepseek-operator', declared)).toEqual([]);
  });

  it('names who restarted the rollout, once and sorted', () => {
    const restart = {
      manager: 'kubectl-rollout',
      fieldsV1: {
        'f:spec': {
          'f:template': { 'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/restartedAt': {} } } },
        },
      },
    };
    const tool = { manager: 'a-tool', fieldsV1: template };
    expect(foreignTemplateManagers([restart, ours, tool, restart], 'deepseek-operator', declared)).toEqual([
      'a-tool',
      'kubectl-rollout',
    ]);
  });

  it('lets others own what we declare too', () => {
    const shared = { 'f:spec': { 'f:template': { 'f:metadata': {}, 'f:spec': { 'f:priority': {} } } } };
    const entry = { manager: 'a-tool', fieldsV1: shared };
    expect(foreignTemplateManagers([entry], 'deepseek-operator', declared)).toEqual([]);
    expect(foreignTemplateManagers([entry], 'deepseek-operator', {})).toEqual(['a-tool']);
  });

  it('leaves the controller manager, the scale subresource and other fields alone', () => {
    const controllerManager = {
      manager: 'kube-controller-manager',
      fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } } },
    };
    const status = { manager: 'kube-controller-manager', subresource: 'status', fieldsV1: { 'f:status': {} } };
    const replicas = { manager: 'kubectl', fieldsV1: { 'f:spec': { 'f:replicas': {} } } };
    expect(foreignTemplateManagers([controllerManager, status, replicas, {}], 'deepseek-operator', declared)).toEqual(
      [],
    );
  });
});
