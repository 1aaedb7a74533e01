import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, type RolloutPhase } from '../../api/index.ts';
import { formatOrder, type OrderVerb } from '../../rollout/orders.ts';
import type { Observations } from '../observations.ts';
import { ROOM, World } from '../testing/world.ts';
import type { EventRecord } from './intents.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const PROGRAMMING_MS = 15_000;
const WATCH_MS = 600_000;

/** A world in a phase of a rollout, with everything that was told from there on. */
class Scene {
  readonly world: World;
  readonly first: string;
  readonly events: EventRecord[] = [];
  readonly #well: Observations;

  constructor(phase: RolloutPhase | 'Warm') {
    this.world = new World(SPEC);
    this.#well = this.world.observations;
    this.world.conclude();
    this.first = this.serving;
    SETTING[phase]?.(this);
    if (phase !== 'Warm') expect(this.phase).toBe(phase);
    this.events.length = 0;
  }

  get phase() {
    return this.world.deployment.status?.rollout?.phase;
  }

  get serving(): string {
    return this.world.deployment.status?.serving?.revision ?? '';
  }

  get selected(): string | undefined {
    return this.world.service('chat')?.spec?.selector?.[LABEL.revision];
  }

  get candidate(): string {
    return this.world.deployment.status?.candidate?.revision ?? '';
  }

  order(verb: OrderVerb, revision: string): void {
    const order = formatOrder({ verb, revision, uid: 'uid-chat', nonce: `n${this.world.now}` });
    const { metadata } = this.world.deployment;
    const annotations = { ...metadata.annotations, [ANNOTATION.order]: order };
    this.world.deployment = { ...this.world.deployment, metadata: { ...metadata, annotations } };
  }

  /** Passes until nothing changes, or the phase is another one; events are kept. */
  settle(): void {
    const { world } = this;
    for (let i = 0; i < 12; i++) {
      const before = JSON.stringify(world.deployment.status);
      const decision = world.pass();
      this.events.push(...decision.events);
      if (decision.intents.length === 0 && JSON.stringify(world.deployment.status) === before) return;
    }
    throw new Error(`not at rest: ${world.written.slice(-6).join('; ')}`);
  }

  /** What held the rollout up is gone, the candidate comes up, and the rollout goes on to its end. */
  conclude(): void {
    const { world } = this;
    world.capacity = ROOM;
    world.observations = this.#well;
    world.edit((spec) => ({
      ...spec,
      rollout: { ...(spec['rollout'] as object | undefined), promotion: 'Automatic' },
    }));
    for (let i = 0; i < 20; i++) {
      this.world.ready();
      this.settle();
      if (this.phase === 'Idle' || this.phase === 'Held') return;
      this.world.now += this.world.pass().requeueAfterMs ?? 0;
    }
    throw new Error(`does not end: ${this.phase}: ${this.world.deployment.status?.rollout?.message}`);
  }

  told(reason: string): readonly string[] {
    return this.events.filter((event) => event.reason === reason).map(({ note }) => note);
  }

  templates(): object {
    return Object.fromEntries(
      this.world.snapshot().deployments.map(({ metadata, spec }) => [metadata.name, spec?.template]),
    );
  }
}

/** What the active Service says of the traffic; the number of the attempt that it also names is nobody's loss. */
const traffic = (world: World): object => {
  const { [ANNOTATION.attempt]: _, ...annotations } = world.service('chat')?.metadata.annotations ?? {};
  return annotations;
};
const change = ({ world }: Scene): void => world.edit((spec) => ({ ...spec, model: OTHER }));
const unproven = ({ world }: Scene): void => {
  world.observations = { ...world.observations, proofs: { get: () => undefined } as never };
};

/** How each phase is come to. */
const SETTING: Readonly<Record<string, (scene: Scene) => void>> = {
  Idle: () => undefined,
  Waiting: (scene) => {
    scene.world.capacity = {
      ...scene.world.capacity!,
      slots: 0,
      slotsWithoutServing: [0, 0, 0],
      slotsWithoutWarm: [0],
      freeGpus: 0,
    };
    change(scene);
    scene.settle();
  },
  Loading: (scene) => {
    change(scene);
    scene.settle();
    scene.world.report(scene.candidate, 0);
    scene.settle();
  },
  Proving: (scene) => {
    unproven(scene);
    change(scene);
    scene.settle();
    scene.world.ready();
    scene.settle();
  },
  AwaitingPromotion: (scene) => {
    scene.world.edit((spec) => ({ ...spec, rollout: { promotion: 'Manual' } }));
    change(scene);
    scene.settle();
    scene.world.ready();
    scene.settle();
  },
  Switching: (scene) => {
    change(scene);
    scene.settle();
    scene.world.ready();
    scene.settle();
  },
  Watching: (scene) => {
    SETTING['Switching']?.(scene);
    scene.world.now += PROGRAMMING_MS;
    scene.settle();
  },
  Warm: (scene) => {
    SETTING['Watching']?.(scene);
    scene.world.now += WATCH_MS;
    scene.settle();
    expect(scene.phase).toBe('Idle');
    expect(scene.world.deployment.status?.rollback?.readiness).toBe('Warm');
  },
  RollingBack: (scene) => {
    SETTING['Watching']?.(scene);
    scene.order('rollback', scene.first);
    scene.settle();
  },
  Held: (scene) => {
    SETTING['RollingBack']?.(scene);
    scene.conclude();
  },
};
const PHASES = Object.keys(SETTING) as (RolloutPhase | 'Warm')[];

type Service = { metadata: { annotations: Record<string, string> }; spec: { selector: Record<string, string> } };

const without = (map: Record<string, string>, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));

/** What somebody else does to the active Service. */
const EDITS: Readonly<Record<string, (service: Service, scene: Scene) => void>> = {
  'strips the revision of its selector': ({ spec }) => {
    spec.selector = without(spec.selector, LABEL.revision);
  },
  'writes garbage into its selector': ({ spec }) => (spec.selector[LABEL.revision] = 'garbage'),
  'writes the other revision into its selector': ({ spec }, { world, serving }) => {
    const other = world.names('Deployment').find((name) => name !== `chat-${serving}`);
    spec.selector[LABEL.revision] = other?.slice('chat-'.length) ?? 'another';
  },
  'replaces its selector whole': ({ spec }) => (spec.selector = { app: 'mine' }),
  'removes all its annotations': ({ metadata }) => (metadata.annotations = {}),
  'removes the annotation of the serving revision': ({ metadata }) => {
    metadata.annotations = without(metadata.annotations, ANNOTATION.servingRevision);
  },
  'writes garbage into that annotation': ({ metadata }) =>
    (metadata.annotations[ANNOTATION.servingRevision] = 'garbage'),
  'writes the other revision into that annotation': ({ metadata }, { world, serving }) => {
    const other = world.names('Deployment').find((name) => name !== `chat-${serving}`);
    metadata.annotations[ANNOTATION.servingRevision] = other?.slice('chat-'.length) ?? 'another';
  },
  'replaces selector and annotations': (service) => {
    service.spec.selector = { app: 'mine' };
    service.metadata.annotations = { team: 'bank' };
  },
};

describe.each(PHASES)('while the rollout is %s', (phase) => {
  it.each(Object.keys(EDITS))('somebody %s: it is put back, told once, and nothing is switched', (edit) => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const annotations = traffic(world);
    const before = scene.phase;
    const templates = scene.templates();
    world.tamper('Service', 'chat', (object) => EDITS[edit]?.(object as unknown as Service, scene));
    scene.settle();
    expect(scene.selected).toBe(serving);
    expect(scene.serving).toBe(serving);
    expect(world.service('chat')?.metadata.annotations).toMatchObject(annotations);
    expect(scene.phase).toBe(before);
    expect(scene.templates()).toEqual(templates);
    expect(scene.told('Switched')).toEqual([]);
    expect(scene.told('ForeignEdit')).toHaveLength(1);
    scene.settle();
    expect(scene.told('ForeignEdit')).toHaveLength(1);
  });

  it('somebody deletes it: it is made again, told once, and nothing is switched', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const annotations = traffic(world);
    const before = scene.phase;
    world.objects.delete('Service/chat');
    scene.settle();
    expect(scene.selected).toBe(serving);
    expect(world.service('chat')?.metadata.annotations).toMatchObject(annotations);
    expect(scene.phase).toBe(before);
    expect(scene.told('Switched')).toEqual([]);
    expect(scene.told('ForeignEdit')).toHaveLength(1);
  });

  it('and paused, a selector is left alone and told, and put back when the pause ends', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const pause = (paused: boolean) =>
      world.edit((spec) => ({ ...spec, rollout: { ...(spec['rollout'] as object | undefined), paused } }));
    pause(true);
    scene.settle();
    world.tamper('Service', 'chat', (object) => {
      (object as unknown as Service).spec.selector = { app: 'mine' };
    });
    scene.settle();
    expect(world.service('chat')?.spec?.selector).toEqual({ app: 'mine' });
    const said = [world.condition('Ready'), world.condition('Available')].map((condition) => condition?.message);
    expect(said.join(' ')).toContain('was changed by somebody else and is left alone');
    pause(false);
    scene.settle();
    expect(scene.selected).toBeDefined();
    expect([serving, scene.serving]).toContain(scene.selected);
  });

  it('and the status is wiped: nothing is lost, nothing is switched back and forth, and it ends', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const wanted = new Scene(phase);
    wanted.conclude();
    const { status: _, ...rest } = world.deployment;
    world.deployment = rest;
    scene.settle();
    // A rollout that was ready goes on at once; what serves never goes.
    expect(world.names('Deployment')).toContain(`chat-${serving}`);
    expect(scene.templates()).toMatchObject({ [`chat-${serving}`]: expect.anything() });
    scene.conclude();
    expect(scene.selected).toBe(scene.serving);
    expect(scene.serving).toBe(wanted.serving);
    expect(scene.told('Switched').length).toBeLessThanOrEqual(1);
  });

  it.each(['serving', 'other'] as const)(
    'and the ControllerRevision of the %s revision is deleted: it is made again, and all goes on',
    (which) => {
      const scene = new Scene(phase);
      const { world, serving } = scene;
      const other = world.names('ControllerRevision').find((name) => name !== `chat-${serving}`);
      const name = which === 'serving' ? `chat-${serving}` : other;
      if (name === undefined) return;
      const wanted = new Scene(phase);
      wanted.conclude();
      const templates = scene.templates();
      const lost = world.objects.get(`ControllerRevision/${name}`);
      world.objects.delete(`ControllerRevision/${name}`);
      scene.settle();
      expect(scene.templates()).toMatchObject(templates);
      const hasPods = Object.keys(templates).includes(name);
      if (hasPods)
        expect(world.objects.get(`ControllerRevision/${name}`)).toMatchObject({
          data: (lost as unknown as { data: object }).data,
        });
      scene.conclude();
      expect(scene.selected).toBe(wanted.selected);
      expect(scene.phase).toBe(wanted.phase);
    },
  );
});
