import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { chartValues } from './chart-values.ts';
import { valueRows } from './chart.ts';

const text = readFileSync(
  fileURLToPath(new URL('../../charts/deepseek-operator/values.yaml', import.meta.url)),
  'utf8',
);

it('has default values that its own schema accepts', () => {
  expect(() => chartValues.parse(parse(text))).not.toThrow();
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
