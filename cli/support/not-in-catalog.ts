import { similarNames } from '../../operator/catalog/index.ts';
import { CommandError, EXIT } from './exit-status.ts';

/** The error for a name that the catalogue does not have: with the names that may have been meant, or all. */
export function notInCatalog(
  kind: 'model' | 'accelerator' | 'engine',
  name: string,
  entries: readonly { readonly name: string }[],
): CommandError {
  const names = entries.map((entry) => entry.name);
  const similar = similarNames(name, names);
  const hint =
    similar.length > 0
      ? `did you mean ${similar.join(', ')}?`
      : names.length <= 15
        ? `it has ${names.join(', ')}.`
        : `\`kubectl deepseek catalog ${kind}s\` lists the ${names.length} that it has.`;
  return new CommandError('NOT_FOUND', EXIT.no, `no ${kind} ${JSON.stringify(name)} in the catalogue: ${hint}`);
}
