import fc from 'fast-check';
import type { Memory } from '../types.ts';
import type { Model, ModelOptions } from './model.ts';
import { HASHES, LEAVE_MS, LOAD_MS, PROOF_MS, type Quality } from './model.ts';

/** One thing that happens to the world around the machine. */
export type Happening =
  | { readonly is: 'time'; readonly seconds: number }
  /** Time passes until something changes by itself. */
  | { readonly is: 'next' }
  | { readonly is: 'spec'; readonly desired: string | undefined }
  | { readonly is: 'replicas'; readonly count: number }
  | { readonly is: 'order'; readonly verb: 'promote' | 'abort' | 'retry' | 'rollback' | 'release'; readonly to: string }
  | { readonly is: 'paused'; readonly value: boolean }
  | { readonly is: 'window'; readonly open: boolean }
  | { readonly is: 'tenant'; readonly gpus: number }
  | { readonly is: 'node lost'; readonly of: 'serving' | 'candidate' | 'previous'; readonly pods: number }
  /** The node of these pods starts anew: they keep it, and load again. */
  | { readonly is: 'reboot'; readonly of: 'serving' | 'candidate' | 'previous' }
  | { readonly is: 'load'; readonly waiting: number }
  /** What a version turns out to be like. */
  | { readonly is: 'quality'; readonly of: string; readonly quality: Quality }
  | { readonly is: 'trouble'; readonly of: string; readonly on: boolean }
  | { readonly is: 'traffic'; readonly level: 'Enough' | 'None' }
  | { readonly is: 'crash'; readonly after: number }
  | { readonly is: 'status lost' }
  | { readonly is: 'status stale' }
  | { readonly is: 'restart' }
  | { readonly is: 'deployment deleted'; readonly of: string }
  | { readonly is: 'record lost'; readonly of: string }
  /** `unknown`: what the gateway says of the route cannot be learned. */
  | { readonly is: 'route'; readonly taken: boolean; readonly unknown?: boolean }
  | { readonly is: 'claim'; readonly keep: number | undefined }
  | { readonly is: 'capacity unknown'; readonly value: boolean }
  /** Before the machine looks again. */
  | { readonly is: 'at once'; readonly all: readonly Happening[] };

const hash = fc.constantFrom(...HASHES);
type Of<T extends Happening['is']> = Extract<Happening, { is: T }>;
const kind = <T extends Happening['is']>(
  is: T,
  rest: { [K in Exclude<keyof Of<T>, 'is'>]: fc.Arbitrary<Of<T>[K]> },
): fc.Arbitrary<Happening> => fc.record({ is: fc.constant(is), ...rest }) as unknown as fc.Arbitrary<Happening>;

/** One of them by itself. */
const single: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 12, arbitrary: kind('time', { seconds: fc.constantFrom(1, 5, 20, 20, 60, 200, 700, 3600, -2) }) },
  { weight: 4, arbitrary: kind('spec', { desired: fc.constantFrom('a', 'b', 'b', 'c', undefined) }) },
  { weight: 2, arbitrary: kind('replicas', { count: fc.constantFrom(0, 1, 2, 3, 4) }) },
  {
    weight: 3,
    arbitrary: kind('order', {
      verb: fc.constantFrom(
        'promote' as const,
        'abort' as const,
        'retry' as const,
        'rollback' as const,
        'release' as const,
      ),
      to: fc.constantFrom('a', 'b', 'c', 'right', 'right', 'right'),
    }),
  },
  { weight: 1, arbitrary: kind('paused', { value: fc.boolean() }) },
  { weight: 1, arbitrary: kind('window', { open: fc.boolean() }) },
  { weight: 2, arbitrary: kind('tenant', { gpus: fc.constantFrom(0, 0, 1, 2, 4) }) },
  {
    weight: 1,
    arbitrary: kind('node lost', {
      of: fc.constantFrom('serving' as const, 'candidate' as const, 'previous' as const),
      pods: fc.constantFrom(1, 2, 4),
    }),
  },
  {
    weight: 1,
    arbitrary: kind('reboot', {
      of: fc.constantFrom('serving' as const, 'candidate' as const, 'previous' as const),
    }),
  },
  { weight: 1, arbitrary: kind('load', { waiting: fc.constantFrom(0, 5, 100) }) },
  { weight: 1, arbitrary: kind('trouble', { of: hash, on: fc.boolean() }) },
  { weight: 1, arbitrary: kind('traffic', { level: fc.constantFrom('Enough' as const, 'None' as const) }) },
  { weight: 2, arbitrary: kind('crash', { after: fc.integer({ min: 0, max: 6 }) }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { is: 'status lost' as const },
      { is: 'status stale' as const },
      { is: 'restart' as const },
    ),
  },
  { weight: 1, arbitrary: kind('deployment deleted', { of: hash }) },
  { weight: 1, arbitrary: kind('record lost', { of: hash }) },
  { weight: 1, arbitrary: kind('route', { taken: fc.boolean(), unknown: fc.boolean() }) },
  { weight: 1, arbitrary: kind('claim', { keep: fc.constantFrom(undefined, 0, 1) }) },
  { weight: 1, arbitrary: kind('capacity unknown', { value: fc.boolean() }) },
);

/** Anything, time most often: without it nothing loads. Some of it happens before the machine has looked at what came before. */
export const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 9, arbitrary: single },
  { weight: 1, arbitrary: kind('at once', { all: fc.array(single, { minLength: 2, maxLength: 3 }) }) },
);

/** Where a walk begins. */
export const options: fc.Arbitrary<ModelOptions> = fc
  .record({
    replicas: fc.constantFrom(1, 2, 4),
    spare: fc.constantFrom(0, 1, 2, 4, 8),
    ways: fc.constantFrom(
      ['Provision', 'Handover', 'Wait'] as const,
      ['Handover', 'Recreate'] as const,
      ['Recreate'] as const,
      ['Wait'] as const,
    ),
    percent: fc.constantFrom(50, 50, 75, 25, 100),
    promotion: fc.constantFrom('Automatic' as const, 'Automatic' as const, 'Manual' as const),
    kind: fc.constantFrom('BlueGreen' as const, 'BlueGreen' as const, 'Canary' as const, 'Recreate' as const),
    b: fc.constantFrom(
      'Good' as const,
      'Good' as const,
      'FailsProof' as const,
      'FailsGates' as const,
      'Crashes' as const,
      'NeverReady' as const,
      'DiesServing' as const,
    ),
    proof: fc.boolean(),
    gates: fc.boolean(),
    onNoData: fc.constantFrom('AcceptUnproven' as const, 'Rollback' as const),
    warm: fc.constantFrom(100, 100, 50, 0),
    mixed: fc.boolean(),
  })
  .map(
    ({
      replicas,
      spare,
      ways,
      percent,
      promotion,
      kind: strategy,
      b,
      proof,
      gates,
      onNoData,
      warm,
      mixed,
    }): ModelOptions => ({
      replicas,
      gpus: replicas + spare,
      qualities: { b },
      gateway: strategy === 'Canary' || mixed,
      rollout: {
        strategy,
        promotion,
        whenCapacityIsShort: [...ways],
        handover: { minAvailablePercent: percent, mixedVersions: mixed },
        watch: { duration: '10m', onNoData },
        warmReplicasPercent: warm,
        ...(gates && { gates: [{ metric: 'ErrorRatio' as const, max: '0.01' }] }),
        ...(!proof && { proof: { warmUpRequests: 0, pairedRequests: 0 } }),
        ...(strategy === 'Canary' && {
          canary: { steps: [{ weight: 10, pause: '1m' }, { weight: 50 }, { weight: 80, pause: '2m' }] },
        }),
      },
    }),
  );

/** How long nothing happens by itself, milliseconds: no pod loads or leaves, no proof ends, and the machine wants no look. */
function untilNext({ now, pods, proofs, last, deployments }: Model): number {
  const staying = (revision: string) => pods.filter((pod) => pod.revision === revision && !pod.leaving).length;
  // Pods are made and end, and the scheduler looks at them, at once.
  if ([...deployments].some(([revision, replicas]) => staying(revision) !== replicas)) return 1_000;
  const instants = [
    ...pods.filter(({ placed, ready, leaving }) => placed && !ready && !leaving).map(({ since }) => since + LOAD_MS),
    ...pods.filter(({ leaving }) => leaving).map(({ since }) => since + LEAVE_MS),
    ...[...proofs.values()].map((began) => began + PROOF_MS),
    ...(last?.wakeAt === undefined ? [] : [last.wakeAt]),
  ].filter((at) => at > now);
  return instants.length === 0 ? 60_000 : Math.max(1_000, Math.min(...instants) - now);
}

/** Makes it happen. Crashes and stale statuses are the caller’s: they are about the next pass. */
export function happen(model: Model, what: Happening, stale: Memory | undefined): void {
  const roles = {
    serving: model.traffic.serving,
    candidate: model.memory?.candidate,
    previous: model.traffic.previous,
  };
  switch (what.is) {
    case 'time':
      model.tick(what.seconds * 1000);
      return;
    case 'next':
      model.tick(untilNext(model));
      return;
    case 'spec':
      model.desired = what.desired;
      return;
    case 'replicas':
      model.replicas = what.count;
      return;
    case 'order': {
      const { serving, candidate = serving, previous = serving } = roles;
      const right = what.verb === 'rollback' || what.verb === 'release' ? previous : candidate;
      model.give(what.verb, what.to === 'right' ? (right ?? 'a') : what.to);
      return;
    }
    case 'paused':
      model.rollout = { ...model.rollout, paused: what.value };
      return;
    case 'window':
      model.windowOpen = what.open;
      return;
    case 'tenant':
      model.taken = Math.min(what.gpus, model.taken + model.free());
      return;
    case 'node lost':
      model.loseNode(roles[what.of], what.pods);
      return;
    case 'reboot':
      model.reboot(roles[what.of]);
      return;
    case 'load':
      model.load = { running: 1, waiting: what.waiting };
      return;
    case 'quality':
      model.quality.set(what.of, what.quality);
      return;
    case 'trouble':
      if (what.on) model.trouble.set(what.of, 'CrashLoop: exit code 1');
      else model.trouble.delete(what.of);
      return;
    case 'traffic':
      model.trafficLevel = what.level;
      return;
    case 'status lost':
      model.memory = undefined;
      model.forget();
      return;
    case 'status stale':
      model.memory = stale;
      model.forget();
      return;
    case 'restart':
      model.forget();
      return;
    case 'deployment deleted':
      model.deployments.delete(what.of);
      model.tick(1000);
      return;
    case 'record lost':
      if (what.of !== model.traffic.serving) model.lost.add(what.of);
      return;
    case 'route':
      if (model.route) model.route = what.taken ? TAKEN : notTaken(model, what.unknown === true);
      return;
    case 'claim':
      model.claims = what.keep === undefined ? [] : [{ holder: 'ai/other', keep: what.keep }];
      return;
    case 'capacity unknown':
      model.capacityUnknown = what.value;
      return;
    case 'at once':
      for (const one of what.all) happen(model, one, stale);
      return;
    case 'crash':
      return;
  }
}

const TAKEN = { taken: true, refused: false, message: 'Taken.' } as const;

/** A route that no gateway has taken, since now or longer; or of which that is not known. */
function notTaken({ route, now }: Model, unknown: boolean): Model['route'] {
  const said = { taken: false, refused: false, message: 'Not taken yet.' };
  return unknown ? said : { ...said, since: route?.since ?? now };
}

/** From here on the environment behaves: nobody else holds its GPUs, nothing breaks, and who is asked answers. */
export function behave(model: Model, gpus: number): void {
  model.gpus = gpus;
  model.taken = 0;
  model.windowOpen = true;
  model.rollout = { ...model.rollout, paused: false };
  model.replicas = Math.max(1, model.replicas);
  model.load = { running: 1, waiting: 0 };
  model.claims = [];
  model.capacityUnknown = false;
  model.trafficLevel = 'Enough';
  if (model.route) model.route = TAKEN;
  model.trouble.clear();
}
