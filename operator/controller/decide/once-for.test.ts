import { expect, it } from '@jest/globals';
import { onceFor } from './once-for.ts';

it('works once for each object, whatever comes of it', () => {
  const asked: object[] = [];
  const work = onceFor((of: { readonly size?: number }) => {
    asked.push(of);
    return of.size;
  });
  const [one, equal, none] = [{ size: 1 }, { size: 1 }, {}];
  expect([one, one, equal, none, none].map(work)).toEqual([1, 1, 1, undefined, undefined]);
  expect(asked).toEqual([one, equal, none]);
});
