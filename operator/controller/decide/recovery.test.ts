import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '../../api/index.ts';
import { told, World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { obstructed } from './obstructed.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const THIRD = { name: 'deepseek-r1-distill-llama-8b' };

/** A world at rest, in which SPEC serves. */
function serving(spec: object = SPEC): World {
  const world = new World(spec);
  world.settle();
  switchOver(world);
  return world;
}
/** All pods come up, and what follows from it is done. */
function switchOver(world: World): void {
  world.ready();
  world.settle();
  world.ready();
  world.settle();
}
const change = (world: World, model: object) => {
  world.edit((spec) => ({ ...spec, model }));
  world.settle();
};
const servingRevision = (world: World) => world.deployment.status?.serving?.revision ?? '';
const selected = (world: World) => world.service('chat')?.spec?.selector?.[LABEL.revision];

describe('the ServiceAccount', () => {
  it('stays as long as pods of an older revision run under it', () => {
    const world = serving();
    world.edit((spec) => ({ ...spec, podTemplate: { serviceAccountName: 'mine' } }));
    world.settle();
    expect(world.names('ServiceAccount')).toEqual(['chat']);
    world.conclude();
    expect(world.names('ServiceAccount')).toEqual(['chat']);
    world.rollbackWindowEnds();
    expect(world.names('ServiceAccount')).toEqual([]);
  });
});

describe('a lost ControllerRevision', () => {
  it('is made again from the Deployment that runs it, whatever this operator would render today', () => {
    const world = serving();
    const name = `chat-${servingRevision(world)}`;
    const template = structuredClone(world.snapshot().deployments[0]?.spec?.template);
    // What an older operator rendered, and this one would not.
    world.tamper('Deployment', name, (object) => {
      const live = object as unknown as { spec: { template: { spec: { containers: { image: string }[] } } } };
      for (const container of live.spec.template.spec.containers) container.image = 'example.com/older:1';
    });
    world.objects.delete(`ControllerRevision/${name}`);
    world.settle();
    expect(world.names('ControllerRevision')).toEqual([name]);
    expect(world.snapshot().deployments[0]?.spec?.template.spec?.containers[0]?.image).toBe('example.com/older:1');
    expect(world.snapshot().revisions[0]?.data.template.spec?.containers[0]?.image).toBe('example.com/older:1');
    expect(template?.spec?.containers[0]?.image).not.toBe('example.com/older:1');
  });
});

describe('revisions are known by the names of their objects', () => {
  it('keeps what serves when the label of its revision is changed, and puts the label back', () => {
    const world = serving();
    const hash = servingRevision(world);
    change(world, OTHER);
    const next = world.deployment.status?.candidate?.revision ?? '';
    for (const kind of ['ControllerRevision', 'Deployment'] as const) {
      world.tamper(kind, `chat-${hash}`, (object) => {
        (object as unknown as { metadata: { labels: Record<string, string> } }).metadata.labels[LABEL.revision] = next;
      });
    }
    world.settle();
    expect(selected(world)).toBe(hash);
    for (const kind of ['ControllerRevision', 'Deployment'] as const) {
      expect(world.objects.get(`${kind}/chat-${hash}`)?.metadata.labels?.[LABEL.revision]).toBe(hash);
    }
  });
});

describe('a status that a later operator wrote', () => {
  it('is no memory of the rollout: what serves is watched, or at rest, as the Service says', () => {
    const world = serving();
    change(world, OTHER);
    switchOver(world);
    const hash = servingRevision(world);
    const status = structuredClone(world.deployment.status) as unknown as { rollout: { phase: string } };
    status.rollout.phase = 'APhaseOfLaterDays';
    world.deployment = { ...world.deployment, status: status as never };
    world.settle();
    expect(world.deployment.status?.rollout?.phase).toBe('Watching');
    expect(selected(world)).toBe(hash);
  });
});

describe('a lost Service and a lost status', () => {
  it('are restored to the proven revision that runs, not to a newer one that was left', () => {
    const world = serving();
    const first = servingRevision(world);
    change(world, OTHER);
    switchOver(world);
    change(world, SPEC.model);
    switchOver(world);
    expect(servingRevision(world)).toBe(first);
    change(world, THIRD);
    world.objects.delete('Service/chat');
    const { status: _, ...rest } = world.deployment;
    world.deployment = rest;
    world.settle();
    expect(selected(world)).toBe(first);
    expect(world.names('Deployment')).toContain(`chat-${first}`);
  });
});

describe('observing only', () => {
  const disabled = (world: World) => {
    const metadata = { ...world.deployment.metadata, annotations: { [ANNOTATION.reconcile]: 'disabled' } };
    world.deployment = { ...world.deployment, metadata };
  };

  it('announces no switch and no repair that it does not do', () => {
    const world = serving();
    change(world, OTHER);
    world.ready();
    world.tamper('Service', 'chat', (object) => {
      (object as unknown as { spec: { selector: object } }).spec.selector = { app: 'mine' };
    });
    disabled(world);
    world.pass();
    const decision = world.pass();
    expect(told(decision)).toEqual([]);
    expect(decision.status.serving?.revision).toBe(servingRevision(world));
  });

  it('remembers the rollout as it stood, and goes on with it later', () => {
    const world = serving();
    change(world, OTHER);
    const { rollout, candidate } = world.deployment.status ?? {};
    expect(rollout?.phase).toBe('Loading');
    world.ready();
    disabled(world);
    const { status } = world.settle();
    expect(status.rollout).toEqual(rollout);
    expect(status.candidate).toEqual({ ...candidate, readyReplicas: 2 });
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, annotations: {} } };
    world.settle();
    expect(selected(world)).toBe(candidate?.revision);
    expect(world.deployment.status?.rollout?.attempt).toBe(rollout?.attempt);
  });
});

describe('a mark that somebody has overwritten', () => {
  it.each(['', 'nonsense', 'not a reason: and words'])(
    '%j still holds the candidate, under a reason of ours',
    (mark) => {
      const world = serving();
      change(world, OTHER);
      const next = world.deployment.status?.candidate?.revision ?? '';
      world.tamper('ControllerRevision', `chat-${next}`, (object) => {
        const { metadata } = object as unknown as { metadata: { annotations?: Record<string, string> } };
        metadata.annotations = { ...metadata.annotations, [ANNOTATION.failed]: mark };
      });
      world.settle();
      expect(world.names('Deployment')).toEqual([`chat-${servingRevision(world)}`]);
      for (const type of ['Ready', 'CandidateHealthy']) {
        expect(world.condition(type)).toMatchObject({ status: 'False', reason: 'Held' });
      }
    },
  );
});

describe('a template that others write into', () => {
  const tamperedBy = (fields: object, change: (template: Record<string, unknown>) => void) => {
    const world = serving();
    world.tamper('Deployment', `chat-${servingRevision(world)}`, (object) => {
      const live = object as unknown as {
        metadata: { managedFields: unknown[] };
        spec: { template: Record<string, unknown> };
      };
      change(live.spec.template);
      live.metadata.managedFields.push({ manager: 'a-tool', fieldsV1: { 'f:spec': { 'f:template': fields } } });
    });
    return world;
  };

  it('is left alone when they only own what we declare too', () => {
    const world = tamperedBy({ 'f:spec': { 'f:terminationGracePeriodSeconds': {} } }, () => undefined);
    expect(decide(world.snapshot()).intents).toEqual([]);
  });

  it('is put back before anything else is written to the Deployment: the replacement names its version', () => {
    const world = tamperedBy({ 'f:spec': { 'f:hostNetwork': {} } }, (template) => {
      (template['spec'] as Record<string, unknown>)['hostNetwork'] = true;
    });
    world.edit((spec) => ({ ...spec, replicas: 3 }));
    const types = decide(world.snapshot()).intents.map(({ type }) => type);
    expect(types).toEqual(['ReplaceTemplate', 'Apply']);
  });
});

describe('a write that is refused', () => {
  const refused = (world: World, message: string) => {
    const obstacle = { reason: 'AdmissionDenied', message, blocking: false } as const;
    const told = obstructed(world.snapshot(), decide(world.snapshot()), obstacle, world.now);
    world.deployment = { ...world.deployment, status: told.status };
    return told;
  };

  it('leaves the rest of the status true: what serves, and whether it does', () => {
    const world = serving();
    const hash = servingRevision(world);
    change(world, OTHER);
    world.ready();
    expect(refused(world, 'no').status).toMatchObject({
      serving: { revision: hash, readyReplicas: 2 },
      readyReplicas: 2,
    });
    expect(world.condition('Available')?.status).toBe('True');
    world.report(hash, 0);
    expect(refused(world, 'no').status).toMatchObject({
      serving: { revision: hash, readyReplicas: 0 },
      readyReplicas: 0,
    });
    expect(world.condition('Available')?.status).toBe('False');
    expect(world.condition('Ready')).toMatchObject({ status: 'False', reason: 'AdmissionDenied' });
    expect(world.condition('Reconciling')).toMatchObject({ status: 'True', reason: 'AdmissionDenied' });
  });

  it('is told once, although each refusal names another port or request', () => {
    const world = serving();
    const first = refused(world, 'failed calling webhook: read tcp 10.0.0.1:40001->10.0.0.2:443: reset, id 3f2a-91bc');
    const second = refused(world, 'failed calling webhook: read tcp 10.0.0.1:52117->10.0.0.2:443: reset, id 77d0-0e4c');
    expect(first.events).toHaveLength(1);
    expect(second).toEqual({ status: first.status, events: [] });
    expect(refused(world, 'exceeded quota').status).not.toEqual(first.status);
  });

  it('says nothing of what serves before anything has', () => {
    const world = new World(SPEC);
    const { status } = refused(world, 'no');
    expect(status.serving).toBeUndefined();
    expect(status.selector).toBeUndefined();
  });
});
