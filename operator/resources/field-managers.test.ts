import { describe, expect, it } from '@jest/globals';
import { foreignTemplateManagers, managersAt } from './field-managers.ts';

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

describe('managersAt', () => {
  const desired = {
    metadata: { labels: { app: 'chat' } },
    spec: { selector: { app: 'chat' }, ports: [{ port: 80, protocol: 'TCP' }, { port: 81 }], list: ['a'] },
  };
  const managers = (fieldsV1: object, ...path: (string | number)[]) =>
    managersAt([{ manager: 'someone', fieldsV1: fieldsV1 as never }], 'deepseek-operator', [path], desired);

  it.each<[string, object, (string | number)[], boolean]>([
    ['a field', { 'f:spec': { 'f:selector': { 'f:app': {} } } }, ['spec', 'selector', 'app'], true],
    ['another field beside it', { 'f:spec': { 'f:selector': { 'f:other': {} } } }, ['spec', 'selector', 'app'], false],
    ['the whole that it is in', { 'f:spec': { 'f:selector': {} } }, ['spec', 'selector', 'app'], true],
    ['part of what is wrong', { 'f:spec': { 'f:selector': { 'f:app': {} } } }, ['spec', 'selector'], true],
    ['nothing of the object', { 'f:status': {} }, ['spec', 'selector', 'app'], false],
    [
      'a field of the same element',
      { 'f:spec': { 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } } },
      ['spec', 'ports', 1, 'name'],
      true,
    ],
    [
      'a field of another element that we declare',
      { 'f:spec': { 'f:ports': { 'k:{"port":80,"protocol":"TCP"}': { '.': {}, 'f:name': {} } } } },
      ['spec', 'ports', 1, 'name'],
      false,
    ],
    [
      'an element in the place of ours',
      { 'f:spec': { 'f:ports': { 'k:{"port":99,"protocol":"TCP"}': {} } } },
      ['spec', 'ports', 0],
      true,
    ],
  ])('is who owns %s', (_, fieldsV1, path, isOwner) => {
    expect(managers(fieldsV1, ...path)).toEqual(isOwner ? ['someone'] : []);
  });

  it('names everybody once, sorted, and never us', () => {
    const fieldsV1 = { 'f:spec': { 'f:selector': { 'f:app': {} } } };
    const entries = ['zoe', 'deepseek-operator', 'adam', 'zoe'].map((manager) => ({ manager, fieldsV1 }));
    const path = ['spec', 'selector', 'app'];
    expect(managersAt([...entries, {}], 'deepseek-operator', [path, path], desired)).toEqual(['adam', 'zoe']);
    expect(managersAt(undefined, 'deepseek-operator', [path], desired)).toEqual([]);
  });
});
