import { similarNames } from '../catalog/index.ts';
import type { FlagHistory } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The flag that an argument begins with, as it is written; undefined if the argument is a value. */
export function flagName(argument: string): string | undefined {
  return /^(--?[A-Za-z][A-Za-z0-9._-]*)/.exec(argument)?.[1];
}

/** One spelling of a flag: vLLM and llama.cpp read underscores as dashes. */
const canonical = (flag: string): string => flag.replaceAll('_', '-');

/** vLLM's `--compilation-config.mode` sets a key of `--compilation-config`. */
const withoutKey = (flag: string): string => flag.replace(/\..*$/, '');

/** Whether a list of arguments sets one of `flags`, which are spellings of one and the same. `--no-x` sets `--x`. */
export function isSetBy(extraArgs: readonly string[], flags: readonly string[]): boolean {
  const same = new Set(flags.flatMap((flag) => [canonical(flag), canonical(flag).replace(/^--/, '--no-')]));
  return extraArgs.some((argument) => {
    const flag = flagName(argument);
    return flag !== undefined && (same.has(canonical(flag)) || same.has(withoutKey(canonical(flag))));
  });
}

/**
 * Reads `spec.engine.extraArgs` against the engine's command line: warnings for what the plan cannot count, a refusal
 * for what contradicts it and for what would end the engine with "unrecognized arguments".
 */
export function checkExtraArgs(
  extraArgs: readonly string[],
  engine: ResolvedEngine,
): Refusal | { readonly warnings: readonly string[] } {
  const { version } = engine;
  const name = `${engine.type} ${version.version}`;
  const ownBuild = !Object.values(version.images).includes(engine.image);
  const warnings: string[] = [];
  const [first] = extraArgs;
  if (first !== undefined && flagName(first) === undefined) {
    return refuse(
      'InvalidEngineArgument',
      `engine.extraArgs begins with ${JSON.stringify(first)}, which is not a flag`,
    );
  }
  for (const argument of extraArgs) {
    const flag = flagName(argument);
    if (flag === undefined) continue;
    const planned = version.plannedFlags.find(({ flags }) => isSetBy([flag], flags));
    if (planned !== undefined) {
      return refuse(
        'InvalidEngineArgument',
        `engine.extraArgs sets ${flag}, which belongs to the plan: take it out; it is decided by ${planned.field}`,
      );
    }
    if (!hasFlag(engine, argument, flag)) {
      if (!ownBuild)
        return refuse('InvalidEngineArgument', `${name} has no flag ${flag}: ${whatInstead(engine, flag)}`);
      warnings.push(`${name} has no flag ${flag}; your image has to know it`);
    }
    if (version.uncountedFlags.some((uncounted) => isSetBy([flag], [uncounted]))) {
      warnings.push(`${flag} in engine.extraArgs changes how much memory is used, which this plan does not count`);
    }
  }
  return { warnings };
}

function hasFlag({ type, version }: ResolvedEngine, argument: string, flag: string): boolean {
  if (version.flags.includes(flag)) return true;
  if (type === 'vLLM') return /^-O[0-9]$/.test(argument) || version.flags.includes(withoutKey(canonical(flag)));
  return type === 'llama.cpp' && version.flags.includes(canonical(flag));
}

function whatInstead({ version, flagHistory }: ResolvedEngine, flag: string): string {
  const past = flagHistory.find((entry) => canonical(entry.flag) === canonical(flag));
  if (past !== undefined) return history(past);
  const otherwise = version.flags.find((known) => canonical(known) === canonical(flag));
  const [similar] = otherwise === undefined ? similarNames(flag, version.flags, 1) : [otherwise];
  return `take it out of engine.extraArgs${similar === undefined ? '' : `, or did you mean ${similar}?`}`;
}

function history({ since, removedIn, instead }: FlagHistory): string {
  const use = instead === undefined ? 'take it out of engine.extraArgs' : `use ${instead} instead`;
  if (removedIn !== undefined) return `it was removed in ${removedIn}; ${use}`;
  return since === undefined ? `it is gone; ${use}` : `it came with ${since}; ${use}`;
}
