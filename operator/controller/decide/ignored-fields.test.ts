import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type DeepSeekDeploymentSpec, rolloutSpec } from '../../api/index.ts';
import { IGNORED, ignoredFields } from './ignored-fields.ts';

const spec = (part: object) =>
  ({ model: { name: 'x' }, accelerator: { type: 'T4' }, ...part }) as unknown as DeepSeekDeploymentSpec;

describe('ignoredFields', () => {
  it.each([
    ['nothing', {}, []],
    ['what is obeyed', { rollout: { paused: true, revisionHistoryLimit: 2 }, minReadySeconds: 3 }, []],
    ['what the API server filled in', { rollout: { ...rolloutSpec.parse({}), paused: true } }, []],
    ['every strategy', { rollout: { strategy: 'Recreate' }, traffic: { routeRef: { name: 'edge' } } }, []],
    ['whole blocks', { monitoring: {}, autoscaling: {}, networkPolicy: {} }, []],
    ['no network policy', { networkPolicy: { enabled: false } }, []],
    ['a network policy', { networkPolicy: { enabled: true } }, []],
    ['monitoring', { monitoring: { scrape: 'Auto', thresholds: {} } }, []],
  ])('of %s', (_, part, expected) => {
    expect(ignoredFields(spec(part))).toEqual(expected);
  });

  it('knows fields of the schema only', async () => {
    const schema = await specSchema();
    expect(IGNORED.filter((path) => schemaAt(schema, path) === undefined)).toEqual([]);
  });
});

/** A structural schema, as far as its fields go. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

/** The schema of `spec` in the CRD. */
async function specSchema(): Promise<Schema> {
  const text = await readFile(new URL('../../../crds/deepseekdeployments.yaml', import.meta.url), 'utf8');
  const crd = parse(text) as { spec: { versions: [{ schema: { openAPIV3Schema: Schema } }] } };
  return crd.spec.versions[0].schema.openAPIV3Schema.properties?.['spec'] ?? {};
}

function schemaAt(schema: Schema, path: readonly string[]): Schema | undefined {
  return path.reduce<Schema | undefined>((found, key) => found?.properties?.[key], schema);
}
