import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../api/index.ts';
import { told, World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { obstructed } from './obstructed.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 2 };
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const THIRD = { name: 'deepseek-r1-distill-llama-8b' };

function serving(spec: object = SPEC): World {
  const world = new World(spec);
  world.settle();
  world.ready();
  world.settle();
  return world;
}
const change = (world: World, model: object) => {
  world.edit((spec) => ({ ...spec, model }));
  world.settle();
  return world.deployment.status?.candidate?.revision ?? '';
};

describe('what the status says of a first deployment', () => {
  it('is that it comes, and that it serves once a replica has answered', () => {
    const world = new World(SPEC);
    world.settle();
    const revision = world.service('chat')?.spec?.selector?.[LABEL.revision] ?? '';
    expect(world.deployment.status?.serving).toBeUndefined();
    expect(world.deployment.status?.candidate).toMatchObject({ revision, readyReplicas: 0 });
    world.report(revision, 1);
    world.settle();
    expect(world.deployment.status?.candidate).toBeUndefined();
    expect(world.deployment.status?.serving).toMatchObject({ revision, readyReplicas: 1, proven: false });
    // What has served is not forgotten while it is down.
    world.report(revision, 0);
    world.settle();
    expect(world.deployment.status?.serving).toMatchObject({ revision, readyReplicas: 0 });
  });
});

describe('replicas that are ready and not available', () => {
  it('are not said to be starting', () => {
    const world = serving({ ...SPEC, minReadySeconds: 60 });
    const revision = world.deployment.status?.serving?.revision ?? '';
    world.tamper('Deployment', `chat-${revision}`, (object) => {
      (object as unknown as { status: { availableReplicas: number } }).status.availableReplicas = 1;
    });
    world.settle();
    const message = world.condition('Ready')?.message ?? '';
    expect(message).toContain('2 of 2 replicas ready');
    expect(message).toContain('1 count as available');
    expect(message).toContain('minReadySeconds');
    expect(message).not.toContain('a start may take');
  });
});

describe('a deployment that is scaled to 0', () => {
  it('is not available because that was asked for', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, replicas: 0 }));
    world.settle();
    world.ready();
    world.settle();
    expect(world.condition('Available')).toMatchObject({
      status: 'False',
      reason: 'ScaledToZero',
      message: 'Scaled to 0: nothing answers, by request.',
    });
  });
});

describe('a candidate that was taken back', () => {
  it('is said to be gone, which it is', () => {
    const world = serving();
    const next = change(world, OTHER);
    world.now = Date.parse(world.deployment.status?.rollout?.deadline ?? '');
    world.settle();
    expect(world.condition('Ready')?.message).toContain(`Revision ${next} was given up: `);
    expect(world.names('Deployment')).not.toContain(`chat-${next}`);
  });
});

describe('the Event of Ready', () => {
  it('comes again for the same reason when it is about another revision, and once', () => {
    const world = serving();
    world.nodes = [];
    const announced = (model: object) => {
      world.edit((spec) => ({ ...spec, model }));
      return [world.pass(), world.pass(), world.pass()].flatMap(told).map(({ reason }) => reason);
    };
    const once = ['RevisionCreated', 'RolloutStarted', 'WayChosen', 'AcceleratorNotFound'];
    expect(announced(OTHER)).toEqual(once);
    expect(announced(THIRD)).toEqual(once);
  });
});

describe('a Service that somebody else changes while the rollout is paused', () => {
  const edited = () => {
    const world = serving();
    const revision = world.deployment.status?.serving?.revision;
    world.edit((spec) => ({ ...spec, rollout: { paused: true } }));
    world.settle();
    world.tamper('Service', 'chat', (object) => {
      (object as unknown as { spec: { selector: object } }).spec.selector = { app: 'mine' };
    });
    world.written.length = 0;
    return { world, revision };
  };

  it('is left alone, and told', () => {
    const { world } = edited();
    const { events } = world.pass();
    expect(events).toContainEqual(expect.objectContaining({ type: 'Warning', reason: 'Paused' }));
    world.settle();
    expect(world.written).toEqual([]);
    expect(world.service('chat')?.spec?.selector).toEqual({ app: 'mine' });
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'Paused' });
    expect(world.condition('Ready')?.message).toContain('changed by somebody else');
    expect(world.condition('Available')).toMatchObject({ status: 'Unknown', reason: 'Paused' });
  });

  it('is put back when the pause ends', () => {
    const { world, revision } = edited();
    world.settle();
    world.edit((spec) => ({ ...spec, rollout: { paused: false } }));
    world.settle();
    expect(world.service('chat')?.spec?.selector?.[LABEL.revision]).toBe(revision);
    expect(world.condition('Ready')?.status).toBe('True');
  });

  it('keeps the pods that it selects', () => {
    const world = serving();
    const next = change(world, OTHER);
    world.edit((spec) => ({ ...spec, rollout: { paused: true } }));
    world.settle();
    world.tamper('Service', 'chat', (object) => {
      const { selector } = (object as unknown as { spec: { selector: Record<string, string> } }).spec;
      selector[LABEL.revision] = next;
    });
    world.edit((spec) => ({ ...spec, model: THIRD }));
    world.settle();
    expect(world.names('Deployment')).toContain(`chat-${next}`);
  });

  it('is made again when it is gone', () => {
    const { world, revision } = edited();
    world.objects.delete('Service/chat');
    world.settle();
    expect(world.service('chat')?.spec?.selector?.[LABEL.revision]).toBe(revision);
  });
});

describe('an active Service that cannot be made', () => {
  it('leaves nothing that is Available', () => {
    const world = serving();
    world.objects.delete('Service/chat');
    const next = decide(world.snapshot());
    const obstacle = { reason: 'NameConflict', message: 'Service chat exists', blocking: true } as const;
    const { status } = obstructed(world.snapshot(), next, obstacle, world.now);
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: 'Available', status: 'False', message: 'There is no active Service of ours.' }),
    );
  });

  it('calls for a person only once what others make has had its time to come', () => {
    const world = new World(SPEC);
    const obstacle = { reason: 'SecretNotFound', message: 'Secret a', blocking: true, patienceMs: 120_000 } as const;
    const since = world.now;
    const stalled = () => {
      const { status } = obstructed(world.snapshot(), decide(world.snapshot()), obstacle, since);
      world.deployment = { ...world.deployment, status };
      expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
      return [world.condition('Reconciling')?.status, world.condition('Stalled')?.status];
    };
    expect(stalled()).toEqual(['True', 'False']);
    world.now += 119_000;
    expect(stalled()).toEqual(['True', 'False']);
    world.now += 1_000;
    expect(stalled()).toEqual(['False', 'True']);
  });
});
