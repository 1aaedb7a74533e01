import { similarNames } from '../catalog/index.ts';
import type { FlagHistory, FlagValues, PlannedFlag } from '../catalog/index.ts';
import type { ResolvedEngine } from './engine-choice.ts';
import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';

/** The flag that an argument begins with, as it is written; undefined if the argument is a value. */
function flagName(argument: string): string | undefined {
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
 * for what contradicts it and for what would end the engine with "unrecognized arguments". Whether a value is right for
 * its flag is not looked at, and how many there are only where the engine's list says what its flags take.
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
        `engine.extraArgs sets ${flag}, which belongs to the plan: take it out; ${decidedBy(planned)}`,
      );
    }
    if (!hasFlag(engine, argument, flag)) {
      if (!ownBuild)
        return refuse('InvalidEngineArgument', `${name} has no flag ${flag}: ${whatInstead(engine, flag)}`);
      warnings.push(`${name} has no flag ${flag}; your image has to know it`);
    }
    if (engine.type === 'llama.cpp' && argument.startsWith('=', flag.length)) {
      return refuse(
        'InvalidEngineArgument',
        `engine.extraArgs has ${JSON.stringify(argument)}, and llama.cpp takes no flag with an equals sign: write two list items, ${JSON.stringify(flag)} and ${JSON.stringify(argument.slice(flag.length + 1))}`,
      );
    }
    if (version.uncountedFlags.some((uncounted) => isSetBy([flag], [uncounted]))) {
      warnings.push(`${flag} in engine.extraArgs changes how much memory is used, which this plan does not count`);
    }
  }
  const misplaced = wrongValues(extraArgs, engine);
  if (misplaced === undefined) return { warnings };
  return ownBuild
    ? { warnings: [...warnings, `engine.extraArgs: ${misplaced} in ${name}; your image has to take it`] }
    : refuse('InvalidEngineArgument', `engine.extraArgs: ${misplaced} in ${name}: correct it or take it out`);
}

function decidedBy({ field, because }: PlannedFlag): string {
  return field === undefined ? (because ?? 'the plan computes it') : `it is decided by ${field}`;
}

/** A flag with fewer or more values than it takes: the engine would end, or take one of ours for the value. */
function wrongValues(extraArgs: readonly string[], engine: ResolvedEngine): string | undefined {
  for (const [index, argument] of extraArgs.entries()) {
    const flag = flagName(argument);
    if (flag === undefined) continue;
    const takes = valuesOf(engine, argument, flag);
    const after = argument.slice(flag.length);
    const rest = extraArgs.slice(index + 1);
    const next = rest.findIndex((other) => flagName(other) !== undefined);
    const values = [
      ...(after.startsWith('=') ? [after.slice(1)] : []),
      ...rest.slice(0, next === -1 ? rest.length : next),
    ].map((value) => JSON.stringify(value));
    if (takes === 'None' && values.length > 0) return `${values.join(' ')} follows ${flag}, which takes no value`;
    if (takes === 'One' && values.length === 0) return `no value follows ${flag}, which takes one`;
    if (takes === 'One' && values.length > 1) return `${values.join(' ')} follow ${flag}, which takes one value`;
  }
  return undefined;
}

/** What a flag takes; undefined where that is not known. */
function valuesOf(engine: ResolvedEngine, argument: string, flag: string): FlagValues | undefined {
  const { flagValues } = engine.version;
  if (isOptimizationLevel(engine, argument)) return 'None';
  const spelling = spellings(engine, flag).find((known) => flagValues?.[known] !== undefined);
  return spelling === undefined ? undefined : flagValues?.[spelling];
}

function hasFlag(engine: ResolvedEngine, argument: string, flag: string): boolean {
  const { flags } = engine.version;
  return isOptimizationLevel(engine, argument) || spellings(engine, flag).some((known) => flags.includes(known));
}

const isOptimizationLevel = ({ type }: ResolvedEngine, argument: string): boolean =>
  type === 'vLLM' && /^-O[0-9]$/.test(argument);

/** The names under which an engine may know a flag, its own spelling first. */
function spellings({ type }: ResolvedEngine, flag: string): readonly string[] {
  switch (type) {
    case 'vLLM':
      return [flag, withoutKey(canonical(flag))];
    case 'llama.cpp':
      return [flag, canonical(flag)];
    default:
      return [flag];
  }
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
