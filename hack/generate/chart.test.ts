import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { API_VERSION, KIND, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { CATALOG } from '../../operator/catalog/index.ts';
import { plan } from '../../operator/planner/index.ts';
import { chartValues } from './chart-values.ts';
import { valueRows } from './chart.ts';

const text = readFileSync(
  fileURLToPath(new URL('../../charts/deepseek-operator/values.yaml', import.meta.url)),
  'utf8',
);

it('has default values that its own schema accepts', () => {
  expect(() => chartValues.parse(parse(text))).not.toThrow();
});

it('has a model for its test that the planner accepts, and says what it asks of a node', () => {
  const { spec } = chartValues.parse(parse(text)).test;
  const parsed = parseDeepSeekDeployment({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'test' }, spec });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed));
  const result = plan(parsed.value.spec, CATALOG);
  if (!result.accepted) throw new Error(result.message);
  const { cpu, memoryRequestGiB, memoryLimitGiB, ephemeralStorageGiB } = result.plan.host;
  const { about } = valueRows(text).find(({ path }) => path === 'test.spec') ?? { about: '' };
  expect(about).toContain(
    `${cpu} CPUs, ${memoryRequestGiB} GiB of memory (at most ${memoryLimitGiB} GiB) and ${ephemeralStorageGiB} GiB of disk`,
  );
});

it('says of each value what it is', () => {
  const rows = valueRows(text);
  expect(rows.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['image.repository', 'replicas', 'crds.install']),
  );
  expect(rows.filter(({ about }) => about === '').map(({ path }) => path)).toEqual([]);
});

it('reads the comment before a key, of the first in a map and of what has no map below', () => {
  expect(valueRows('# all\na: 1\nb:\n  # of c\n  c: []\n  # of d, in\n  # two lines\n  d: {}\n')).toEqual([
    { path: 'a', about: 'all', value: 1 },
    { path: 'b.c', about: 'of c', value: [] },
    { path: 'b.d', about: 'of d, in two lines', value: {} },
  ]);
});
