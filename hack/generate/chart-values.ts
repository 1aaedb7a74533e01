import { z } from 'zod';
import { operatorDefaults } from '../../operator/api/index.ts';
import { labelKey, labelName, labelValue, objectName } from '../../operator/api/scalars.ts';

/**
 * Flags that no value sets, with what they take. Of two the last would win, and the ports, Services and Roles that values make would
 * not follow.
 */
const FURTHER_FLAGS: Readonly<Record<string, RegExp>> = {
  kubeconfig: /.+/,
  'lease-name': /[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/,
  'log-format': /(auto|json|pretty)/,
  'prometheus-token-file': /.+/,
  workers: /[1-9][0-9]{0,2}/,
};

const map = z.record(z.string(), z.string());
const labels = z.record(labelKey(), labelValue());
const optionalName = z.string().regex(/^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?)?$/);
/** An image without tag and digest, which are values of their own. */
const repository =
  /^(([A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?\/)?[a-z0-9]+([._-]+[a-z0-9]+)*(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const flags = Object.entries(FURTHER_FLAGS).map(([name, value]) => `${name}=${value.source}`);
const furtherFlag = new RegExp(`^--(${flags.join('|')})$`);
/** Without credentials, query or fragment: it is an argument of the operator, which anybody may read. */
const address = /^(https?:\/\/[A-Za-z0-9.:[\]-]+(\/[!-"$->@-~]*)?)?$/;
const quantity = z.union([z.string().regex(/^\d+(\.\d+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$/), z.number().positive()]);
const requirements = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

/**
 * The values of charts/deepseek-operator. Helm refuses others by the JSON schema that is made of this. What is added to them is
 * optional: `helm upgrade --reuse-values` has none of what came later.
 */
export const chartValues = z.strictObject({
  image: z.strictObject({
    repository: z.string().max(255).regex(repository),
    tag: z.string().regex(/^(\w[\w.-]{0,127})?$/),
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['', 'Always', 'IfNotPresent', 'Never']),
  }),
  imagePullSecrets: z.array(z.strictObject({ name: objectName() })),
  replicas: z.int().min(1).max(9),
  watchNamespaces: z.array(labelName()).meta({ uniqueItems: true }),
  webhook: z.strictObject({ enabled: z.boolean(), annotations: map, certSecret: optionalName }),
  prometheusUrl: z.string().regex(address),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']),
  observeOnly: z.boolean(),
  extraArgs: z.array(z.string().regex(furtherFlag)),
  extraVolumes: z.array(z.looseObject({ name: labelName() })),
  extraVolumeMounts: z.array(z.looseObject({ name: labelName(), mountPath: z.string().min(1) })),
  defaults: operatorDefaults,
  resources: z.strictObject({ requests: requirements.optional(), limits: requirements.optional() }),
  priorityClassName: optionalName,
  nodeSelector: labels,
  tolerations: operatorDefaults.shape.tolerations.unwrap(),
  podAnnotations: map,
  networkPolicy: z.strictObject({ enabled: z.boolean() }),
  monitoring: z.strictObject({
    enabled: z.boolean(),
    labels,
    namespaces: z.array(labelName()).meta({ uniqueItems: true }).optional(),
  }),
  crds: z.strictObject({ install: z.boolean() }),
  modelPriorityClass: z.strictObject({ install: z.boolean() }),
  userRoles: z.strictObject({ install: z.boolean() }),
  test: z.strictObject({ spec: z.record(z.string(), z.unknown()), timeout: z.string().regex(/^\d+[smh]$/) }),
  // What a chart that has this one as a dependency may set: whether it is wanted (`condition`), and for all of its charts.
  enabled: z.boolean().optional(),
  global: z.record(z.string(), z.unknown()).optional(),
});

export type ChartValues = z.infer<typeof chartValues>;
