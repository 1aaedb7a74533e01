import { describe, expect, it } from '@jest/globals';
import { foreignTemplateManagers } from './field-managers.ts';

const template = { 'f:spec': { 'f:template': { 'f:spec': {} } } };
const ours = { manager: 'deepseek-operator', operation: 'Apply', fieldsV1: template };

describe('foreignTemplateManagers', () => {
  it('is empty when only we own the template', () => {
    expect(foreignTemplateManagers([ours], 'deepseek-operator')).toEqual([]);
    expect(foreignTemplateManagers(undefined, 'deepseek-operator')).toEqual([]);
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
    expect(foreignTemplateManagers([restart, ours, tool, restart], 'deepseek-operator')).toEqual([
      'a-tool',
      'kubectl-rollout',
    ]);
  });

  it('leaves the controller manager, the scale subresource and other fields alone', () => {
    const controllerManager = {
      manager: 'kube-controller-manager',
      fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } } },
    };
    const status = { manager: 'kube-controller-manager', subresource: 'status', fieldsV1: { 'f:status': {} } };
    const replicas = { manager: 'kubectl', fieldsV1: { 'f:spec': { 'f:replicas': {} } } };
    expect(foreignTemplateManagers([controllerManager, status, replicas, {}], 'deepseek-operator')).toEqual([]);
  });
});
