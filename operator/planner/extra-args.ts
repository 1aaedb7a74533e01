import { refuse } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { ResolvedEngine } from './engine-choice.ts';

/** The name of the flag that an argument begins with, as the catalogue spells it; undefined if it is a value. */
export function flagName(argument: string): string | undefined {
  const match = /^(--?[A-Za-z][A-Za-z0-9_-]*)/.exec(argument);
  return match?.[1]?.replaceAll('_', '-');
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
    const planned = version.plannedFlags.find(({ flags }) => flags.includes(flag));
    if (planned !== undefined) {
      return refuse(
        'InvalidEngineArgument',
        `engine.extraArgs sets ${flag}, which belongs to the plan: take it out; it is decided by ${planned.field}`,
      );
    }
    if (!version.flags.includes(flag) && !/^-O[0-9]$/.test(argument)) {
      if (!ownBuild)
        return refuse('InvalidEngineArgument', `${name} has no flag ${flag}: take it out of engine.extraArgs`);
      warnings.push(`${name} has no flag ${flag}; your image has to know it`);
    }
    if (version.uncountedFlags.includes(flag)) {
      warnings.push(`${flag} in engine.extraArgs changes how much memory is used, which this plan does not count`);
    }
  }
  return { warnings };
}
