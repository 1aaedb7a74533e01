import type { DeepSeekDeploymentSpec } from '../../api/index.ts';

/** Fields of the schema that nothing obeys yet, with what happens instead. An entry goes when its feature comes. */
const IGNORED: readonly { readonly path: readonly string[]; readonly unless?: unknown }[] = [
  { path: ['accelerator', 'parallelism', 'nodes'] },
  { path: ['autoscaling'] },
  { path: ['monitoring'] },
  { path: ['networkPolicy'] },
  { path: ['traffic', 'gateway'] },
  { path: ['traffic', 'routeRef'] },
  { path: ['termination', 'drainProxy'] },
  { path: ['termination', 'rollbackDrain'] },
  { path: ['rollout', 'strategy'], unless: 'BlueGreen' },
  { path: ['rollout', 'whenCapacityIsShort'] },
  { path: ['rollout', 'provisionTimeout'] },
  { path: ['rollout', 'schedulingDeadline'] },
  { path: ['rollout', 'handover'] },
  { path: ['rollout', 'promotion'], unless: 'Automatic' },
  { path: ['rollout', 'canary'] },
  { path: ['rollout', 'proof'] },
  { path: ['rollout', 'gates'] },
  { path: ['rollout', 'watch'] },
  { path: ['rollout', 'rollbackWindow'] },
  { path: ['rollout', 'warmReplicasPercent'] },
  { path: ['rollout', 'maintenanceWindows'] },
];

/** The fields that `spec` sets and that this version of the operator does not act on, as `spec.a.b`, in schema order. */
export function ignoredFields(spec: DeepSeekDeploymentSpec): string[] {
  return IGNORED.filter(({ path, unless }) => {
    const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], spec);
    return value !== undefined && value !== unless;
  }).map(({ path }) => ['spec', ...path].join('.'));
}
