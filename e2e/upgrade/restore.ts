import { expect } from '@jest/globals';
import { MANAGER } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { type Pod, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import type { OperatorBench } from '../reconcile/harness.ts';
import { GOLDEN_NAMESPACE, type Golden } from './golden.ts';

/** Where the kinds of children live in the API. */
export const TYPES: Readonly<Record<string, ResourceType>> = {
  ServiceAccount: resources.serviceAccounts,
  Service: resources.services,
  ControllerRevision: resources.controllerRevisions,
  Deployment: resources.deployments,
  PodDisruptionBudget: resources.podDisruptionBudgets,
  NetworkPolicy: resources.networkPolicies,
  HorizontalPodAutoscaler: resources.horizontalPodAutoscalers,
  HTTPRoute: HTTP_ROUTES,
  ScaledObject: SCALED_OBJECTS,
  ...MONITORING_TYPES,
};

/** Puts into the cluster what a version of the operator left, as if that version had, a moment ago. */
export async function restore(bench: OperatorBench, golden: Golden): Promise<void> {
  const { client, namespace, signal } = bench;
  const { name } = golden.deployment.metadata;
  const { uid = '' } = (await bench.create(name, golden.deployment.spec)).metadata;
  const { deployment, objects } = ofNow(golden, uid);
  const { status, metadata } = deployment;
  if (metadata.annotations !== undefined) await bench.edit(name, { metadata: { annotations: metadata.annotations } });
  // As the operator does: what another had written would be left of a condition that it drops.
  const object = {
    apiVersion: deployment.apiVersion,
    kind: deployment.kind,
    metadata: { name, namespace, uid },
    status,
  };
  const options = { fieldManager: MANAGER, force: true, subresource: 'status', signal } as const;
  const live = await client.apply<LiveDeepSeekDeployment>(DEEPSEEK_DEPLOYMENTS, object, options);
  expect(live.status?.serving).toEqual(status?.serving);
  for (const { kind, metadata: stored, status: _, ...object } of objects as (KubeObject & { status?: object })[]) {
    const type = TYPES[kind];
    if (!type) throw new Error(`a ${kind} is new in the record`);
    const { uid: _uid, generation, resourceVersion, ...rest } = stored;
    const body = { ...object, kind, metadata: { ...rest, namespace } };
    await client.apply(type, body, { fieldManager: MANAGER, signal });
  }
}

/** The same record with this UID of its model and as young as if it had just been written: deadlines and windows are times. */
function ofNow({ phase, deployment, objects }: Golden, uid: string): Golden {
  const { metadata, status } = deployment;
  const times = [status?.rollout?.startedAt, ...(status?.conditions ?? []).map((of) => of.lastTransitionTime)];
  const latest = Math.max(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])));
  const later = Date.now() - latest;
  const second = (time: string): string => new Date(Date.parse(time) + later).toISOString().replace(/\.\d+Z$/, 'Z');
  // The spec that is created here is its first.
  const seen = { ...status, observedGeneration: 1 };
  const conditions = status?.conditions?.map((condition) => ({ ...condition, observedGeneration: 1 }));
  const all = { phase, deployment: { ...deployment, status: { ...seen, ...(conditions && { conditions }) } }, objects };
  const text = JSON.stringify(all).replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, second);
  return JSON.parse(text.replaceAll(metadata.uid, uid)) as Golden;
}

/** The same model by another name. */
export function renamed(golden: Golden, name: string): Golden {
  const old = golden.deployment.metadata.name;
  return JSON.parse(JSON.stringify(golden).replaceAll(new RegExp(`\\b${old}\\b`, 'g'), name)) as Golden;
}

/** The same model in another namespace, which queries and rules name; only where its own is called as nothing else is. */
export function moved(golden: Golden, namespace: string): Golden {
  expect(golden.deployment.metadata.namespace).toBe(GOLDEN_NAMESPACE);
  return JSON.parse(JSON.stringify(golden).replaceAll(GOLDEN_NAMESPACE, namespace)) as Golden;
}

export const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
