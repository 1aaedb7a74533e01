import { describe, expect, it } from '@jest/globals';
import { RIGHTS } from './rights.ts';

describe('what the operator may ask for', () => {
  it('is named one by one, without a wildcard', () => {
    const named = RIGHTS.flatMap(({ group, resources, verbs, names = [] }) => [
      group,
      ...resources,
      ...verbs,
      ...names,
    ]);
    expect(named.filter((word) => word.includes('*'))).toEqual([]);
  });

  it('is of Secrets to read one by its name, and to write that of the webhook', () => {
    const secrets = RIGHTS.filter(({ resources }) => resources.includes('secrets'));
    expect(secrets.flatMap(({ scope, verbs }) => verbs.map((verb) => `${scope}: ${verb}`)).sort()).toEqual([
      'Models: get',
      'Webhook: create',
      'Webhook: get',
      'Webhook: update',
    ]);
  });
});
