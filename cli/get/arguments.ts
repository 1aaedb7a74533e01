import { InvalidArgumentError } from 'commander';
import { durationSeconds, GROUP, PLURAL, SHORT_NAME, SINGULAR } from '../../operator/api/index.ts';
import { CommandError, EXIT } from '../support/exit-status.ts';

/** What may stand before the slash, as in kubectl: `-o name` prints the last. */
const KINDS: readonly string[] = [SHORT_NAME, SINGULAR, PLURAL, `${SINGULAR}.${GROUP}`, `${PLURAL}.${GROUP}`];

/** `chat`, or `dsd/chat` and the like. */
export function parseName(argument: string): string {
  const [kind = '', name, ...rest] = argument.split('/');
  if (name === undefined && kind !== '') return kind;
  if (KINDS.includes(kind.toLowerCase()) && name !== undefined && name !== '' && rest.length === 0) return name;
  throw new CommandError('USAGE', EXIT.usage, `${JSON.stringify(argument)} is no NAME of a DeepSeekDeployment`);
}

/** `90s` or `10m`, in milliseconds. For commander. */
export function parseTimeout(text: string): number {
  try {
    const seconds = durationSeconds(text);
    if (seconds > 0) return seconds * 1000;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InvalidArgumentError('It has to be a duration such as 90s or 10m.');
}
