import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { MANAGER } from '../../operator/api/names.ts';
import { stringify } from 'yaml';
import { DEFAULTS_KEY, whatIsWrong } from '../../operator/api/operator-defaults.ts';
import { DEFAULTS_CONFIG_MAP, LABELS, metadata, SELECTOR } from './names.ts';
import type { InstallOptions } from './options.ts';
import { hasWebhook, WEBHOOK_CERTS, WEBHOOK_PORT } from './webhook.ts';

/** See `--metrics-bind-address`: probes and metrics. */
const TELEMETRY_PORT = 8080;
/** More than anybody runs, rollouts included: the quota is there to allow. */
const MOST_CRITICAL_PODS = '100';
const NONROOT = 65_532;
/** Where the ConfigMap of defaults is mounted: as a whole, since the kubelet never changes a file that is mounted alone. */
const DEFAULTS_FOLDER = '/etc/deepseek-operator';

/** The same text as the chart’s, so that a change of the way of installation is no change of the cluster. */
const AS_HELM = { indentSeq: false, sortMapEntries: true, lineWidth: 0 } as const;

/** The operator itself: who it is, where it runs, and what keeps it running. */
export function workload(scope: Construct, options: InstallOptions): void {
  const { namespace, replicas } = options;
  const named = metadata(MANAGER, namespace);
  new k8s.KubeServiceAccount(scope, 'ServiceAccount', { metadata: named });
  new k8s.KubeDeployment(scope, 'Deployment', {
    metadata: named,
    spec: {
      replicas,
      selector: { matchLabels: { ...SELECTOR } },
      // The new one waits for the Lease until the old one has given it up.
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: surge(1), maxUnavailable: surge(0) } },
      template: { metadata: { labels: { ...LABELS } }, spec: pod(options) },
    },
  });
  new k8s.KubePodDisruptionBudget(scope, 'PodDisruptionBudget', {
    metadata: named,
    spec: { maxUnavailable: surge(1), selector: { matchLabels: { ...SELECTOR } } },
  });
  if (options.priorityClassName.startsWith('system-'))
    new k8s.KubeResourceQuota(scope, 'ResourceQuota', {
      metadata: metadata(`${MANAGER}-critical-pods`, namespace),
      spec: {
        hard: { pods: k8s.Quantity.fromString(MOST_CRITICAL_PODS) },
        scopeSelector: {
          matchExpressions: [{ scopeName: 'PriorityClass', operator: 'In', values: [options.priorityClassName] }],
        },
      },
    });
  if (options.defaults !== undefined) {
    const problem = whatIsWrong(options.defaults);
    if (problem !== undefined) throw new Error(`defaults: ${problem}`);
    new k8s.KubeConfigMap(scope, 'Defaults', {
      metadata: metadata(DEFAULTS_CONFIG_MAP, namespace),
      data: { [DEFAULTS_KEY]: stringify(options.defaults, AS_HELM) },
    });
  }
  new k8s.KubeService(scope, 'Service', {
    metadata: metadata(`${MANAGER}-metrics`, namespace),
    spec: {
      selector: { ...SELECTOR },
      ports: [{ name: 'metrics', port: TELEMETRY_PORT, targetPort: k8s.IntOrString.fromString('metrics') }],
    },
  });
}

const surge = (count: number): k8s.IntOrString => k8s.IntOrString.fromNumber(count);

function pod(options: InstallOptions): k8s.PodSpec {
  const { image, imagePullSecrets, watchNamespaces, args, resources, priorityClassName, nodeSelector } = options;
  const { tolerations, monitoring } = options;
  const { requests, limits } = resources;
  const isAsked = hasWebhook(options);
  const certSecret = isAsked ? options.webhookCertSecret : '';
  const monitoringLabels = Object.entries(monitoring.labels).map(([key, value]) => `${key}=${value}`);
  const flags = [
    `--defaults-file=${DEFAULTS_FOLDER}/${DEFAULTS_KEY}`,
    ...(watchNamespaces.length > 0 ? [`--watch-namespaces=${watchNamespaces.join(',')}`] : []),
    ...(isAsked ? [`--webhook-bind-address=:${WEBHOOK_PORT}`] : []),
    ...(certSecret === '' ? [] : [`--webhook-cert-dir=${WEBHOOK_CERTS}`]),
    ...(monitoringLabels.length > 0 ? [`--monitoring-labels=${monitoringLabels.join(',')}`] : []),
    ...(monitoring.namespaces.length > 0 ? [`--prometheus-namespaces=${monitoring.namespaces.join(',')}`] : []),
    ...args,
  ];
  const quantity = (text: string) => k8s.Quantity.fromString(text);
  const probe = (path: string) => ({ httpGet: { path, port: k8s.IntOrString.fromString('metrics') } });
  return {
    serviceAccountName: MANAGER,
    ...(priorityClassName !== '' && { priorityClassName }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    ...(Object.keys(nodeSelector).length > 0 && { nodeSelector: { ...nodeSelector } }),
    ...(tolerations.length > 0 && { tolerations: tolerations.map((toleration) => ({ ...toleration })) }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: NONROOT,
      runAsGroup: NONROOT,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    // It ends in two seconds, its passes and its Lease included.
    terminationGracePeriodSeconds: 15,
    topologySpreadConstraints: [
      {
        ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway' },
        labelSelector: { matchLabels: { ...SELECTOR } },
      },
    ],
    // May come later: the kubelet brings it within two minutes, without a restart.
    volumes: [
      { name: 'defaults', configMap: { name: DEFAULTS_CONFIG_MAP, optional: true } },
      // The pod starts before cert-manager has made it; the webhook answers when it is there.
      ...(certSecret === '' ? [] : [{ name: 'webhook', secret: { secretName: certSecret, optional: true } }]),
      ...options.volumes,
    ],
    containers: [
      {
        name: 'operator',
        image,
        args: flags,
        env: [
          { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } } },
        ],
        ports: [
          { name: 'metrics', containerPort: TELEMETRY_PORT },
          ...(isAsked ? [{ name: 'webhook', containerPort: WEBHOOK_PORT }] : []),
        ],
        volumeMounts: [
          { name: 'defaults', mountPath: DEFAULTS_FOLDER, readOnly: true },
          ...(certSecret === '' ? [] : [{ name: 'webhook', mountPath: WEBHOOK_CERTS, readOnly: true }]),
          ...options.volumeMounts,
        ],
        startupProbe: { ...probe('/healthz'), periodSeconds: 1, failureThreshold: 60 },
        livenessProbe: { ...probe('/healthz'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
        // Ready with complete caches, whether it leads or not: a standby is no outage.
        readinessProbe: { ...probe('/readyz'), periodSeconds: 5, timeoutSeconds: 5 },
        resources: {
          requests: { cpu: quantity(requests.cpu), memory: quantity(requests.memory) },
          limits: { memory: quantity(limits.memory) },
        },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  };
}
