import type { RolloutStep } from '../../rollout/machine/types.ts';
import { type Intent, revisionOf } from './intents.ts';

/**
 * Of the intents of a decision that still asks for room, those that repair or grow what serves: they depend on no count, and wait
 * for none. What takes pods away, what is the candidate’s, and what the status has to tell of are left to the decision on the count.
 *
 * @param owner name of the DeepSeekDeployment
 */
export function servingIntents(
  owner: string,
  intents: readonly Intent[],
  { serving, candidate }: Pick<RolloutStep, 'serving' | 'candidate'>,
): Intent[] {
  if (serving === undefined || serving === candidate) return [];
  return intents.filter((intent) => {
    const isWhole = intent.type === 'Create' || intent.type === 'Apply';
    if (!isWhole && intent.type !== 'ReplaceTemplate') return false;
    if (isWhole && (intent.kind === 'HTTPRoute' || (intent.type === 'Apply' && intent.shrinks === true))) return false;
    const revision = revisionOf(owner, intent);
    return revision === undefined || revision === serving;
  });
}
