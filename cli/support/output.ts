import { Option } from 'commander';
import { stringify } from 'yaml';

/** What a command prints: a picture for people, or data. */
export type OutputFormat = 'table' | 'json' | 'yaml';

/** `-o table|json|yaml`. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'output format').choices(['table', 'json', 'yaml']).default('table');
}

/** `value` as a document, its last line break included. */
export function serialize(value: unknown, format: 'json' | 'yaml'): string {
  // Anchors are for those who write YAML by hand.
  return format === 'json'
    ? `${JSON.stringify(value, null, 2)}\n`
    : stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
