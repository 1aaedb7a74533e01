import type { Memory } from '../types.ts';
import { Model } from './model.ts';

/** Older than this is simply old, seconds: no deadline of the scopes that are searched is as long. */
const OLD_S = 4_000;

/** The same state, on its own. */
export function copyOf(model: Model): Model {
  const copy = new Model();
  const { proofs, warm, watched, deployments, marks, lost, trouble, quality, endpoints, pods, ...plain } = model;
  Object.assign(copy, plain, {
    deployments: new Map(deployments),
    marks: new Map(marks),
    lost: new Set(lost),
    trouble: new Map(trouble),
    quality: new Map(quality),
    endpoints: new Map(endpoints),
    pods: pods.map((pod) => ({ ...pod })),
    load: { ...model.load },
    answered: [],
  });
  copy.proofs.clear();
  for (const [key, at] of proofs) copy.proofs.set(key, at);
  for (const hash of warm) copy.warm.add(hash);
  for (const hash of watched) copy.watched.add(hash);
  return copy;
}

/**
 * Everything that what comes next depends on, as text: instants as ages in seconds, counters from where they are. Two models with
 * the same fingerprint have the same future.
 *
 * @param stale a status that the operator may read again
 */
export function fingerprintOf(model: Model, stale?: Memory): string {
  const age = (at: number | undefined) =>
    at === undefined ? undefined : Math.min(OLD_S, Math.round((model.now - at) / 1000));
  const { traffic } = model;
  const attempt = (number: number) => number - traffic.attempt;
  const remembered = (memory: Memory | undefined) => {
    if (memory === undefined) return null;
    const { attempt: began, since, retryAt, pausedAt, baseline: _, message: __, verdicts, ...rest } = memory;
    const stages = verdicts?.map(({ stage, verdict }) => `${stage}/${verdict}`);
    // What a pause gives back in the end is the time since it began, however long ago that is.
    const pause = pausedAt === undefined ? undefined : [age(pausedAt), Math.round((pausedAt - since) / 1000)];
    return [attempt(began), age(since), age(retryAt), pause, stages, sorted(rest)];
  };
  const { attempt: ___, switchedAt, ...directed } = traffic;
  return JSON.stringify([
    [remembered(model.memory), remembered(stale)],
    [age(switchedAt), sorted(directed)],
    model.desired,
    [model.replicas, model.gpus, model.taken, model.windowOpen, model.rollout.paused ?? false, model.load.waiting],
    [...model.quality].sort(),
    [model.route?.taken, age(model.route?.since)],
    [model.trafficLevel, model.claims.map(({ keep }) => keep), model.capacityUnknown, model.weight],
    model.order === undefined ? null : [model.order.verb, model.order.revision],
    [...model.marks].map(([hash, marks]) => [hash, Object.keys(marks).sort()]).sort(),
    [[...model.lost].sort(), [...model.trouble.keys()].sort(), [...model.endpoints]],
    // In their order: who comes first gets a GPU, and is hit first.
    [...model.deployments],
    model.pods.map(({ revision, placed, refused, ready, leaving, since: began }) =>
      [revision, placed, refused, ready, leaving, ready ? 0 : age(began)].join(),
    ),
    [...model.proofs].map(([key, at]) => [key.split('/')[0], attempt(Number(key.split('/')[1])), age(at)]).sort(),
    [[...model.warm].sort(), [...model.watched].sort()],
  ]);
}

const sorted = (object: object) => Object.entries(object).sort(([a], [b]) => a.localeCompare(b));
