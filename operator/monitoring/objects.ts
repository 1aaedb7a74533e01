import type { MonitoringSpec } from '../api/index.ts';
import { LABEL } from '../api/index.ts';
import { type Child, childMetadata, type Owner } from '../resources/names.ts';
import { deploymentAlerts, type AlertOptions } from './alerts.ts';
import { SERIES_LABEL } from './names.ts';
import { recordingRules } from './recording-rules.ts';
import {
  dropSteps,
  endpointSliceSteps,
  metaName,
  objectRelabel,
  type RelabelStep,
  SAMPLE_LIMIT,
  SCRAPE_INTERVAL,
  SCRAPE_TIMEOUT,
} from './relabeling.ts';
import { type MonitoredRevision, scrapeScheme } from './revision.ts';
import type { RuleGroup } from './rules.ts';
import { thresholdsOf } from './thresholds.ts';

/** The kinds of prometheus-operator that the operator makes where the cluster has them; `nameOf`: of the object of a DeepSeekDeployment. */
export const MONITORING_KINDS = {
  PodMonitor: {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PodMonitor',
    plural: 'podmonitors',
    nameOf: (name: string) => name,
  },
  ScrapeConfig: {
    apiVersion: 'monitoring.coreos.com/v1alpha1',
    kind: 'ScrapeConfig',
    plural: 'scrapeconfigs',
    nameOf: (name: string) => name,
  },
  PrometheusRule: {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    plural: 'prometheusrules',
    nameOf: (name: string) => `${name}-rules`,
  },
} as const;

export type MonitoringKind = keyof typeof MONITORING_KINDS;

/** An object of prometheus-operator on the wire. */
export type MonitoringObject = Child<{
  readonly apiVersion: string;
  readonly kind: MonitoringKind;
  readonly spec: Readonly<Record<string, unknown>>;
}>;

export type ScrapeWay = 'PodMonitor' | 'ScrapeConfig' | 'Annotations' | 'None';

/** How Prometheus is told of the pods, given which of prometheus-operator's kinds the cluster has. */
export function scrapeWay(
  monitoring: MonitoringSpec | undefined,
  has: Readonly<Partial<Record<MonitoringKind, boolean>>>,
): ScrapeWay {
  const wanted = monitoring?.scrape ?? 'Auto';
  if (wanted !== 'Auto') return wanted;
  if (has.PodMonitor === true) return 'PodMonitor';
  return has.ScrapeConfig === true ? 'ScrapeConfig' : 'Annotations';
}

/** What a Prometheus selects these objects by, beside our own labels; of the operator's settings. */
export type MonitoringLabels = Readonly<Record<string, string>>;

function metadata(deployment: Owner, name: string, fallback: MonitoringLabels = {}) {
  const ours = childMetadata(deployment, name);
  return { ...ours, labels: { ...(deployment.spec.monitoring?.labels ?? fallback), ...ours.labels } };
}

/** Finds the pods of all revisions; what differs between them is said by their label. */
export function podMonitor(
  deployment: Owner,
  revisions: readonly MonitoredRevision[],
  labels?: MonitoringLabels,
): MonitoringObject {
  const { monitoring } = deployment.spec;
  const { apiVersion, kind } = MONITORING_KINDS.PodMonitor;
  return {
    apiVersion,
    kind,
    metadata: metadata(deployment, deployment.metadata.name, labels),
    spec: {
      selector: { matchLabels: { [LABEL.name]: deployment.metadata.name } },
      sampleLimit: SAMPLE_LIMIT,
      podMetricsEndpoints: [
        {
          port: 'http',
          interval: SCRAPE_INTERVAL,
          scrapeTimeout: SCRAPE_TIMEOUT,
          scheme: scrapeScheme(monitoring),
          relabelings: podSteps(revisions).map(objectRelabel),
          metricRelabelings: dropSteps().map(objectRelabel),
          ...security(monitoring),
        },
      ],
    },
  };
}

function podSteps(revisions: readonly MonitoredRevision[]): RelabelStep[] {
  const label = (key: string) => `__meta_kubernetes_pod_label_${metaName(key)}`;
  const ofRevision = ({ revision, model, quantization, accelerator, metricsPath }: MonitoredRevision) =>
    (
      [
        [SERIES_LABEL.model, model],
        [SERIES_LABEL.quantization, quantization],
        [SERIES_LABEL.gpu, accelerator],
        ['__metrics_path__', metricsPath],
      ] as const
    ).map(([target, replacement]) => ({ source: [label(LABEL.revision)], regex: revision, target, replacement }));
  return [
    { source: ['__meta_kubernetes_namespace'], target: SERIES_LABEL.namespace },
    { source: ['__meta_kubernetes_pod_name'], target: SERIES_LABEL.pod },
    { source: [label(LABEL.name)], target: SERIES_LABEL.deployment },
    { source: [label(LABEL.revision)], target: SERIES_LABEL.revision },
    ...revisions.flatMap(ofRevision),
  ];
}

/** The same by the revisions' Services and their annotations, in the namespace of the DeepSeekDeployment. */
export function scrapeConfig(
  deployment: Owner,
  revisions: readonly MonitoredRevision[],
  labels?: MonitoringLabels,
): MonitoringObject {
  const { monitoring } = deployment.spec;
  const { namespace, name } = deployment.metadata;
  const { apiVersion, kind } = MONITORING_KINDS.ScrapeConfig;
  const { authorization, tlsConfig } = security(monitoring);
  return {
    apiVersion,
    kind,
    metadata: metadata(deployment, name, labels),
    spec: {
      kubernetesSDConfigs: [
        {
          role: 'EndpointSlice',
          namespaces: { names: [namespace] },
          selectors: [{ role: 'EndpointSlice', label: `${LABEL.name}=${name},${LABEL.revision}` }],
        },
      ],
      scrapeInterval: SCRAPE_INTERVAL,
      scrapeTimeout: SCRAPE_TIMEOUT,
      scheme: scrapeScheme(monitoring).toUpperCase(),
      sampleLimit: SAMPLE_LIMIT,
      relabelings: [...endpointSliceSteps(), ...revisions.map(pathOfRevision)].map(objectRelabel),
      metricRelabelings: dropSteps().map(objectRelabel),
      ...(authorization && { authorization }),
      ...(tlsConfig && { tlsConfig }),
    },
  };
}

const REVISION_OF_SERVICE = `__meta_kubernetes_service_label_${metaName(LABEL.revision)}`;

/** Engines show their metrics at different paths; the Service of a revision says which revision it is. */
function pathOfRevision({ revision, metricsPath }: MonitoredRevision): RelabelStep {
  return { source: [REVISION_OF_SERVICE], regex: revision, target: '__metrics_path__', replacement: metricsPath };
}

function security(monitoring: MonitoringSpec | undefined) {
  const { tls, bearerTokenSecretRef } = monitoring ?? {};
  return {
    ...(bearerTokenSecretRef && { authorization: { type: 'Bearer', credentials: { ...bearerTokenSecretRef } } }),
    ...(tls && {
      tlsConfig: {
        ...(tls.caSecretRef && { ca: { secret: { ...tls.caSecretRef } } }),
        ...(tls.serverName !== undefined && { serverName: tls.serverName }),
        ...(tls.insecureSkipVerify !== undefined && { insecureSkipVerify: tls.insecureSkipVerify }),
      },
    }),
  };
}

/** Recording rules and alerts of one DeepSeekDeployment, with its thresholds. */
export function prometheusRule(
  deployment: Owner,
  revisions: readonly MonitoredRevision[],
  { labels, ...options }: AlertOptions & { readonly labels?: MonitoringLabels | undefined } = {},
): MonitoringObject {
  const { namespace, name } = deployment.metadata;
  const scope = { kind: 'Deployment', namespace, name } as const;
  const { apiVersion, kind } = MONITORING_KINDS.PrometheusRule;
  return {
    apiVersion,
    kind,
    metadata: metadata(deployment, MONITORING_KINDS.PrometheusRule.nameOf(name), labels),
    spec: {
      groups: ruleGroups([
        ...recordingRules(scope, revisions),
        deploymentAlerts(scope, thresholdsOf(deployment.spec.monitoring?.thresholds), options),
      ]),
    },
  };
}

/** Without empty groups, which a rule file may not have a use for. */
export function ruleGroups(groups: readonly RuleGroup[]): RuleGroup[] {
  return groups.filter(({ rules }) => rules.length > 0);
}
