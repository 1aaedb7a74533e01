import { ANNOTATION, LABEL } from '../../api/index.ts';
import { formatOrder, type OrderVerb } from '../../rollout/orders.ts';
import type { Observations } from '../observations.ts';
import type { TrafficMeasurements } from '../../rollout/measurements.ts';
import { GatewayWorld } from './gateway-world.ts';
import { ROOM } from './world.ts';

/** Which of the revisions: the one that serves, the one that is to serve, the one that a rollback would go to. */
export type Role = 'serving' | 'candidate' | 'previous';

/** Something that happens to a DeepSeekDeployment or around it. */
export type Happening =
  /** Time passes until the operator wanted to look again. */
  | { readonly is: 'time' }
  /** Pods of a revision become ready, all or none. */
  | { readonly is: 'ready' | 'unready'; readonly of: Role }
  /** The engine of a revision ends as soon as it starts. */
  | { readonly is: 'crash loop'; readonly of: Role }
  | { readonly is: 'model'; readonly name: string }
  /** The spec can no longer be served. */
  | { readonly is: 'refused spec' }
  | { readonly is: 'replicas'; readonly count: number }
  | { readonly is: 'paused'; readonly value: boolean }
  /** For the revision that it is meant for, of this object, or of another one of its name. */
  | { readonly is: 'order'; readonly verb: OrderVerb; readonly to?: Role; readonly isForeign?: boolean }
  /** The scheduler finds nodes for new pods, or none. */
  | { readonly is: 'placed'; readonly value: boolean }
  /** The gateway takes the route, or does not. */
  | { readonly is: 'route'; readonly taken: boolean }
  /** HTTPRoutes may be read, or not. */
  | { readonly is: 'routes seen'; readonly value: boolean }
  /** There are no maintenance windows, or one that never opens. */
  | { readonly is: 'window'; readonly open: boolean }
  /** What users get from a candidate: answers, or errors. */
  | { readonly is: 'users'; readonly get: 'answers' | 'errors' }
  /** Before the operator looks again. */
  | { readonly is: 'at once'; readonly all: readonly Happening[] }
  | { readonly is: 'capacity'; readonly free: boolean }
  | { readonly is: 'proof'; readonly ends: boolean }
  | { readonly is: 'status lost' }
  /** Somebody deletes the Deployment of a revision, or its record, or strips the selector of the active Service. */
  | { readonly is: 'deployment deleted' | 'record deleted'; readonly of: Role }
  | { readonly is: 'selector stripped' };

const DISTURBING: ReadonlySet<Happening['is']> = new Set(['deployment deleted', 'record deleted', 'selector stripped']);

const NO_ROOM = { ...ROOM, slots: 0, slotsWithoutServing: [0, 0, 0], slotsWithoutWarm: [0, 0, 0], freeGpus: 0 };
/** A schedule that never comes. */
const NEVER = [{ schedule: '0 0 30 2 *', duration: '1h' }];

const served = (requests: number, errors: number): TrafficMeasurements => ({
  ...{ from: 0, to: 60_000, requests, errors, latencies: {}, podsRead: 2, podsFailed: [], running: 0, waiting: 0 },
});

const UNPROVEN = { get: () => undefined } as unknown as Observations['proofs'];

/** A world, and what has to be remembered of it between two happenings. */
export class Universe {
  world: GatewayWorld;
  /** How long the operator waits, milliseconds; undefined: for what happens. */
  wait: number | undefined;
  /** Whether everything that can be observed is. */
  proofs: Observations['proofs'];
  /** Somebody else has changed or deleted a child. */
  isDisturbed = false;
  /** What users get from the candidate of a canary. */
  users: 'answers' | 'errors' = 'answers';
  #nonce = 0;

  constructor(world: GatewayWorld) {
    this.world = world;
    this.proofs = world.observations.proofs;
  }

  copy(): Universe {
    const copy = new Universe(this.world.copy());
    copy.wait = this.wait;
    copy.proofs = this.proofs;
    copy.isDisturbed = this.isDisturbed;
    copy.users = this.users;
    copy.#nonce = this.#nonce;
    return copy;
  }

  revisionOf(role: Role): string | undefined {
    const { serving, candidate, rollback } = this.world.deployment.status ?? {};
    return { serving: serving?.revision, candidate: candidate?.revision, previous: rollback?.revision }[role];
  }

  happen(what: Happening): void {
    const { world } = this;
    this.isDisturbed ||= DISTURBING.has(what.is);
    const revision = 'of' in what ? this.revisionOf(what.of) : undefined;
    const hasDeployment = revision !== undefined && world.objects.has(`Deployment/${this.name}-${revision}`);
    switch (what.is) {
      case 'time':
        world.now += this.wait ?? 60_000;
        return;
      case 'ready':
        if (!hasDeployment) return;
        world.failing = new Set([...world.failing].filter((one) => one !== revision));
        world.since.delete(revision);
        world.ready(revision);
        return;
      case 'unready':
        if (!hasDeployment) return;
        if (!world.since.has(revision)) world.since.set(revision, world.now);
        world.report(revision, 0);
        return;
      case 'crash loop':
        if (!hasDeployment) return;
        world.failing = new Set([...world.failing, revision]);
        if (!world.since.has(revision)) world.since.set(revision, world.now);
        world.report(revision, 0);
        return;
      case 'model':
        world.edit((spec) => ({ ...spec, model: { name: what.name } }));
        return;
      case 'refused spec':
        world.edit((spec) => ({ ...spec, model: { name: 'deepseek-v3' } }));
        return;
      case 'replicas':
        world.edit((spec) => ({ ...spec, replicas: what.count }));
        return;
      case 'paused':
        world.edit((spec) => ({ ...spec, rollout: { ...(spec['rollout'] as object), paused: what.value } }));
        return;
      case 'order':
        this.order(what.verb, what);
        return;
      case 'placed':
        world.placed = what.value;
        return;
      case 'route':
        world.notTakenSince = what.taken ? undefined : (world.notTakenSince ?? world.now);
        world.takes = what.taken;
        return;
      case 'routes seen':
        world.notTakenSince = what.value && world.takes ? undefined : (world.notTakenSince ?? world.now);
        world.state = { readable: what.value };
        return;
      case 'window':
        world.edit((spec) => ({
          ...spec,
          rollout: { ...(spec['rollout'] as object), maintenanceWindows: what.open ? [] : NEVER },
        }));
        return;
      case 'users':
        this.users = what.get;
        return;
      case 'at once':
        for (const one of what.all) this.happen(one);
        return;
      case 'capacity':
        world.capacity = what.free ? ROOM : NO_ROOM;
        return;
      case 'proof':
        world.observations = { ...world.observations, proofs: what.ends ? this.proofs : UNPROVEN };
        return;
      case 'status lost': {
        const { status: _, ...deployment } = world.deployment;
        world.deployment = deployment;
        return;
      }
      case 'deployment deleted':
        if (hasDeployment) world.objects.delete(`Deployment/${this.name}-${revision}`);
        return;
      case 'record deleted':
        world.objects.delete(`ControllerRevision/${this.name}-${revision ?? ''}`);
        return;
      case 'selector stripped':
        if (world.service(this.name) !== undefined)
          world.tamper('Service', this.name, (service) => {
            (service as unknown as { spec: { selector: object } }).spec.selector = { [LABEL.name]: this.name };
          });
    }
  }

  get name(): string {
    return this.world.deployment.metadata.name;
  }

  /** Orders it of the revision that it is meant for, or of another one. */
  order(verb: OrderVerb, { to, isForeign = false }: { readonly to?: Role; readonly isForeign?: boolean } = {}): void {
    const { metadata } = this.world.deployment;
    const meant: Role =
      verb === 'rollback' || verb === 'release' ? 'previous' : verb === 'restart' ? 'serving' : 'candidate';
    const revision = this.revisionOf(to ?? meant) ?? this.revisionOf('serving');
    if (revision === undefined) return;
    const uid = isForeign ? 'uid-before' : metadata.uid;
    const order = formatOrder({ verb, revision, uid, nonce: `n${this.#nonce++}` });
    const annotations = { ...metadata.annotations, [ANNOTATION.order]: order };
    this.world.deployment = { ...this.world.deployment, metadata: { ...metadata, annotations } };
  }

  /** Metrics of the engines are read: what users got since both versions have traffic. */
  observe(): void {
    const { world } = this;
    const { gates = [] } = world.deployment.spec.rollout ?? {};
    const { serving, candidate } = { serving: this.revisionOf('serving'), candidate: this.revisionOf('candidate') };
    if (gates.length === 0 || serving === undefined) return;
    const errors = this.users === 'errors' ? 400 : 0;
    const own = candidate === undefined ? [] : [[candidate, served(500, errors)] as const];
    world.observations = { ...world.observations, traffic: new Map([[serving, served(500, 0)], ...own]) };
  }

  /** Whether every order has been answered. */
  get isAnswered(): boolean {
    const order = this.world.deployment.metadata.annotations?.[ANNOTATION.order];
    return order === undefined || order === this.world.deployment.status?.handledOrder;
  }
}

/** Instants, which only count by how long ago they are. */
const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;
/** Older than this is simply old, seconds. */
const OLD_S = 9_000;
/** What changes with each write, and what people read. */
const COUNTED = new Set([
  'uid',
  'resourceVersion',
  'managedFields',
  'history',
  'message',
  'earlierOrders',
  'orderResult',
  ANNOTATION.generation,
]);

/** Everything that what comes next depends on, as text; see machine/testing/state.ts. */
export function fingerprintOf({ world, wait, isAnswered, proofs, users }: Universe): string {
  const { deployment, objects, failing, since, capacity, observations, now } = world;
  const { annotations: _, generation, ...metadata } = deployment.metadata;
  const seen = deployment.status?.observedGeneration;
  const { handledOrder: __, observedGeneration: ___, ...status } = deployment.status ?? {};
  const all = [
    { ...deployment, metadata, status },
    [world.placed, world.takes, world.state.readable, users],
    [seen === generation, isAnswered, wait, [...failing].sort(), capacity?.slots, observations.proofs === proofs],
    [world.notTakenSince, world.obstructedSince].map((at) => at !== undefined && new Date(at).toISOString()),
    [...since].map(([revision, at]) => [revision, new Date(at).toISOString()]).sort(),
    [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, object]) => [key, withoutCounts(object)]),
  ];
  return JSON.stringify(all, (key, value: unknown) => (COUNTED.has(key) ? undefined : value)).replaceAll(
    INSTANT,
    (instant) => `${Math.min(OLD_S, Math.round((now - Date.parse(instant)) / 1000))} s ago`,
  );
}

/** Generations count edits: what matters is whether the controller has seen the last one. */
function withoutCounts(object: object): object {
  const { metadata, status, ...rest } = object as {
    readonly metadata: { readonly generation?: number };
    readonly status?: { readonly observedGeneration?: number };
  };
  const { generation, ...named } = metadata;
  const { observedGeneration, ...counts } = status ?? {};
  return { ...rest, metadata: named, status: counts, isSeen: generation === observedGeneration };
}
