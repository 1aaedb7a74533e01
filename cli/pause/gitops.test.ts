import { describe, expect, it } from '@jest/globals';
import { gitOpsOwner } from './gitops.ts';

const paused = { 'f:spec': { 'f:rollout': { 'f:paused': {} } } };

describe('who applies an object from Git', () => {
  it.each([
    ['nobody', {}, undefined],
    ['nobody: the label is Helm’s as well', { labels: { 'app.kubernetes.io/instance': 'shop' } }, undefined],
    [
      'Argo CD, by its annotation',
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:g/K:ns/chat' } },
      { name: 'Argo CD application shop', ownsPaused: false },
    ],
    [
      'Argo CD, by its field manager, which sets the field',
      { managedFields: [{ manager: 'argocd-controller', fieldsV1: paused }] },
      { name: 'Argo CD application', ownsPaused: true },
    ],
    [
      'Flux, by its label',
      { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps' } },
      { name: 'Flux Kustomization apps', ownsPaused: false },
    ],
    [
      'Flux’s Helm controller',
      { managedFields: [{ manager: 'helm-controller', fieldsV1: {} }] },
      { name: 'Flux HelmRelease', ownsPaused: false },
    ],
    ['nobody: a person set the field', { managedFields: [{ manager: 'kubectl', fieldsV1: paused }] }, undefined],
  ])('%s', (_, metadata, owner) => {
    expect(gitOpsOwner({ name: 'chat', ...metadata })).toEqual(owner);
  });
});
