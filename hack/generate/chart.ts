import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMap, isScalar, parse, parseDocument, stringify, type YAMLMap } from 'yaml';
import { z } from 'zod';
import { USER_ROLES } from '../../cdk8s/install/user-roles.ts';
import { rulesOf } from '../../operator/api/rights.ts';
import { operatorPodMonitor, operatorRules } from '../../operator/monitoring/index.ts';
import { chartValues } from './chart-values.ts';
import { GENERATED, type GeneratedFile } from './file.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CHART = 'charts/deepseek-operator';

const yaml = (value: unknown): string =>
  `# ${GENERATED}\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;

interface KubeObject {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}

/** An object of crds/ as a template: part of the release when `value` says so, and left by an uninstall. */
function kept(file: string, value: string): string {
  const object = parse(readFileSync(`${ROOT}crds/${file}`, 'utf8')) as KubeObject;
  const annotations = { 'helm.sh/resource-policy': 'keep', ...object.metadata.annotations };
  const text = stringify(
    { ...object, metadata: { ...object.metadata, annotations } },
    { lineWidth: 0, aliasDuplicateObjects: false },
  ).replaceAll('{{', '{{ "{{" }}');
  return `{{/* ${GENERATED} */}}\n{{- if .Values.${value} }}\n${text}{{- end }}\n`;
}

interface ValueRow {
  readonly path: string;
  readonly about: string;
  readonly value: unknown;
}

/** The leaves of values.yaml with the comments before them. */
export function valueRows(text: string): ValueRow[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? rowsOf(contents, '') : [];
}

function rowsOf(map: YAMLMap, prefix: string): ValueRow[] {
  return map.items.flatMap((item, index) => {
    if (!isScalar(item.key)) return [];
    const path = `${prefix}${String(item.key.value)}`;
    // The comment before the first key of a map belongs to the map.
    const comment = item.key.commentBefore ?? (index === 0 ? map.commentBefore : undefined) ?? '';
    // A map with a comment of its own is a value as a whole.
    if (isMap(item.value) && item.value.items.length > 0 && comment === '') return rowsOf(item.value, `${path}.`);
    const value: unknown = item.value && typeof item.value === 'object' && 'toJSON' in item.value ? item.value : null;
    return [{ path, about: comment.replace(/\s+/g, ' ').trim(), value: JSON.parse(JSON.stringify(value)) as unknown }];
  });
}

function readme(): string {
  const rows = valueRows(readFileSync(`${ROOT}${CHART}/values.yaml`, 'utf8')).map(
    ({ path, about, value }) => `| \`${path}\` | \`${JSON.stringify(value)}\` | ${about} |`,
  );
  return `<!-- ${GENERATED} -->

# deepseek-operator

Installs the operator, its CRD and the roles of its users. Needs Kubernetes 1.30 or newer.

\`\`\`sh not-run docs/install.md runs it
helm install deepseek-operator charts/deepseek-operator --namespace deepseek-system --create-namespace
\`\`\`

The same objects without Helm: \`manifests/install.yaml\`, \`manifests/kustomize\`, and \`DeepSeekOperator\` of cdk8s/.

**Upgrade.** \`helm upgrade\` upgrades the CRD, too: it is part of the release. Models go on serving, and none is restarted.
**Uninstall.** \`helm uninstall\` leaves the CRD, the models and their pods. A new release of the same name and namespace takes them over again.
**Moving to Helm** from manifests that kubectl applied: \`helm install --take-ownership\`, with Helm 4 \`--force-conflicts\` as well.
**Deleting everything** is an order of its own, and ends all models: \`kubectl delete crd deepseekdeployments.deepseek-operator.io\`.

## Values

| value | default | |
|---|---|---|
${rows.join('\n')}
`;
}

/** Rules of the API over several fields, as JSON Schema says them. */
const RULES: Readonly<Record<string, object>> = {
  "has(self.key) || (has(self.operator) && self.operator == 'Exists')": {
    anyOf: [{ required: ['key'] }, { required: ['operator'], properties: { operator: { const: 'Exists' } } }],
  },
  "!has(self.value) || self.value == '' || !has(self.operator) || self.operator == 'Equal'": {
    anyOf: [{ properties: { value: { const: '' } } }, { properties: { operator: { const: 'Equal' } } }],
  },
  "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')": {
    anyOf: [
      { not: { required: ['tolerationSeconds'] } },
      { required: ['effect'], properties: { effect: { const: 'NoExecute' } } },
    ],
  },
};

/**
 * The schema of the values, for Helm, which knows no CEL.
 *
 * @throws Error for a rule of which nobody has said what it is without CEL.
 */
function valuesSchema(): object {
  return z.toJSONSchema(chartValues, {
    target: 'draft-7',
    override({ jsonSchema }) {
      const rules = (jsonSchema['x-kubernetes-validations'] ?? []) as readonly { readonly rule: string }[];
      const said = rules.map(({ rule }) => {
        const [, pattern] = /^self\.matches\(r'(.*)'\)$/.exec(rule) ?? [];
        const schema = pattern === undefined ? RULES[rule] : { pattern };
        if (schema === undefined)
          throw new Error(`Helm cannot be told the rule ${rule}: say it in hack/generate/chart.ts.`);
        return schema;
      });
      for (const key of Object.keys(jsonSchema))
        if (key.startsWith('x-kubernetes-')) Reflect.deleteProperty(jsonSchema, key);
      Object.assign(jsonSchema, said.length > 1 ? { allOf: said } : said[0]);
    },
  });
}

/** The parts of the chart that say the same as something else: CRD, rights, alerts, schema, list of the values. */
export const chartFiles: readonly GeneratedFile[] = [
  { path: `${CHART}/templates/crds.yaml`, render: () => kept('deepseekdeployments.yaml', 'crds.install') },
  {
    path: `${CHART}/templates/priority-class.yaml`,
    render: () => kept('priorityclass.yaml', 'modelPriorityClass.install'),
  },
  {
    path: `${CHART}/files/rights.yaml`,
    render: () =>
      yaml(
        Object.fromEntries(
          (['Models', 'Cluster', 'Own', 'System', 'Webhook', 'WebhookCluster'] as const).map((scope) => [
            scope,
            rulesOf(scope),
          ]),
        ),
      ),
  },
  { path: `${CHART}/files/user-roles.yaml`, render: () => yaml(USER_ROLES) },
  {
    path: `${CHART}/files/monitors.yaml`,
    render: () => yaml({ PodMonitor: operatorPodMonitor().spec, PrometheusRule: { groups: operatorRules() } }),
  },
  {
    path: `${CHART}/values.schema.json`,
    render: () => `${JSON.stringify(valuesSchema(), null, 2)}\n`,
  },
  { path: `${CHART}/README.md`, render: readme },
];
