import { isSetBy } from '../planner/index.ts';

/** A flag with its values. */
export type Argument = readonly [flag: string, ...values: string[]];

/**
 * Our arguments followed by the user's; those of ours that the user sets are left out, so that no flag is given twice.
 * `--no-x` sets `--x`; `spellings` are lists of flags that are one and the same.
 */
export function mergeArguments(
  ours: readonly Argument[],
  users: readonly string[],
  spellings: readonly (readonly string[])[] = [],
): string[] {
  return [...ours.filter(([flag]) => !isSetBy(users, spellingsOf(flag, spellings))).flat(), ...users];
}

const spellingsOf = (flag: string, spellings: readonly (readonly string[])[]): readonly string[] =>
  spellings.find((same) => same.includes(flag)) ?? [flag];
