import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { synthesize, synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import { installed, INSTALLED_VERSIONS } from './installs.ts';
import { narrowings, type Schema } from './narrowings.ts';

interface Installed {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

interface Definition {
  readonly group: string;
  readonly scope: string;
  readonly names: object;
  readonly versions: readonly {
    readonly name: string;
    readonly served: boolean;
    readonly schema: { readonly openAPIV3Schema: Schema };
  }[];
}

function earlier(version: string): readonly Installed[] {
  const { definitions, manifest } = installed(version);
  const { items } = JSON.parse(readFileSync(definitions, 'utf8')) as { items: readonly Installed[] };
  const rest = parseAllDocuments(readFileSync(manifest, 'utf8')).map((document) => document.toJS() as Installed);
  return [...items, ...rest];
}

const keyOf = ({ kind, metadata: { namespace = '', name } }: Installed): string => `${kind} ${namespace}/${name}`;
const present = new Map(
  ([...synthesizeDefinitions(), ...synthesize()] as Installed[]).map((object) => [keyOf(object), object]),
);

/** What the API server lets nobody change, by kind. */
const IMMUTABLE: Readonly<Record<string, (object: Installed) => unknown>> = {
  Deployment: ({ spec }) => spec?.['selector'],
  Service: ({ spec }) => spec?.['clusterIP'],
  RoleBinding: (binding) => binding['roleRef'],
  ClusterRoleBinding: (binding) => binding['roleRef'],
  PriorityClass: ({ value, preemptionPolicy, globalDefault }) => ({ value, preemptionPolicy, globalDefault }),
  ResourceQuota: ({ spec }) => spec?.['scopeSelector'],
  CustomResourceDefinition: ({ spec }) => [spec?.['group'], spec?.['scope'], spec?.['names']],
};

it('there is a record of the installation of every version that was released', () => {
  expect(INSTALLED_VERSIONS).toContain('0.1.0');
});

describe.each(INSTALLED_VERSIONS)('the installation of version %s', (version) => {
  it('has no object that this version lacks: whoever applies it would keep what nobody needs', () => {
    const keys = earlier(version).map(keyOf);
    expect(keys.length).toBeGreaterThan(20);
    expect(keys.filter((key) => !present.has(key))).toEqual([]);
  });

  it('differs in nothing that nobody may change', () => {
    const judged = earlier(version).filter(({ kind }) => kind in IMMUTABLE);
    expect(new Set(judged.map(({ kind }) => kind))).toEqual(new Set(Object.keys(IMMUTABLE)));
    for (const object of judged) {
      const now = present.get(keyOf(object));
      const of = IMMUTABLE[object.kind];
      expect([keyOf(object), now && of?.(now)]).toEqual([keyOf(object), of?.(object)]);
    }
  });

  it('stores no model that the CRD of this version would drop or refuse', () => {
    const definition = earlier(version).find(({ kind }) => kind === 'CustomResourceDefinition');
    if (definition === undefined) throw new Error('no CRD');
    const [before, now] = [definition, present.get(keyOf(definition))].map(
      (object) => object?.spec as unknown as Definition,
    );
    for (const { name, schema } of before?.versions ?? []) {
      const later = now?.versions.find((one) => one.name === name && one.served);
      expect(narrowings(schema.openAPIV3Schema, later?.schema.openAPIV3Schema)).toEqual([]);
    }
  });
});

describe('a schema that takes less than an earlier one is found', () => {
  const EARLIER: Schema = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', maxLength: 63 },
      way: { type: 'string', enum: ['A', 'B'] },
      args: { type: 'array', maxItems: 4, items: { type: 'string', minLength: 1 } },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
    },
  };
  const changed = (properties: Readonly<Record<string, Schema>>): Schema => ({
    ...EARLIER,
    properties: { ...EARLIER.properties, ...properties },
  });

  it('unless it takes all of it, and more', () => {
    const later = changed({ way: { type: 'string', enum: ['A', 'B', 'C'] }, more: { type: 'integer' } });
    expect(narrowings(EARLIER, later)).toEqual([]);
  });

  it.each<[string, Schema, string]>([
    ['a field less', { ...EARLIER, properties: { name: { type: 'string', maxLength: 63 } } }, '.way is gone'],
    ['another type', changed({ name: { type: 'integer' } }), '.name is integer, not string'],
    ['a value less', changed({ way: { type: 'string', enum: ['A'] } }), '.way may not be B any more'],
    ['an enum', changed({ name: { type: 'string', enum: ['x'] } }), '.name may be few values only'],
    ['a field that is required now', { ...EARLIER, required: ['name', 'way'] }, '.way is required'],
    ['a lower limit', changed({ name: { type: 'string', maxLength: 45 } }), '.name has less maxLength'],
    [
      'a limit inside a list',
      changed({ args: { type: 'array', maxItems: 4, items: { type: 'string', minLength: 2 } } }),
      '.args[] has more minLength',
    ],
    ['a pattern', changed({ name: { type: 'string', maxLength: 63, pattern: '^a' } }), '.name has another pattern'],
    [
      'another type inside a map',
      changed({ labels: { type: 'object', additionalProperties: { type: 'integer' } } }),
      '.labels[*] is integer, not string',
    ],
  ])('%s', (_, later, said) => {
    expect(narrowings(EARLIER, later)).toContain(said);
  });
});
