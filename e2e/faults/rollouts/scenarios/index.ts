import type { Scenario } from '../scenario.ts';
import { EDITS } from './edits.ts';
import { OTHERS } from './others.ts';
import { WITH_USERS } from './users.ts';
import { VERDICTS } from './verdicts.ts';
import { WAYS } from './ways.ts';

/** What the campaign plays. */
export const SCENARIOS: readonly Scenario[] = [...WAYS, ...VERDICTS, ...WITH_USERS, ...EDITS, ...OTHERS];
