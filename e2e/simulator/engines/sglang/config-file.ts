import { parse } from 'yaml';
import type { FlagSpec } from '../argparse.ts';
import type { Launch } from '../types.ts';

/** What SGLang raises for a `--config` that it cannot use. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * The arguments with what the file of `--config` says before them, as ConfigArgumentMerger of SGLang 0.5.23 puts them together
 * (srt/utils/server_args_config_parser.py): what the command line says wins, and it does so inside the process alone. Only this very
 * word is looked for: `--config=FILE` is taken by the parser, and nobody reads it.
 *
 * @throws ConfigError with the words of its ValueError.
 */
export function withConfigFile(
  args: readonly string[],
  flags: readonly FlagSpec[],
  files: Launch['files'],
): readonly string[] {
  const at = args.indexOf('--config');
  if (at < 0) return args;
  if (args.includes('--config', at + 1)) throw new ConfigError('Multiple config files specified! Only one allowed.');
  const path = args[at + 1];
  if (path === undefined) throw new ConfigError('No config file specified after --config flag!');
  const [suffix = ''] = /\.[^./]*$/.exec(path) ?? [];
  if (!/^\.ya?ml$/i.test(suffix)) throw new ConfigError(`Config file must be YAML format, got: ${suffix}`);
  const text = files?.get(path);
  if (text === undefined) throw new ConfigError(`Config file not found: ${path}`);
  // PyYAML reads YAML 1.1.
  const settings: unknown = parse(text, { version: '1.1' }) ?? {};
  if (typeof settings !== 'object' || Array.isArray(settings)) {
    throw new ConfigError('Config file must contain a dictionary at root level');
  }
  const given = Object.entries(settings as object).flatMap(([key, value]) => words(key, value, flags));
  return [...given, ...args.slice(0, at), ...args.slice(at + 2)];
}

function words(key: string, value: unknown, flags: readonly FlagSpec[]): string[] {
  const flag = `--${key}`;
  if (typeof value === 'boolean') {
    const names = new Set([flag, flag.replaceAll('_', '-')]);
    const isSwitch = flags.some((known) => known.count === 'none' && known.names.some((name) => names.has(name)));
    if (isSwitch) return value ? [flag] : [];
    return [flag, String(value)];
  }
  if (Array.isArray(value)) return value.length === 0 ? [] : [flag, ...value.map(String)];
  if (typeof value === 'string') return [flag, value];
  return [flag, value === null ? 'None' : JSON.stringify(value)];
}
