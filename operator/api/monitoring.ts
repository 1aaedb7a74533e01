import { z } from 'zod';
import { notBoth, withRules } from './rules.ts';
import {
  atomicList,
  decimal,
  durationBelow,
  labelKey,
  labels,
  labelValue,
  matching,
  objectName,
  percent,
  secretKey,
} from './scalars.ts';

/** The last bound of the histogram, see monitoring/histograms.ts: no quantile is above it. */
const MEASURED = 'nothing longer is measured';

const thresholds = z.object({
  timeToFirstTokenP95: durationBelow('160s', MEASURED)
    .describe('Alert when the 95th percentile of the time to the first token is above this.')
    .exactOptional(),
  timePerOutputTokenP95: durationBelow('5s', MEASURED)
    .describe('Alert when the 95th percentile of the time per further token is above this.')
    .exactOptional(),
  requestLatencyP99: durationBelow('480s', MEASURED)
    .describe('Alert when the 99th percentile of the time to a whole answer is above this.')
    .exactOptional(),
  errorRatio: decimal().describe('Alert when the share of failed requests (0 to 1) is above this.').exactOptional(),
  queueDepth: z
    .int32()
    .min(1)
    .max(1_000_000)
    .describe('Alert when more requests than this wait per pod.')
    .exactOptional(),
  kvCacheUtilizationPercent: percent().describe('Alert when more of the KV cache than this is in use.').exactOptional(),
  gpuTemperatureCelsius: z.int32().min(1).max(150).describe('Alert when a GPU is hotter than this.').exactOptional(),
  gpuMemoryPercent: percent()
    .describe('Alert when more of a GPU’s memory than this is in use, and more than the plan fills.')
    .exactOptional(),
});

const tls = withRules(
  z.object({
    caSecretRef: secretKey().describe('Certificate authority that signed the engines’ certificates.').exactOptional(),
    serverName: objectName().describe('Name that the certificate has to bear.').exactOptional(),
    insecureSkipVerify: z.boolean().describe('Accept any certificate.').exactOptional(),
  }),
  [
    {
      rule: '!has(self.caSecretRef) || !has(self.insecureSkipVerify) || !self.insecureSkipVerify',
      message: 'set caSecretRef or insecureSkipVerify, not both',
      holds: (self) => self.caSecretRef === undefined || self.insecureSkipVerify !== true,
    },
  ],
);

/** How Prometheus finds the pods, and what it watches. */
export const monitoringSpec = z.object({
  scrape: z
    .enum(['Auto', 'PodMonitor', 'ScrapeConfig', 'Annotations', 'None'])
    .describe(
      'How Prometheus is told. Auto: PodMonitor or else ScrapeConfig where the cluster has it, else annotations of Services.',
    )
    .default('Auto'),
  rules: z.boolean().describe('Make a PrometheusRule with alerts, where the cluster has that kind.').default(true),
  labels: labels()
    .describe(
      'Labels of the PodMonitor, ScrapeConfig and PrometheusRule, by which a Prometheus selects them. Default: those of --monitoring-labels.',
    )
    .exactOptional(),
  thresholds: thresholds
    .describe('Limits of the alerts in the PrometheusRule. Defaults: docs/monitoring.md.')
    .exactOptional(),
  tls: tls.describe('TLS of the scrape. Absent: plain HTTP.').exactOptional(),
  bearerTokenSecretRef: secretKey().describe('Token that Prometheus sends to the pods.').exactOptional(),
});

/** A label selector, as Kubernetes has it. */
export const labelSelector = () =>
  z
    .object({
      matchLabels: labels().describe('Labels with these values.').exactOptional(),
      matchExpressions: atomicList(
        withRules(
          z.object({
            key: labelKey().describe('Key of the label.'),
            operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label is compared.'),
            values: atomicList(labelValue(), 32).describe('Values for In and NotIn.').exactOptional(),
          }),
          [
            {
              rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
              message: 'values are needed for In and NotIn, and allowed only there',
              holds: (self) => ['In', 'NotIn'].includes(self.operator) === (self.values ?? []).length > 0,
            },
          ],
        ),
        16,
      )
        .describe('Conditions on labels.')
        .exactOptional(),
    })
    .meta({ 'x-kubernetes-map-type': 'atomic' });

const peer = withRules(
  z.object({
    namespaceSelector: labelSelector().describe('Namespaces, by labels. Absent: the same namespace.').exactOptional(),
    podSelector: labelSelector().describe('Pods, by labels. Absent: all of the namespaces.').exactOptional(),
    ipBlock: z
      .object({
        cidr: matching(/^[0-9a-fA-F:.]+\/[0-9]{1,3}$/, 49, 'should be a range such as 10.0.0.0/8').describe(
          'Range of addresses.',
        ),
      })
      .describe('A range of addresses, for clients outside the cluster.')
      .exactOptional(),
  }),
  [
    notBoth('ipBlock', 'podSelector', 'ipBlock stands alone: leave podSelector out'),
    notBoth('ipBlock', 'namespaceSelector', 'ipBlock stands alone: leave namespaceSelector out'),
  ],
);

/** Who may connect to the pods. */
export const networkPolicySpec = z.object({
  enabled: z
    .boolean()
    .describe('Make a NetworkPolicy. It always admits the operator, Prometheus, and the namespaces of traffic.gateway.')
    .default(true),
  allowFrom: atomicList(peer, 32)
    .describe(
      'Who else may connect: also the pods of a gateway, where they run in another namespace than the Gateway, or are behind routeRef. Absent: everybody.',
    )
    .exactOptional(),
});
