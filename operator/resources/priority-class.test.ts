import { expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { servingPriorityClass } from './priority-class.ts';

it('is shipped beside the CRD as it is', async () => {
  const file = new URL('../../crds/priorityclass.yaml', import.meta.url);
  expect(parse(await readFile(file, 'utf8'))).toEqual(servingPriorityClass());
});

it('is before pods without a class, below those of the system, and evicts nobody', () => {
  const { value, preemptionPolicy, globalDefault } = servingPriorityClass();
  expect(value).toBeGreaterThan(0);
  // What is above this is refused to users (scheduling.HighestUserDefinablePriority).
  expect(value).toBeLessThan(1_000_000_000);
  expect(preemptionPolicy).toBe('Never');
  expect(globalDefault).toBeUndefined();
});
