import { isDeepStrictEqual } from 'node:util';
import { type DeepSeekDeploymentSpec, rolloutSpec } from '../../api/index.ts';

/** Fields of the schema that nothing obeys yet. An entry goes when its feature comes. */
const IGNORED: readonly (readonly string[])[] = [
  ['accelerator', 'parallelism', 'nodes'],
  ['autoscaling'],
  ['monitoring'],
  ['networkPolicy'],
  ['traffic', 'gateway'],
  ['traffic', 'routeRef'],
  ['termination', 'drainProxy'],
  ['termination', 'rollbackDrain'],
  ['rollout', 'strategy'],
  ['rollout', 'whenCapacityIsShort'],
  ['rollout', 'provisionTimeout'],
  ['rollout', 'schedulingDeadline'],
  ['rollout', 'progressDeadline'],
  ['rollout', 'handover'],
  ['rollout', 'promotion'],
  ['rollout', 'canary'],
  ['rollout', 'proof'],
  ['rollout', 'gates'],
  ['rollout', 'watch'],
  ['rollout', 'rollbackWindow'],
  ['rollout', 'warmReplicasPercent'],
  ['rollout', 'maintenanceWindows'],
];

/** What the API server fills in when the block is there: nobody has asked for it. */
const DEFAULTS = { rollout: rolloutSpec.parse({}) };

/** The fields that `spec` sets and that this version of the operator does not act on, as `spec.a.b`, in schema order. */
export function ignoredFields(spec: DeepSeekDeploymentSpec): string[] {
  return IGNORED.filter((path) => {
    const value = at(spec, path);
    return value !== undefined && !isDeepStrictEqual(value, at(DEFAULTS, path));
  }).map((path) => ['spec', ...path].join('.'));
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((member, key) => (member as Record<string, unknown> | undefined)?.[key], value);
}
