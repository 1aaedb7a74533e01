import { ANNOTATION, LABEL, type RolloutPhase } from '../../api/index.ts';
import { formatOrder, type OrderVerb } from '../../rollout/orders.ts';
import type { EventRecord } from '../decide/intents.ts';
import type { Observations } from '../observations.ts';
import { ROOM, told, World } from './world.ts';

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
};
const OTHER = { name: 'deepseek-r1-distill-qwen-14b' };
const PROGRAMMING_MS = 15_000;
const WATCH_MS = 600_000;

/** A scene that is not what it is called would show nothing. */
function isTo(found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`the scene is ${String(found)}, not ${String(wanted)}`);
}

/** A world in a phase of a rollout, with everything that was told from there on. */
export class Scene {
  readonly world: World;
  readonly first: string;
  readonly events: EventRecord[] = [];
  /** What was told on the way to that phase, too. */
  readonly everything: EventRecord[] = [];
  readonly #well: Observations;

  constructor(phase: RolloutPhase | 'Warm') {
    this.world = new World(SPEC);
    this.#well = this.world.observations;
    this.world.conclude();
    this.first = this.serving;
    SETTING[phase](this);
    if (phase !== 'Warm') isTo(this.phase, phase);
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
      this.events.push(...told(decision));
      this.everything.push(...told(decision));
      if (decision.intents.length === 0 && JSON.stringify(world.deployment.status) === before) return;
    }
    throw new Error(`not at rest: ${world.written.slice(-6).join('; ')}`);
  }

  /** What held the rollout up is gone, the candidate comes up, and the rollout goes on to its end. */
  conclude(): void {
    const { world } = this;
    world.capacity = ROOM;
    world.placed = true;
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

const change = ({ world }: Scene): void => world.edit((spec) => ({ ...spec, model: OTHER }));
const unproven = ({ world }: Scene): void => {
  world.observations = { ...world.observations, proofs: { get: () => undefined } as never };
};

/** How each phase is come to. */
const SETTING: Readonly<Record<RolloutPhase | 'Warm', (scene: Scene) => void>> = {
  Idle: () => undefined,
  Waiting: (scene) => {
    scene.world.capacity = {
      ...ROOM,
      slots: 0,
      slotsWithoutServing: [0, 0, 0],
      slotsWithoutWarm: [0],
      freeGpus: 0,
    };
    change(scene);
    scene.settle();
  },
  Scheduling: (scene) => {
    scene.world.placed = false;
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
    SETTING.Switching(scene);
    scene.world.now += PROGRAMMING_MS;
    scene.settle();
  },
  Warm: (scene) => {
    SETTING.Watching(scene);
    scene.world.now += WATCH_MS;
    scene.settle();
    isTo(scene.phase, 'Idle');
    isTo(scene.world.deployment.status?.rollback?.readiness, 'Warm');
  },
  RollingBack: (scene) => {
    SETTING.Watching(scene);
    scene.order('rollback', scene.first);
    scene.settle();
  },
  Held: (scene) => {
    SETTING.RollingBack(scene);
    scene.conclude();
  },
  Aborting: (scene) => {
    SETTING.AwaitingPromotion(scene);
    // Its pods, which are up, take their grace to end.
    scene.order('abort', scene.candidate);
    scene.settle();
  },
};
export const PHASES = Object.keys(SETTING) as (RolloutPhase | 'Warm')[];
