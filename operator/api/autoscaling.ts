import { z } from 'zod';
import { exactlyOneOf, withRules } from './rules.ts';
import {
  atomicList,
  decimal,
  decimalValue,
  duration,
  httpAddress,
  labels,
  objectName,
  percent,
  text,
  whenDecimal,
} from './scalars.ts';

/** Metrics of the engine that mean the same on every engine, the CPU, and one from outside. */
export const AUTOSCALING_METRICS = [
  'QueueDepth',
  'RunningRequests',
  'BatchUtilization',
  'KVCacheUtilization',
  'CPU',
  'External',
] as const;

const externalMetric = withRules(
  z.object({
    name: text(253, 1).describe('Name of the metric in external.metrics.k8s.io. With provider HPA.').exactOptional(),
    selector: labels().describe('Labels of the metric, with `name`.').exactOptional(),
    query: text(4096, 1).describe('PromQL query that yields one number. With provider KEDA.').exactOptional(),
    serverAddress: httpAddress()
      .describe('Prometheus that answers `query`. Default: that of the operator.')
      .exactOptional(),
  }),
  [
    exactlyOneOf(['name', 'query'], 'set exactly one of name (HPA), query (KEDA)'),
    {
      rule: '!has(self.selector) || has(self.name)',
      message: 'selector belongs to name',
      holds: (self) => self.selector === undefined || self.name !== undefined,
    },
    {
      rule: '!has(self.serverAddress) || has(self.query)',
      message: 'serverAddress belongs to query',
      holds: (self) => self.serverAddress === undefined || self.query !== undefined,
    },
  ],
);

const metric = withRules(
  z.object({
    type: z
      .enum(AUTOSCALING_METRICS)
      .describe(
        'What is measured: waiting requests, running requests, share of the batch in use, share of the KV cache in use, CPU, or a metric from outside.',
      ),
    target: decimal().describe(
      'Value that the autoscaler keeps: requests per pod for QueueDepth and RunningRequests, percent for BatchUtilization, KVCacheUtilization and CPU, the metric’s own unit per replica for External.',
    ),
    scaleInBelow: decimal()
      .describe(
        'Pods are taken away only while the value is below this, in the unit of target. Default, and at most: a tenth below target, headroom included.',
      )
      .exactOptional(),
    external: externalMetric.describe('The metric from outside. With type External only.').exactOptional(),
  }),
  [
    {
      rule: "(self.type == 'External') == has(self.external)",
      message: 'external is needed when type is External, and allowed only then',
      holds: (self) => (self.type === 'External') === (self.external !== undefined),
    },
    {
      rule: whenDecimal(['self.target'], 'double(self.target) > 0.0'),
      message: 'target must be above 0',
      holds: (self) => !(decimalValue(self.target) <= 0),
    },
    {
      rule: whenDecimal(
        ['self.target'],
        "!(self.type in ['BatchUtilization', 'KVCacheUtilization', 'CPU']) || double(self.target) <= 100.0",
      ),
      message: 'target is a percentage for this type: at most 100',
      holds: (self) =>
        !['BatchUtilization', 'KVCacheUtilization', 'CPU'].includes(self.type) || !(decimalValue(self.target) > 100),
    },
    {
      rule: `!has(self.scaleInBelow) || ${whenDecimal(['self.target', 'self.scaleInBelow'], 'double(self.scaleInBelow) <= double(self.target)')}`,
      message: 'scaleInBelow may not be above target',
      holds: (self) =>
        self.scaleInBelow === undefined || !(decimalValue(self.scaleInBelow) > decimalValue(self.target)),
    },
  ],
);

const scalingPolicy = z.object({
  type: z.enum(['Pods', 'Percent']).describe('Unit of value.'),
  value: z
    .int32()
    .min(1)
    .max(1000)
    .describe('Most pods, or percent of the pods, that are added or taken away in a period.'),
  periodSeconds: z.int32().min(1).max(1800).describe('Length of the period, in seconds.'),
});

const scalingRules = z.object({
  stabilizationWindowSeconds: z
    .int32()
    .min(0)
    .max(3600)
    .describe('Seconds of past recommendations that are considered.')
    .exactOptional(),
  selectPolicy: z
    .enum(['Max', 'Min', 'Disabled'])
    .describe('Which policy counts when there are several. Disabled: never scale this way.')
    .exactOptional(),
  policies: atomicList(scalingPolicy, 10, 1).describe('Limits of the speed.').exactOptional(),
});

const authenticationRef = z.object({
  name: objectName().describe('Name of the object, in the namespace of the DeepSeekDeployment or of the cluster.'),
  kind: z
    .enum(['TriggerAuthentication', 'ClusterTriggerAuthentication'])
    .describe('Its kind.')
    .default('TriggerAuthentication'),
  modes: atomicList(z.enum(['bearer', 'basic', 'tls', 'custom', 'oauth', 'apiKey']), 6, 1)
    .describe(
      'How KEDA identifies itself with what is in it (authModes). Without it only what needs no mode counts, such as the identity of a pod at a cloud.',
    )
    .exactOptional(),
});

/** Who changes the number of replicas, and by what. */
export const autoscalingSpec = withRules(
  z.object({
    provider: z
      .enum(['HPA', 'KEDA'])
      .describe('What scales: a HorizontalPodAutoscaler of ours, or a KEDA ScaledObject.')
      .default('HPA'),
    minReplicas: z.int32().min(0).max(1000).describe('Fewest replicas. 0 needs provider KEDA.').default(1),
    maxReplicas: z.int32().min(1).max(1000).describe('Most replicas.'),
    headroomPercent: percent().describe('Capacity that is kept free above what the metrics ask for.').default(10),
    metrics: atomicList(metric, 8, 1)
      .describe('What is scaled on; the highest wish wins. Default: QueueDepth 5 and BatchUtilization 80.')
      .exactOptional(),
    behavior: z
      .object({
        scaleUp: scalingRules.describe('How fast replicas are added.').exactOptional(),
        scaleDown: scalingRules.describe('How fast replicas are taken away.').exactOptional(),
      })
      .describe('Speed of scaling, as in autoscaling/v2. Default: from the startup budget.')
      .exactOptional(),
    pollingInterval: duration().describe('How often KEDA looks. With provider KEDA only.').exactOptional(),
    cooldown: duration()
      .describe('Idle time before KEDA scales to 0. With provider KEDA and minReplicas 0 only.')
      .exactOptional(),
    authenticationRef: authenticationRef
      .describe('What KEDA needs to be let into Prometheus, for all queries. With provider KEDA only.')
      .exactOptional(),
  }),
  [
    {
      rule: 'self.minReplicas <= self.maxReplicas',
      message: 'minReplicas may not be more than maxReplicas',
      holds: (self) => self.minReplicas <= self.maxReplicas,
    },
    {
      rule: "self.minReplicas > 0 || self.provider == 'KEDA'",
      message: 'minReplicas 0 needs provider KEDA: an HPA cannot wake what is off',
      holds: (self) => self.minReplicas > 0 || self.provider === 'KEDA',
    },
    {
      rule: "self.provider == 'KEDA' || !has(self.pollingInterval)",
      message: 'pollingInterval is allowed with provider KEDA only',
      holds: (self) => self.provider === 'KEDA' || self.pollingInterval === undefined,
    },
    {
      rule: "self.provider == 'KEDA' || !has(self.authenticationRef)",
      message: 'authenticationRef is allowed with provider KEDA only',
      holds: (self) => self.provider === 'KEDA' || self.authenticationRef === undefined,
    },
    {
      // Else whoever may write this object could have KEDA carry the cluster's token to an address of his own.
      rule: "!has(self.authenticationRef) || self.authenticationRef.kind != 'ClusterTriggerAuthentication' || !has(self.metrics) || self.metrics.all(m, !has(m.external) || !has(m.external.serverAddress))",
      message: 'a ClusterTriggerAuthentication is for the Prometheus of the operator: leave external.serverAddress out',
      holds: ({ authenticationRef: ref, metrics = [] }) =>
        ref?.kind !== 'ClusterTriggerAuthentication' ||
        metrics.every(({ external }) => external?.serverAddress === undefined),
    },
    {
      rule: "!has(self.cooldown) || (self.provider == 'KEDA' && self.minReplicas == 0)",
      message: 'cooldown is allowed with provider KEDA and minReplicas 0 only',
      holds: (self) => self.cooldown === undefined || (self.provider === 'KEDA' && self.minReplicas === 0),
    },
    {
      rule: "!has(self.metrics) || self.metrics.all(m, !has(m.external) || has(m.external.query) == (self.provider == 'KEDA'))",
      message: 'an External metric needs external.name with provider HPA and external.query with provider KEDA',
      holds: (self) =>
        (self.metrics ?? []).every(
          ({ external }) => external === undefined || (external.query !== undefined) === (self.provider === 'KEDA'),
        ),
    },
    {
      rule: "!has(self.metrics) || self.metrics.all(m, m.type == 'External' || self.metrics.exists_one(n, n.type == m.type))",
      message: 'each type of metric may be listed once; only External may repeat',
      holds: ({ metrics = [] }) =>
        metrics.every(({ type }) => type === 'External' || metrics.filter((other) => other.type === type).length === 1),
    },
  ],
);
