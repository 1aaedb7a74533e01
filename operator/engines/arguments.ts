import { flagName } from '../planner/index.ts';

/** A flag with its values. */
export type Argument = readonly [flag: string, ...values: string[]];

/**
 * Our arguments followed by the user's; those of ours that the user sets are left out, so that no flag is given twice.
 * `--no-x` sets `--x`.
 */
export function mergeArguments(ours: readonly Argument[], users: readonly string[]): string[] {
  const set = new Set(users.map(flagName).filter((flag) => flag !== undefined));
  const isSet = (flag: string): boolean => set.has(flag) || set.has(flag.replace(/^--/, '--no-'));
  return [...ours.filter(([flag]) => !isSet(flag)).flat(), ...users];
}
