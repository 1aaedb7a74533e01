import { expect, it } from '@jest/globals';
import type { LiveModel } from './manifests.ts';
import { prerequisitesOf } from './prerequisites.ts';

const model = (spec: object) => ({ spec: { accelerator: { type: 'T4' }, ...spec } }) as unknown as LiveModel;

it('makes each claim, with a volume behind it, and each Secret, with the keys that are named', () => {
  const tokenSecretRef = { name: 'hub', key: 'token' };
  const models = [
    model({ model: { name: 'a', source: { persistentVolumeClaim: { claimName: 'weights', path: 'a' } } } }),
    model({ model: { name: 'b', source: { persistentVolumeClaim: { claimName: 'weights', path: 'b' } } } }),
    model({
      model: {
        name: 'c',
        source: { huggingFace: { tokenSecretRef }, cache: { persistentVolumeClaim: { claimName: 'c' } } },
      },
      engine: { apiKeySecretRef: { name: 'hub', key: 'api' } },
    }),
    model({ model: { name: 'd' } }),
  ];
  const made = prerequisitesOf(models, 'ai').map(({ object }) => `${object.kind} ${object.metadata.name}`);
  expect(made).toEqual([
    'PersistentVolume ai-weights',
    'PersistentVolumeClaim weights',
    'PersistentVolume ai-c',
    'PersistentVolumeClaim c',
    'Secret hub',
  ]);
  const secret = prerequisitesOf(models, 'ai').at(-1)?.object;
  expect(secret).toMatchObject({ metadata: { namespace: 'ai' }, stringData: { token: 'demo', api: 'demo' } });
});

it('makes nothing for models that name nothing', () => {
  expect(prerequisitesOf([model({ model: { name: 'd' } })], 'ai')).toEqual([]);
});
