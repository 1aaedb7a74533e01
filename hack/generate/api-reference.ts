import { API_VERSION, KIND, SHORT_NAME } from '../../operator/api/index.ts';
import { openAPIV3Schema } from './crd.ts';
import { GENERATED, type GeneratedFile } from './file.ts';
import { anchor, table } from './markdown.ts';
import { at, type StructuralSchema } from './schema.ts';

interface Section {
  readonly path: string;
  readonly schema: StructuralSchema;
}

/** The object that a field holds, however deep in lists and maps, and the path to it. */
function objectIn(schema: StructuralSchema, path: string): Section | undefined {
  if (schema.items) return objectIn(schema.items, `${path}[]`);
  if (schema.additionalProperties) return objectIn(schema.additionalProperties, `${path}{}`);
  return schema.properties ? { path, schema } : undefined;
}

/** Every object of the schema, in reading order: each before what it contains. */
function sectionsOf({ path, schema }: Section): Section[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(
    ([name, value]) => objectIn(value, at(path, name)) ?? [],
  );
  return [{ path, schema }, ...inner.flatMap(sectionsOf)];
}

function typeOf(schema: StructuralSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema['x-kubernetes-int-or-string']) return 'quantity';
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return `map of ${typeOf(schema.additionalProperties)}`;
  if (schema.format === 'date-time') return 'time';
  return schema.type ?? 'any';
}

/** What a single field may be: its bounds, and its own rules in the words of their messages. */
function limitsOf(schema: StructuralSchema): string {
  const rules = schema.type === 'object' ? [] : (schema['x-kubernetes-validations'] ?? []);
  return [boundsOf(schema), ...rules.map(({ message }) => message)].filter(Boolean).join('; ');
}

function boundsOf(schema: StructuralSchema): string {
  const { minimum, maximum, minItems = 0, maxItems, maxLength, maxProperties } = schema;
  if (schema['x-kubernetes-int-or-string'] || schema.enum) return '';
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maxItems !== undefined) return minItems > 0 ? `${minItems} to ${maxItems} items` : `at most ${maxItems} items`;
  if (maxProperties !== undefined) return `at most ${maxProperties} entries`;
  return maxLength === undefined ? '' : `at most ${maxLength} characters`;
}

function describe({ description = '', ...schema }: StructuralSchema): string {
  const value =
    schema.default === undefined ? '' : ` Default: \`${JSON.stringify(schema.default).replaceAll('"', '')}\`.`;
  return `${description}${value}`;
}

function render({ path, schema }: Section): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, value]) => {
    const inner = objectIn(value, at(path, name));
    const label = `\`${name}\`${schema.required?.includes(name) ? ' **(required)**' : ''}`;
    return [inner ? `[${label}](#${anchor(inner.path)})` : label, typeOf(value), limitsOf(value), describe(value)];
  });
  const rules = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => `- ${message}`);
  return [
    `## ${path}`,
    table(['Field', 'Type', 'Limits', 'Meaning'], rows),
    ...(rules.length > 0 ? [`Rules that the API server enforces:\n\n${rules.join('\n')}`] : []),
  ].join('\n\n');
}

function renderReference(): string {
  const root = openAPIV3Schema();
  const { spec, status } = root.properties ?? {};
  const names = (root['x-kubernetes-validations'] ?? []).map(({ message }) => `- ${message}`);
  return [
    `<!-- ${GENERATED} -->`,
    `# ${KIND} (${API_VERSION})`,
    `Every field, as \`kubectl explain ${SHORT_NAME} --recursive\` shows it. \`[]\` is an item of a list.`,
    'Decimals are strings (`"0.01"`), percentages integers in a field that says Percent, durations are written as `90s`, `10m`, `1h30m`.',
    'Fields that decide what a pod runs have no default in the API server: the planner’s choice is in `status.plan`.',
    '`metadata.name`:',
    names.join('\n'),
    ...[
      { path: 'spec', schema: spec ?? {} },
      { path: 'status', schema: status ?? {} },
    ]
      .flatMap(sectionsOf)
      .map(render),
  ].join('\n\n');
}

export const apiReference: GeneratedFile = { path: 'docs/reference/api.md', render: () => `${renderReference()}\n` };
