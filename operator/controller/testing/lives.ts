import {
  API_VERSION,
  deepSeekDeploymentStatus,
  isReason,
  KIND,
  LABEL,
  parseDeepSeekDeployment,
} from '../../api/index.ts';
import type { Decision } from '../decide/judgement.ts';
import { invalidSpec } from '../decide/obstructed.ts';
import { violations } from './promises.ts';
import { ROOM, World } from './world.ts';

/** What became of an object: it serves, it was refused, or it waits for something that only others can do. */
export type Fate = 'Ready' | 'Refused' | 'Waiting';

/** A spec that came to an object, as JSON says it, and annotations beside it. */
export interface Arrival {
  readonly spec: unknown;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Without the defaults of the CRD, as an older one has stored it. */
  readonly bare?: boolean;
}

export interface Lived {
  readonly fate: Fate;
  /** Of the condition Ready. */
  readonly reason: string;
  /** Whether the schema took it, so that `decide` has seen it. */
  readonly decided: boolean;
}

/** Passes of one wake-up: each write of its own wakes the operator again. */
const MAX_PASSES = 12;
/** Waits until it is clear what becomes of an object. */
const MAX_LOOKS = 40;
/** Reasons that say whom or what is waited for: a person, a window, GPUs, time, and a gateway, of which these worlds have none. */
const PATIENT = new Set([
  'WaitingForCapacity',
  'Paused',
  'AwaitingPromotion',
  'AwaitingWindow',
  'Watching',
  'Switching',
]);
const HISTORY_MS = 3 * 3_600_000;

/**
 * What becomes of a world in which an object gets some spec, and then a healthy one. Throws where the operator breaks its word: an
 * exception, a loop, half a set of children, a status that no API server would store, a refusal without a reason, or a
 * healthy spec that does not heal.
 *
 * @param world without an object that serves, or with one; it is used up
 */
export function live(world: World, arrival: Arrival, healthy: object): Lived {
  const lived = arrive(world, arrival);
  const { annotations: _, ...metadata } = world.deployment.metadata;
  world.deployment = { ...world.deployment, metadata };
  world.edit(() => healthy);
  const healed = settle(world);
  if (healed.fate !== 'Ready')
    throw new Error(`a healthy spec does not heal: ${healed.reason}: ${saidOf(world, 'Ready')?.message ?? ''}`);
  world.now += HISTORY_MS;
  rest(world);
  const left = world.names('Deployment');
  if (left.length !== 1) throw new Error(`what is left when all is over: ${left.join(', ')}`);
  return lived;
}

function arrive(world: World, { spec, annotations, bare }: Arrival): Lived {
  const parsed = parseDeepSeekDeployment({
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: 'chat', namespace: 'ai' },
    spec,
  });
  world.edit(() => (parsed.ok && bare !== true ? parsed.value.spec : (spec as object)));
  if (annotations !== undefined)
    world.deployment = { ...world.deployment, metadata: { ...world.deployment.metadata, annotations } };
  return parsed.ok ? { ...settle(world), decided: true } : { ...refuse(world, parsed), decided: false };
}

/** What the reconciler does with an object that was stored although the schema refuses it. */
function refuse(
  world: World,
  { message, issues }: Extract<ReturnType<typeof parseDeepSeekDeployment>, { readonly ok: false }>,
): Omit<Lived, 'decided'> {
  for (const { path, message: words } of issues)
    if (!/^spec\b/.test(path) || words === '') throw new Error(`a refusal that names no field: ${path}: ${words}`);
  const { status } = invalidSpec(world.deployment, message, world.now);
  world.deployment = { ...world.deployment, status };
  return judge(world) ?? { fate: 'Waiting', reason: 'none' };
}

/** Pods come up and time passes, until it is clear what becomes of the object. */
function settle(world: World): Omit<Lived, 'decided'> {
  let isQuiet = false;
  for (let look = 0; look < MAX_LOOKS; look++) {
    world.ready();
    const { requeueAfterMs } = rest(world);
    const found = judge(world);
    if (found !== undefined) return found;
    // Once more: the Deployment controller has not seen the last write.
    if (requeueAfterMs === undefined && isQuiet) break;
    isQuiet = requeueAfterMs === undefined;
    world.now += requeueAfterMs ?? 0;
  }
  const { reason = '', message = '' } = saidOf(world, 'Ready') ?? {};
  if (PATIENT.has(reason)) return { fate: 'Waiting', reason };
  throw new Error(`nothing comes of it: ${reason}: ${message}`);
}

/** Passes until one changes nothing. */
function rest(world: World): Decision {
  for (let pass = 0; pass < MAX_PASSES; pass++) {
    const before = { objects: new Map(world.objects), deployment: world.deployment };
    const said = JSON.stringify(world.deployment);
    const decision = world.pass();
    // What changes the spec is decided anew before anything is said.
    const broken = decision.specFirst
      ? []
      : [...violations(before, decision, world), ...statusFlaws(world), ...eventFlaws(decision)];
    if (broken.length > 0) throw new Error(broken.join('; '));
    if (decision.intents.length > 0 || JSON.stringify(world.deployment) !== said) continue;
    const half = halves(world);
    if (half.length > 0) throw new Error(half.join('; '));
    return decision;
  }
  throw new Error(`no rest after ${MAX_PASSES} passes: ${world.written.slice(-4).join('; ')}`);
}

/** Words that nobody means to say, unless they are the user's own. */
export const PROGRAM = /undefined|\[object|NaN/;

/** Undefined: it is on its way. */
function judge(world: World): Omit<Lived, 'decided'> | undefined {
  const ready = saidOf(world, 'Ready');
  if (ready === undefined) throw new Error('nothing is said of Ready');
  const { status, reason, message } = ready;
  if (!isReason(reason) || message === '')
    throw new Error(`Ready is ${status} without a reason: ${reason}: ${message}`);
  const words = PROGRAM.exec(message)?.[0];
  if (words !== undefined && !JSON.stringify(world.deployment.spec).includes(words))
    throw new Error(`words of a program: ${message}`);
  if (status === 'True') return { fate: 'Ready', reason };
  if (saidOf(world, 'Stalled')?.status === 'True') return { fate: 'Refused', reason };
  return undefined;
}

const saidOf = (world: World, type: string) => world.condition(type);

/** What the API server would refuse to store. */
function statusFlaws({ deployment: { status } }: World): string[] {
  const issues = deepSeekDeploymentStatus.safeParse(status).error?.issues ?? [];
  const half = /[^\\]\\ud[89a-f]../.exec(JSON.stringify(status))?.[0];
  return [
    ...issues.map(({ path, message }) => `status.${path.join('.')}: ${message}`),
    ...(half === undefined ? [] : [`half a character in the status: ${half}`]),
  ];
}

/** Longest note of an Event that the API server takes. */
const MAX_NOTE = 1024;

function eventFlaws({ events }: Decision): string[] {
  return events.flatMap(({ reason, note }) =>
    note.length > 0 && note.length <= MAX_NOTE ? [] : [`the Event ${reason} has a note of ${note.length} characters`],
  );
}

/** Children that lack others of the same revision. */
function halves({ objects, deployment }: World): string[] {
  const { name } = deployment.metadata;
  const found: string[] = [];
  for (const [key, object] of objects) {
    const revision = object.metadata.labels?.[LABEL.revision];
    const isOfRevision = key === `Deployment/${name}-${revision ?? ''}` || key === `Service/${name}-${revision ?? ''}`;
    if (!isOfRevision) continue;
    for (const kind of ['ControllerRevision', 'Deployment', 'Service'])
      if (!objects.has(`${kind}/${name}-${revision ?? ''}`)) found.push(`${key} is there without its ${kind}`);
  }
  const { rollout, serving } = deployment.status ?? {};
  const isSettled = rollout?.phase === 'Idle' && serving !== undefined;
  if (isSettled && !objects.has(`Service/${name}`)) found.push(`${serving.revision} serves without a Service`);
  if (isSettled && !objects.has(`PodDisruptionBudget/${name}-${serving.revision}`))
    found.push(`${serving.revision} serves without a PodDisruptionBudget`);
  if (serving === undefined && deployment.status?.plan === undefined && objects.size > 0)
    found.push(`refused, with ${[...objects.keys()].join(', ')}`);
  return found;
}

/** A world with every accelerator, that has not seen its object yet. */
export function emptyWorld(spec: object): World {
  const world = new World(spec);
  world.nodes = undefined;
  const slots = 2 * MAX_REPLICAS;
  world.capacity = { ...ROOM, slots, slotsWithoutServing: [slots], slotsWithoutWarm: [slots], freeGpus: 64 * slots };
  return world;
}

/** Most that a spec may ask for. */
const MAX_REPLICAS = 1000;

/** A world in which a healthy object serves: to be copied. */
export function servingWorld(healthy: object): World {
  const world = emptyWorld(healthy);
  world.conclude();
  return world;
}

/** The same with a change of the model on its way. */
export function changingWorld(serving: World): World {
  const world = serving.copy();
  world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
  world.settle(MAX_PASSES);
  return world;
}
