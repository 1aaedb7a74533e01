import { LABEL } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { BRIEF } from './rollouts.ts';

/** A spec that asks for every kind of child but those of KEDA, in a cluster that has them. */
export const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  networkPolicy: { enabled: true },
  traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
  autoscaling: { minReplicas: 1, maxReplicas: 2 },
  ...BRIEF,
};
const PORTS = [{ name: 'http', port: 81, targetPort: 'http', protocol: 'TCP' }];

/** One kind of child: what somebody writes into it, and where the operator is to see it. */
export interface Child {
  readonly type: ResourceType;
  readonly name: string;
  readonly patch: object;
  readonly path: string;
  /** Default: the field manager of the edit. */
  readonly by?: string;
}

/** Of a DeepSeekDeployment `chat` with that spec, what serves being `revision`. */
export const children = (revision: string): readonly Child[] => [
  { type: resources.services, name: 'chat', patch: { spec: { ports: PORTS } }, path: 'spec.ports[0]' },
  { type: resources.services, name: `chat-${revision}`, patch: { spec: { ports: PORTS } }, path: 'spec.ports[0]' },
  {
    ...{ type: resources.podDisruptionBudgets, name: `chat-${revision}`, path: 'spec.minAvailable' },
    patch: { spec: { minAvailable: '10%' } },
  },
  { type: resources.networkPolicies, name: 'chat', patch: { spec: { egress: [{}] } }, path: 'spec.egress' },
  {
    ...{ type: resources.serviceAccounts, name: 'chat', path: 'automountServiceAccountToken' },
    patch: { automountServiceAccountToken: true },
  },
  {
    ...{ type: resources.controllerRevisions, name: `chat-${revision}` },
    ...{ patch: { metadata: { labels: { [LABEL.revision]: 'x' } } }, path: `metadata.labels["${LABEL.revision}"]` },
  },
  {
    ...{ type: resources.horizontalPodAutoscalers, name: 'chat', path: 'spec.maxReplicas' },
    patch: { spec: { maxReplicas: 9 } },
  },
  {
    ...{ type: HTTP_ROUTES, name: 'chat', path: 'spec.parentRefs[0].name' },
    patch: { spec: { parentRefs: [{ name: 'mine' }] } },
  },
  {
    ...{ type: MONITORING_TYPES.PodMonitor, name: 'chat', path: 'spec.selector.matchLabels.app' },
    patch: { spec: { selector: { matchLabels: { app: 'mine' } } } },
  },
  {
    ...{ type: MONITORING_TYPES.PrometheusRule, name: 'chat-rules', path: 'spec.groups[0]' },
    patch: { spec: { groups: [{ name: 'mine', rules: [] }] } },
  },
  {
    ...{ type: resources.deployments, name: `chat-${revision}`, path: 'spec.minReadySeconds' },
    patch: { spec: { minReadySeconds: 7 } },
  },
  {
    ...{ type: resources.deployments, name: `chat-${revision}` },
    ...{ path: 'spec.template.spec.terminationGracePeriodSeconds' },
    patch: { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } },
  },
];

/** Where prometheus-operator has no PodMonitors, or `monitoring.scrape` asks for it. */
export const SCRAPE_CONFIG: Child = {
  ...{ type: MONITORING_TYPES.ScrapeConfig, name: 'chat', path: 'spec.scrapeInterval' },
  patch: { spec: { scrapeInterval: '7s' } },
};

/** What takes a child out of the sight of every watch that goes by labels: whoever removes a field leaves no name. */
export function hidden({ type, name }: Pick<Child, 'type' | 'name'>): Child {
  const patch = { metadata: { labels: { [LABEL.managedBy]: null } } };
  return { type, name, patch, path: 'metadata.labels', by: 'somebody else' };
}
