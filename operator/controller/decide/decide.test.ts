import { describe, expect, it, test } from '@jest/globals';
import { ANNOTATION, LABEL } from '../../api/index.ts';
import { told, World } from '../testing/world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };

/** A world at rest, in which SPEC serves. */
function serving(spec: object = SPEC): World {
  const world = new World(spec);
  world.settle();
  world.ready();
  world.settle();
  return world;
}
const servingRevision = (world: World) => world.deployment.status?.serving?.revision ?? '';
const candidateRevision = (world: World) => world.deployment.status?.candidate?.revision ?? '';
const selected = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision];

describe('a first deployment', () => {
  it('makes each child once, in an order that is safe to be cut short, and waits', () => {
    const world = new World(SPEC);
    const hash = (world.settle(), candidateRevision(world));
    expect(world.written).toEqual([
      'Create ServiceAccount chat',
      'Create Service chat',
      `Create ControllerRevision chat-${hash}`,
      `Create Deployment chat-${hash}`,
      `Create Service chat-${hash}`,
      `Create PodDisruptionBudget chat-${hash}`,
    ]);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'Loading' });
    expect(world.condition('Reconciling')).toMatchObject({ status: 'True' });
    expect(world.condition('Available')).toMatchObject({ status: 'False' });
    expect(world.deployment.status).toMatchObject({ replicas: 2, readyReplicas: 0 });
    expect(world.deployment.status?.serving).toBeUndefined();
    expect(world.deployment.status?.selector).toBe(`${LABEL.name}=chat,${LABEL.revision}=${hash}`);
  });

  it('is Ready when every replica is, and marks the revision as proven in one write', () => {
    const world = new World(SPEC);
    world.settle();
    world.written.length = 0;
    world.ready();
    world.settle();
    expect(world.written).toEqual([`Apply ControllerRevision chat-${servingRevision(world)}`]);
    for (const type of ['Ready', 'Available', 'PlanAccepted', 'CapacityAvailable']) {
      expect([type, world.condition(type)?.status]).toEqual([type, 'True']);
    }
    for (const type of ['Reconciling', 'Stalled']) expect(world.condition(type)?.status).toBe('False');
    expect(world.deployment.status?.serving).toMatchObject({ readyReplicas: 2, proven: true });
  });

  it('writes replicas once when they are absent, from minReplicas if there are any', () => {
    const { replicas: _, ...spec } = SPEC;
    const world = new World({ ...spec, autoscaling: { minReplicas: 3, maxReplicas: 4 } });
    world.settle();
    expect(world.written.filter((intent) => intent.startsWith('Set'))).toEqual(['Set spec.replicas to 3']);
  });

  it('comes to the same end when it was interrupted after any of its writes', () => {
    const whole = new World(SPEC);
    whole.settle();
    for (let cut = 0; cut < whole.written.length; cut++) {
      const world = new World(SPEC);
      world.settle();
      // What the writes after the cut made is not there, and neither is the status.
      const made = [...world.objects.keys()].slice(cut);
      for (const key of made) world.objects.delete(key);
      world.deployment = { ...new World(SPEC).deployment };
      world.settle();
      expect([...world.objects.keys()].sort()).toEqual([...whole.objects.keys()].sort());
      expect(selected(world)).toBe(selected(whole));
    }
  });
});

describe('a refused spec', () => {
  it('makes nothing, and says what would fit', () => {
    const world = new World({
      model: { name: 'deepseek-r1-distill-qwen-7b' },
      quantization: { type: 'FP16' },
      accelerator: { type: 'T4', count: 1 },
    });
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('PlanAccepted')).toMatchObject({ status: 'False', reason: 'InsufficientGPUMemory' });
    expect(world.condition('Stalled')).toMatchObject({ status: 'True', reason: 'InsufficientGPUMemory' });
  });

  it('leaves what serves alone, and heals with the spec', () => {
    const world = serving();
    world.written.length = 0;
    world.edit((spec) => ({ ...spec, model: { name: 'no-such-model' } }));
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'ModelNotFound' });
    expect(world.condition('Ready')?.message).toContain('keeps serving');
    expect(world.condition('Available')?.status).toBe('True');
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.settle();
    expect(world.condition('Ready')?.status).toBe('True');
    expect(world.written).toEqual([]);
  });
});

describe('a change of what runs', () => {
  it('loads the next revision beside the one that serves, and moves the Service in one write', () => {
    const world = serving();
    const old = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    expect(selected(world)).toBe(old);
    const next = world.deployment.status?.candidate?.revision ?? '';
    expect(next).not.toBe(old);
    expect(world.condition('CandidateHealthy')?.status).toBe('Unknown');

    world.report(next, 1);
    world.settle();
    expect(selected(world)).toBe(old);

    world.written.length = 0;
    world.report(next, 2);
    world.settle();
    expect(selected(world)).toBe(next);
    expect(world.service('chat')?.metadata.annotations).toMatchObject({
      [ANNOTATION.servingRevision]: next,
      [ANNOTATION.attempt]: '2',
      [ANNOTATION.previousRevision]: old,
    });
    expect(world.names('Deployment').sort()).toEqual([`chat-${next}`, `chat-${old}`].sort());
    expect(world.names('ControllerRevision')).toHaveLength(2);
    world.conclude();
    expect(world.written.filter((intent) => intent === 'Apply Service chat')).toHaveLength(1);
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('keeps the old version whole through the watch and warm after it, and lets it go when the window is over', () => {
    const world = serving();
    const old = servingRevision(world);
    const replicasOf = (revision: string) =>
      world.snapshot().deployments.find(({ metadata }) => metadata.name === `chat-${revision}`)?.spec?.replicas;
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.ready();
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Switching');
    world.later(15_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Watching');
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'Watching' });
    expect(world.deployment.status?.serving?.proven).toBe(false);
    expect(replicasOf(old)).toBe(2);
    world.later(10 * 60_000);
    expect(world.deployment.status?.rollout?.phase).toBe('Idle');
    expect(world.deployment.status?.serving?.proven).toBe(true);
    expect(world.deployment.status?.rollback).toMatchObject({ revision: old, readiness: 'Warm' });
    expect(world.condition('RollbackReady')?.status).toBe('True');
    expect(replicasOf(old)).toBe(2);
    world.rollbackWindowEnds();
    expect(world.names('Deployment')).toEqual([`chat-${servingRevision(world)}`]);
    expect(world.condition('RollbackReady')).toMatchObject({ status: 'False', reason: 'RollbackCold' });
    expect(world.condition('RollbackReady')?.message).toMatch(
      /would load the model again, up to \d+ minutes once it has GPUs: rollout.rollbackWindow is over\.$/,
    );
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('never selects a revision that has no ready pod while one has, at any step', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    for (let ready = 0; ready <= 2; ready++) {
      for (let i = 0; i < 4; i++) {
        world.pass();
        const hash = selected(world);
        const deployment = world
          .snapshot()
          .deployments.find(({ metadata }) => metadata.labels?.[LABEL.revision] === hash);
        expect(deployment?.status?.readyReplicas).toBe(2);
      }
      const next = world.deployment.status?.candidate?.revision;
      if (next !== undefined) world.report(next, ready);
    }
  });

  it('drops the candidate when the spec returns to what serves', () => {
    const world = serving();
    const old = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.settle();
    expect(world.names('Deployment')).toEqual([`chat-${old}`]);
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('uses a stored revision again, with its stored template', () => {
    const world = serving();
    const old = servingRevision(world);
    const template = JSON.stringify(world.snapshot().revisions[0]?.data.template);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.ready();
    world.settle();
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.settle();
    world.ready();
    world.settle();
    expect(servingRevision(world)).toBe(old);
    expect(JSON.stringify(world.snapshot().deployments[0]?.spec?.template)).toBe(template);
    expect(world.names('ControllerRevision')).toHaveLength(2);
  });

  it('makes no revision of a change that pods do not see', () => {
    const world = serving();
    world.written.length = 0;
    world.edit((spec) => ({ ...spec, rollout: { revisionHistoryLimit: 1 } }));
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.deployment.status?.observedGeneration).toBe(world.deployment.metadata.generation);
  });

  it('keeps as many old revisions as the limit says', () => {
    const world = serving({ ...SPEC, rollout: { revisionHistoryLimit: 1 } });
    for (const name of [
      'deepseek-r1-distill-qwen-14b',
      'deepseek-r1-distill-llama-8b',
      'deepseek-r1-distill-qwen-1.5b',
    ]) {
      world.edit((spec) => ({ ...spec, model: { name } }));
      world.settle();
      world.conclude();
      world.rollbackWindowEnds();
    }
    // What serves, what a rollback would go to, and one more.
    expect(world.names('ControllerRevision')).toHaveLength(3);
  });
});

describe('a candidate that fails', () => {
  const failing = () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    const next = world.deployment.status?.candidate?.revision ?? '';
    world.now = Date.parse(world.deployment.status?.rollout?.deadline ?? '');
    world.settle();
    return { world, next };
  };

  it('gives its GPUs back, keeps what serves, and says why', () => {
    const { world, next } = failing();
    expect(world.names('Deployment')).toEqual([`chat-${servingRevision(world)}`]);
    expect(servingRevision(world)).not.toBe(next);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'StartupBudgetExceeded' });
    expect(world.condition('Stalled')?.status).toBe('True');
    expect(world.condition('Available')?.status).toBe('True');
  });

  it('stays failed when the operator ends before the status says so', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    const { status } = world.deployment;
    world.now = Date.parse(status?.rollout?.deadline ?? '');
    world.settle();
    const next = candidateRevision(world);
    const told = world.condition('Ready')?.message;
    if (status === undefined) throw new Error('no status');
    world.deployment = { ...world.deployment, status };
    world.now = Date.parse('2026-01-01T00:01:00Z');
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Held');
    expect(candidateRevision(world)).toBe(next);
    expect(world.condition('Ready')?.message).toBe(told);
    expect(world.names('Deployment')).toEqual([`chat-${servingRevision(world)}`]);
  });

  it('is not tried again by a re-sync of the same spec, and is by a return to it', () => {
    const { world, next } = failing();
    world.written.length = 0;
    world.edit((spec) => spec);
    world.settle();
    expect(world.written).toEqual([]);
    world.edit((spec) => ({ ...spec, model: SPEC.model }));
    world.settle();
    expect(world.condition('Ready')?.status).toBe('True');
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    expect(world.names('Deployment')).toContain(`chat-${next}`);
  });
});

describe('an engine whose termination message does not say why it ended', () => {
  it('has its log asked for, and the log gives the reason', () => {
    const world = new World(SPEC);
    world.settle();
    const revision = candidateRevision(world);
    const message = 'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}';
    const at = '2026-01-01T00:00:00Z';
    const terminated = { exitCode: 1, reason: 'Error', message, startedAt: at, finishedAt: at };
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' };
    const engine = {
      name: 'engine',
      ready: false,
      restartCount: 2,
      image: '',
      imageID: '',
      state: { waiting },
      lastState: { terminated },
    };
    const labels = { [LABEL.name]: 'chat', [LABEL.revision]: revision };
    const metadata = { name: 'a', namespace: 'ai', uid: 'uid-a', labels };
    world.pods.push({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      status: { phase: 'Running', containerStatuses: [engine] },
    });
    expect(world.pass().logsWanted).toEqual(['a']);
    expect(world.condition('Ready')).toMatchObject({ reason: 'CrashLoop' });
    world.logs.set('a', `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n${message}`);
    expect(world.pass().logsWanted).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'OutOfMemoryGPU' });
  });
});

describe('what others do to children', () => {
  it('puts a template back whole, and says who changed it', () => {
    const world = serving();
    const name = `chat-${servingRevision(world)}`;
    world.tamper('Deployment', name, (object) => {
      const live = object as unknown as {
        metadata: { managedFields: unknown[] };
        spec: { template: { metadata: { annotations?: Record<string, string> } } };
      };
      live.spec.template.metadata.annotations = { 'kubectl.kubernetes.io/restartedAt': 'now' };
      const annotation = { 'f:metadata': { 'f:annotations': { 'f:kubectl.kubernetes.io/restartedAt': {} } } };
      live.metadata.managedFields.push({
        manager: 'kubectl-rollout',
        fieldsV1: { 'f:spec': { 'f:template': annotation } },
      });
    });
    const decision = world.pass();
    expect(told(decision)).toContainEqual(
      expect.objectContaining({ reason: 'ForeignEdit', note: expect.stringContaining('kubectl-rollout') }),
    );
    world.settle();
    expect(world.snapshot().deployments[0]?.spec?.template.metadata?.annotations).not.toHaveProperty([
      'kubectl.kubernetes.io/restartedAt',
    ]);
  });

  it.each([
    ['another', { app: 'mine' }, false],
    ['a narrower', { app: 'mine' }, true],
  ])('puts the selector of the active Service back when it is %s one, and says so', (_, added, narrower) => {
    const world = serving();
    const before = world.service('chat')?.spec?.selector;
    world.tamper('Service', 'chat', (object) => {
      const { spec } = object as unknown as { spec: { selector: object } };
      spec.selector = { ...(narrower && spec.selector), ...added };
    });
    const decision = world.pass();
    expect(world.service('chat')?.spec?.selector).toEqual(before);
    expect(told(decision)).toContainEqual(expect.objectContaining({ reason: 'ForeignEdit' }));
  });

  it('restores a deleted active Service to what served, also when the spec has moved on and the status is lost', () => {
    const world = serving();
    const old = servingRevision(world);
    world.edit((spec) => ({ ...spec, model: OTHER }));
    world.settle();
    world.objects.delete('Service/chat');
    const { status: _, ...rest } = world.deployment;
    world.deployment = rest;
    world.settle();
    expect(selected(world)).toBe(old);
  });

  it('makes every other deleted child again', () => {
    const world = serving();
    const before = [...world.objects.keys()].sort();
    for (const key of before) {
      if (key.startsWith('ControllerRevision')) continue;
      world.objects.delete(key);
      world.settle();
      expect([...world.objects.keys()].sort()).toEqual(before);
    }
  });
});

describe('switches', () => {
  it('is off at 0 replicas, by request', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    world.ready();
    world.settle();
    expect(world.condition('Ready')).toMatchObject({ status: 'True', reason: 'ScaledToZero' });
    expect(world.condition('Available')?.status).toBe('False');
    expect(world.names('Service')).toContain('chat');
  });

  it('writes nothing but status when reconciling is disabled, and says what it holds back', () => {
    const world = serving();
    world.deployment = {
      ...world.deployment,
      metadata: { ...world.deployment.metadata, annotations: { [ANNOTATION.reconcile]: 'disabled' } },
    };
    world.written.length = 0;
    world.edit((spec) => ({ ...spec, replicas: 5 }));
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'ReconcileDisabled' });
    expect(world.condition('Ready')?.message).toContain(`Apply Deployment chat-${servingRevision(world)}`);
  });
});

test('a pass over a world at rest changes neither objects nor status', () => {
  const world = serving();
  const status = JSON.stringify(world.deployment.status);
  world.now += 3_600_000;
  expect(world.pass().intents).toEqual([]);
  expect(JSON.stringify(world.deployment.status)).toBe(status);
});
