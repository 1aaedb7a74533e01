export { controllerRevision, type StoredRevision } from './controller-revision.ts';
export { type DeploymentInput, revisionDeployment } from './deployment.ts';
export { covers } from './drift.ts';
export { type FieldOwnership, foreignTemplateManagers } from './field-managers.ts';
export {
  type HttpRoute,
  httpRoute,
  type JsonPatchStep,
  type RoutePatch,
  type RouteShares,
  type RouteTraffic,
  routeWeights,
  type WeightedRevision,
} from './http-route.ts';
export { type Child, childLabels, childNames, type Owner, ownerReference, revisionSelector } from './names.ts';
export { networkPolicy } from './network-policy.ts';
export { podDisruptionBudget, protectionOf } from './pod-disruption-budget.ts';
export { ENGINE_CONTAINER, renderPodTemplate } from './pod-template.ts';
export { parseQuantity, sameQuantity } from './quantity.ts';
export { type RouteVerdict, routeVerdict } from './route-verdict.ts';
export { activeService, HTTP_PORT_NAME, revisionService } from './service.ts';
export { serviceAccount } from './service-account.ts';
