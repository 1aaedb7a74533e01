import type { EngineVersion, FlagValues } from '../types.ts';

const MARKS: Readonly<Record<string, FlagValues>> = { '': 'None', '=': 'One', '=...': 'Any' };

/** Reads a list of flags: `--flag` takes no value, `--flag=` takes one, `--flag=...` any number of them. */
export function readFlags(list: string): Required<Pick<EngineVersion, 'flags' | 'flagValues'>> {
  const entries = list
    .trim()
    .split(/\s+/)
    .map((entry): readonly [flag: string, takes: FlagValues] => {
      const [, flag = '', mark = ''] = /^([^=]*)(.*)$/.exec(entry) ?? [];
      return [flag, MARKS[mark] ?? 'Any'];
    });
  return { flags: entries.map(([flag]) => flag), flagValues: Object.fromEntries(entries) };
}
