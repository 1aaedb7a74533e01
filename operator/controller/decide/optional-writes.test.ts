import { beforeEach, describe, expect, it } from '@jest/globals';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';
import type { Intent } from './intents.ts';
import { isOptional, type OptionalIntent, optionalLast, withWriteFailures, writeFailure } from './optional-writes.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  autoscaling: { maxReplicas: 4, metrics: [{ type: 'QueueDepth', target: '5' }] },
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const WEBHOOK = 'Internal error occurred: failed calling webhook "prometheusrules.example": connection refused';

let world: World;
beforeEach(() => {
  world = new World(SPEC);
  world.monitoringKinds = { PodMonitor: true, PrometheusRule: true };
});
const reasons = () => world.deployment.status?.conditions?.map(({ type, status }) => `${type} ${status}`);

describe.each([
  ['PodMonitor', 'Monitored', 'MonitoringWriteFailed'],
  ['PrometheusRule', 'Monitored', 'MonitoringWriteFailed'],
  ['HorizontalPodAutoscaler', 'AutoscalingActive', 'AutoscalerWriteFailed'],
])('a %s that nobody takes', (kind, type, reason) => {
  it('is told in its own condition, and neither what serves nor a rollout waits for it', () => {
    world.refusals.set(kind, WEBHOOK);
    world.conclude();
    const first = world.deployment.status?.serving?.revision;
    expect(world.condition(type)).toMatchObject({ status: 'False', reason });
    expect(world.condition(type)?.message).toContain(WEBHOOK);
    expect(reasons()).toEqual(expect.arrayContaining(['Ready True', 'Reconciling False', 'Stalled False']));

    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    expect(world.deployment.status?.rollout?.phase).not.toBe('Idle');
    world.conclude();
    expect(world.deployment.status?.serving?.revision).not.toBe(first);
    expect(world.condition('Ready')?.status).toBe('True');
    expect(world.condition(type)).toMatchObject({ status: 'False', reason });
  });

  it('is told no longer once it is taken', () => {
    world.refusals.set(kind, WEBHOOK);
    world.conclude();
    world.refusals.clear();
    world.settle();
    expect(world.condition(type)?.reason).not.toBe(reason);
    expect(world.objects.has(`${kind}/${kind === 'PrometheusRule' ? 'chat-rules' : 'chat'}`)).toBe(true);
  });
});

it('is told of several in one condition', () => {
  world.refusals.set('PodMonitor', 'no').set('PrometheusRule', 'never');
  world.conclude();
  expect(world.condition('Monitored')?.message).toMatch(/PodMonitor chat .*no.* PrometheusRule chat-rules .*never/);
});

it('keeps what the status tells until the write was tried by a new process', () => {
  world.refusals.set('PodMonitor', 'no');
  world.conclude();
  const before = world.condition('Monitored');
  const snapshot = world.snapshot();
  const decision = decide(snapshot);
  expect(decision.intents).toMatchObject([{ type: 'Create', kind: 'PodMonitor' }]);
  const status = withWriteFailures(snapshot, decision.status, decision.intents.filter(isOptional), []);
  expect(status.conditions).toContainEqual(before);
});

it('comes last, each part in its order', () => {
  const create = (kind: 'Service' | 'Deployment' | 'PodMonitor' | 'HorizontalPodAutoscaler'): Intent => ({
    ...{ type: 'Create', kind, object: {} },
  });
  const evict: Intent = { type: 'Evict', pod: { name: 'a', uid: 'b' } };
  const intents = [
    create('HorizontalPodAutoscaler'),
    create('Service'),
    create('PodMonitor'),
    create('Deployment'),
    evict,
  ];
  expect(optionalLast(intents)).toEqual([intents[1], intents[3], evict, intents[0], intents[2]]);
  world.conclude();
  world.edit((spec) => ({ ...spec, model: OTHER, autoscaling: { ...SPEC.autoscaling, maxReplicas: 6 } }));
  const kinds = decide(world.snapshot()).intents.map(isOptional);
  expect(kinds).toContain(true);
  expect(kinds).toEqual([...kinds].sort());
});

describe('what to do', () => {
  const intent = (type: 'Create' | 'Delete', kind: OptionalIntent['kind']) =>
    ({ type, kind, name: 'chat', object: { metadata: { name: 'chat' } } }) as unknown as OptionalIntent;
  it.each<['Create' | 'Delete', OptionalIntent['kind'], string, RegExp]>([
    ['Create', 'PodMonitor', 'strict decoding error: unknown field "spec.x"', /older CRD of PodMonitor/],
    ['Create', 'ScaledObject', '.spec.x: field not declared in schema', /older CRD of ScaledObject/],
    ['Create', 'PrometheusRule', WEBHOOK, /See to the admission webhook/],
    ['Create', 'PodMonitor', 'podmonitors is forbidden: User "operator" cannot patch', /right to write .* PodMonitor/],
    [
      'Delete',
      'HorizontalPodAutoscaler',
      'etcd is full',
      /^HorizontalPodAutoscaler chat cannot be deleted: etcd is full\. It is tried/,
    ],
  ])('%s %s: %s', (type, kind, words, expected) => {
    expect(writeFailure(intent(type, kind), words).message).toMatch(expected);
  });
});
