import { MANAGER } from '../../../operator/api/names.ts';
import { decide } from '../../../operator/controller/decide/decide.ts';
import type { WrittenKind } from '../../../operator/controller/decide/intents.ts';
import { HTTP_ROUTES } from '../../../operator/controller/gateway.ts';
import { MONITORING_TYPES } from '../../../operator/controller/monitoring-kinds.ts';
import { SCALED_OBJECTS } from '../../../operator/controller/keda.ts';
import { NOTHING_OBSERVED } from '../../../operator/controller/observations.ts';
import type { Snapshot } from '../../../operator/controller/snapshot.ts';
import { objectPath, refOf, withQuery } from '../../../operator/kube/paths.ts';
import { resources } from '../../../operator/kube/resources.ts';
import type { ResourceType } from '../../../operator/kube/types.ts';
import { type LiveModel, MODELS } from '../../demo/manifests.ts';
import { PLACEHOLDER, type WriteTemplate } from './protocol.ts';

const KINDS: Readonly<Record<WrittenKind, ResourceType>> = {
  ServiceAccount: resources.serviceAccounts,
  ControllerRevision: resources.controllerRevisions,
  Deployment: resources.deployments,
  Service: resources.services,
  NetworkPolicy: resources.networkPolicies,
  PodDisruptionBudget: resources.podDisruptionBudgets,
  HorizontalPodAutoscaler: resources.horizontalPodAutoscalers,
  ScaledObject: SCALED_OBJECTS,
  HTTPRoute: HTTP_ROUTES,
  ...MONITORING_TYPES,
};

/** The writes of the operator's first pass over a model: its children, then its status. The same requests, byte for byte but for names. */
export function firstWrites(model: LiveModel): WriteTemplate[] {
  const { namespace, name, uid } = PLACEHOLDER;
  const metadata = { ...model.metadata, namespace, name, uid };
  const snapshot: Snapshot = {
    now: Date.now(),
    deployment: { ...model, metadata } as Snapshot['deployment'],
    revisions: [],
    deployments: [],
    services: [],
    serviceAccounts: [],
    networkPolicies: [],
    podDisruptionBudgets: [],
    horizontalPodAutoscalers: [],
    pods: [],
    logs: new Map(),
    // As if the model's nodes were there: nothing is said of them.
    cluster: { nodes: undefined, version: undefined },
    endpointSlices: [],
    observations: NOTHING_OBSERVED,
    claims: [],
    monitoring: { has: {}, live: new Map() },
  };
  const { intents, status } = decide(snapshot);
  const children = intents.map((intent) => {
    if (intent.type !== 'Create') throw new Error(`a first pass only creates, but here is ${intent.type}`);
    const object = { ...intent.object, metadata: { ...intent.object.metadata, resourceVersion: '1' } };
    return apply(KINDS[intent.kind], object);
  });
  const { apiVersion, kind } = model;
  const report = { apiVersion, kind, metadata: { namespace, name, uid }, status };
  return [...children, apply(MODELS, report, 'status')];
}

function apply(type: ResourceType, object: object, subresource?: string): WriteTemplate {
  const path = objectPath(type, refOf(object), subresource);
  const query = { fieldManager: MANAGER, force: true, fieldValidation: 'Strict' };
  return { path: withQuery(path, query), body: JSON.stringify(object) };
}
