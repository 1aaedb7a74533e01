import { describe, expect, it } from '@jest/globals';
import type { OperatorDefaults } from '../../api/index.ts';
import type { ClusterFacts, DefaultsReading } from '../snapshot.ts';
import type { Deployment } from '../../kube/resources.ts';
import { PHASES, Scene } from '../testing/scene.ts';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { desiredRevision } from './desired.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const DEFAULTS: OperatorDefaults = {
  registryMirrors: { 'docker.io': 'registry.example/mirror' },
  huggingFaceEndpoint: 'http://hub.internal:8080',
  imagePullSecrets: [{ name: 'registry' }],
  tolerations: [{ key: 'team', operator: 'Equal', value: 'ml', effect: 'NoSchedule' }],
  nodeSelector: { pool: 'inference', zone: 'a' },
  runtimeClassName: 'nvidia',
};

function made(spec: object, defaults?: DefaultsReading) {
  const { deployment } = new World(spec);
  const facts: Omit<ClusterFacts, 'nodes'> = { version: undefined, ...(defaults && { defaults }) };
  return desiredRevision(deployment, [], [], facts);
}

function pod(spec: object, value?: OperatorDefaults) {
  const { revision } = made(spec, value && { value });
  const template = revision?.data.template.spec;
  const engine = template?.containers[0];
  if (revision === undefined || template === undefined || engine === undefined) throw new Error('the plan was refused');
  return { hash: revision.hash, template, engine, env: new Map(engine.env?.map(({ name, value }) => [name, value])) };
}

describe('the operator’s defaults', () => {
  it('fill in what the spec leaves open, and make no other revision', () => {
    const { hash, template, engine, env } = pod(SPEC, DEFAULTS);
    expect(engine.image).toMatch(/^registry\.example\/mirror\/vllm\/vllm-openai:v/);
    expect(env.get('HF_ENDPOINT')).toBe('http://hub.internal:8080');
    expect(template).toMatchObject({
      imagePullSecrets: [{ name: 'registry' }],
      nodeSelector: { pool: 'inference', zone: 'a' },
      runtimeClassName: 'nvidia',
    });
    expect(template.tolerations).toContainEqual(DEFAULTS.tolerations?.[0]);
    expect(hash).toBe(pod(SPEC).hash);
  });

  it('do not touch what the spec says', () => {
    const { template, engine, env } = pod(
      {
        ...SPEC,
        model: { ...SPEC.model, source: { huggingFace: { endpoint: 'https://own.example' } } },
        engine: { type: 'vLLM', image: 'vllm/vllm-openai:nightly' },
        accelerator: {
          ...SPEC.accelerator,
          nodeSelector: { zone: 'b' },
          runtimeClassName: 'kata',
          tolerations: [{ key: 'team', operator: 'Exists', effect: 'NoSchedule' }],
        },
        podTemplate: { imagePullSecrets: [{ name: 'own' }, { name: 'registry' }] },
      },
      DEFAULTS,
    );
    expect(engine.image).toBe('vllm/vllm-openai:nightly');
    expect(env.get('HF_ENDPOINT')).toBe('https://own.example');
    expect(template).toMatchObject({
      imagePullSecrets: [{ name: 'own' }, { name: 'registry' }],
      nodeSelector: { pool: 'inference', zone: 'b' },
      runtimeClassName: 'kata',
    });
    expect(template.tolerations?.filter(({ key }) => key === 'team')).toEqual([
      { key: 'team', operator: 'Exists', effect: 'NoSchedule' },
    ]);
  });

  it('give a model on CPU no RuntimeClass of GPUs', () => {
    const cpu = { ...SPEC, accelerator: { type: 'CPU' }, quantization: { type: 'GGUF' } };
    expect(pod(cpu, DEFAULTS).template.runtimeClassName).toBeUndefined();
  });

  it('name no hub where weights come from elsewhere, and mirror what copies them', () => {
    const stored = { ...SPEC.model, source: { objectStorage: { uri: 's3://models/7b' } } };
    const { env, template } = pod({ ...SPEC, model: stored, engine: { type: 'SGLang' } }, DEFAULTS);
    expect(env.has('HF_ENDPOINT')).toBe(false);
    expect(template.initContainers?.map(({ image }) => image)).toEqual([
      expect.stringMatching(/^registry\.example\/mirror\/rclone\/rclone:/),
      expect.stringMatching(/^registry\.example\/mirror\/library\/haproxy:/),
    ]);
  });

  it('that are not valid leave the last valid ones, with a warning in the plan', () => {
    const { revision } = made(SPEC, { value: DEFAULTS, problem: 'runtimeClas: unknown' });
    expect(revision?.data.template.spec?.runtimeClassName).toBe('nvidia');
    expect(revision?.data.plan.warnings).toContainEqual(expect.stringMatching(/last valid ones.*runtimeClas: unknown/));
  });

  it('that were never valid make no revision', () => {
    const { revision, plan } = made(SPEC, { problem: 'runtimeClas: unknown' });
    expect(revision).toBeUndefined();
    expect(plan).toMatchObject({ accepted: false, reason: 'DefaultsInvalid' });
  });

  it('that are not valid any more do not touch a revision that is stored', () => {
    const { deployment } = new World(SPEC);
    const { revision } = made(SPEC, { value: DEFAULTS });
    const facts = { version: undefined, defaults: { problem: 'broken' } };
    const again = desiredRevision(deployment, [revision!], [], facts);
    expect(again).toMatchObject({ isNew: false, plan: { accepted: true } });
    expect(again.revision).toBe(revision);
  });
});

const runtimeClasses = (world: World) =>
  world.names('Deployment').map((name) => {
    const { spec } = world.objects.get(`Deployment/${name}`) as unknown as Deployment;
    return spec?.template.spec?.runtimeClassName;
  });

it('are those of the moment in which a version is made', () => {
  const world = new World(SPEC);
  world.defaults = { value: { runtimeClassName: 'before' } };
  world.conclude();
  expect(runtimeClasses(world)).toEqual(['before']);
  const written = world.written.length;
  world.defaults = { value: { runtimeClassName: 'after' } };
  world.settle();
  expect(world.written).toHaveLength(written);
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
  world.settle();
  expect(runtimeClasses(world)).toEqual(['before', 'after']);
});

describe.each(PHASES)('a change of the defaults while the rollout is %s', (phase) => {
  it.each<[string, DefaultsReading]>([
    ['that is valid', { value: DEFAULTS }],
    ['that is not', { problem: 'broken' }],
  ])('%s writes what would have been written without', (_, reading) => {
    const { world } = new Scene(phase);
    const before = decide(world.snapshot());
    world.defaults = reading;
    const after = decide(world.snapshot());
    expect(after.intents).toEqual(before.intents);
    expect(after.rollout.phase).toBe(before.rollout.phase);
  });
});

it('open the way to the mirror of the hub that the pods were rendered with', () => {
  const world = new World({ ...SPEC, networkPolicy: { enabled: true } });
  world.defaults = { value: DEFAULTS };
  world.conclude();
  world.defaults = { value: {} };
  world.settle();
  expect(JSON.stringify(world.objects.get('NetworkPolicy/chat'))).toContain('"port":8080');
});

it('that were never valid are looked at again', () => {
  const world = new World(SPEC);
  world.defaults = { problem: 'broken' };
  expect(decide(world.snapshot()).requeueAfterMs).toBeLessThanOrEqual(15_000);
});
