import { z } from 'zod';
import { operatorDefaults } from '../../operator/api/index.ts';

/** Flags that no value sets. Of two the last would win, and the ports, Services and Roles that values make would not follow. */
const FURTHER_FLAGS = ['kubeconfig', 'lease-name', 'log-format', 'prometheus-token-file', 'workers'];

const map = z.record(z.string(), z.string());
const dnsLabel = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const optionalName = z.string().regex(/^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$/);
const furtherFlag = new RegExp(`^--(${FURTHER_FLAGS.join('|')})=`);
const quantity = z.union([z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/), z.number().positive()]);
const requirements = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

const toleration = z.strictObject({
  key: z.string().optional(),
  operator: z.enum(['Equal', 'Exists']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().optional(),
});

/** The values of charts/deepseek-operator. Helm refuses others by the JSON schema that is made of this. */
export const chartValues = z.strictObject({
  image: z.strictObject({
    repository: z.string().min(1),
    tag: z.string().regex(/^[\w.-]{0,128}$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['', 'Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: z.string().min(1) })),
  replicas: z.int().min(1).max(9),
  watchNamespaces: z.array(dnsLabel).meta({ uniqueItems: true }),
  webhook: z.strictObject({ enabled: z.boolean(), annotations: map, certSecret: optionalName }),
  prometheusUrl: z.string().regex(/^(https?:\/\/\S+)?$/),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']),
  observeOnly: z.boolean(),
  extraArgs: z.array(z.string().regex(furtherFlag)),
  extraVolumes: z.array(z.looseObject({ name: dnsLabel })),
  extraVolumeMounts: z.array(z.looseObject({ name: dnsLabel, mountPath: z.string().min(1) })),
  defaults: operatorDefaults,
  resources: z.strictObject({ requests: requirements.optional(), limits: requirements.optional() }),
  priorityClassName: z.string(),
  nodeSelector: map,
  tolerations: z.array(toleration),
  podAnnotations: map,
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  monitoring: z.strictObject({ enabled: z.boolean(), labels: map }),
  crds: z.strictObject({ install: z.boolean() }),
  modelPriorityClass: z.strictObject({ install: z.boolean() }),
  userRoles: z.strictObject({ install: z.boolean() }),
  test: z.strictObject({ spec: z.record(z.string(), z.unknown()), timeout: z.string().regex(/^\d+[smh]$/) }),
  // What a chart that has this one as a dependency may set for all of its charts.
  global: z.record(z.string(), z.unknown()).optional(),
});

export type ChartValues = z.infer<typeof chartValues>;
