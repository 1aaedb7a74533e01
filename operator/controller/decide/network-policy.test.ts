import { expect, it } from '@jest/globals';
import { World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
};
const policies = (world: World) => world.names('NetworkPolicy');

it('is made before the pods, and taken away when the spec asks for it no more', () => {
  const world = new World({ ...SPEC, networkPolicy: { enabled: true } });
  world.conclude();
  expect(policies(world)).toEqual(['chat']);
  const order = world.written.filter((write) => /NetworkPolicy|Deployment/.test(write));
  expect(order[0]).toContain('NetworkPolicy');
  world.edit((spec) => ({ ...spec, networkPolicy: { enabled: false } }));
  world.settle();
  expect(policies(world)).toEqual([]);
});

it('lets out what either version of a rollout downloads from', () => {
  const volume = { source: { persistentVolumeClaim: { claimName: 'weights' } } };
  const world = new World({ ...SPEC, networkPolicy: { enabled: true } });
  world.conclude();
  const ports = () => JSON.stringify(world.objects.get('NetworkPolicy/chat'));
  expect(ports()).toContain('443');
  world.edit((spec) => ({ ...spec, model: { ...SPEC.model, ...volume }, rollout: { promotion: 'Manual' } }));
  world.settle();
  expect(ports()).toContain('443');
  world.edit((spec) => ({ ...spec, rollout: { promotion: 'Automatic' } }));
  world.conclude();
  world.rollbackWindowEnds();
  expect(ports()).not.toContain('443');
});

it('is not there unless the spec asks for it', () => {
  const world = new World(SPEC);
  world.conclude();
  expect(policies(world)).toEqual([]);
});

it('is not made for a spec that is refused, and nothing else is', () => {
  const world = new World({ ...SPEC, model: { name: 'no-such-model' }, networkPolicy: { enabled: true } });
  world.settle();
  expect(world.condition('Stalled')).toMatchObject({ status: 'True', reason: 'ModelNotFound' });
  expect([...world.objects.keys()]).toEqual([]);
});

it('admits the operator and Prometheus from where the settings of the operator say, and follows them', () => {
  const world = new World({ ...SPEC, networkPolicy: { enabled: true, allowFrom: [] } });
  const admitted = () => {
    const { spec } = world.objects.get('NetworkPolicy/chat') as unknown as {
      spec: { ingress: { from: { namespaceSelector: object }[] }[] };
    };
    return spec.ingress[0]?.from.map(({ namespaceSelector }) => namespaceSelector);
  };
  const named = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });
  world.options = { observeOnly: false, operatorNamespace: 'deepseek-system' };
  world.conclude();
  expect(admitted()).toEqual([named('deepseek-system'), {}]);
  world.options = { ...world.options, prometheusNamespaces: ['monitoring'] };
  world.settle();
  expect(admitted()).toEqual([named('deepseek-system'), named('monitoring')]);
});
