import type { Status } from './judgement.ts';

/** Characters that the schema of the status takes (api/status.ts), by what is said there. */
const MAX = { rolloutMessage: 4096, conditionMessage: 8192, warning: 1024, verdict: 1024, orderResult: 1024 } as const;
/** Warnings of a plan that it takes. */
const MAX_WARNINGS = 32;

/** The status with no text longer and no count higher than its schema takes: the API server would refuse the whole of it. */
export function withinSchema(status: Status): Status {
  const { conditions, plan, rollout, orderResult } = status;
  const { warnings } = plan ?? {};
  return {
    ...status,
    ...(conditions && {
      conditions: conditions.map((condition) => ({
        ...condition,
        message: cut(condition.message, MAX.conditionMessage),
      })),
    }),
    ...(plan && {
      plan: {
        ...plan,
        ...(warnings && { warnings: warnings.slice(0, MAX_WARNINGS).map((text) => cut(text, MAX.warning)) }),
      },
    }),
    ...(rollout && { rollout: fitRollout(rollout) }),
    ...(orderResult !== undefined && { orderResult: cut(orderResult, MAX.orderResult) }),
  };
}

function fitRollout(rollout: NonNullable<Status['rollout']>): NonNullable<Status['rollout']> {
  const { message, verdicts } = rollout;
  return {
    ...rollout,
    ...(message !== undefined && { message: cut(message, MAX.rolloutMessage) }),
    ...(verdicts && {
      verdicts: verdicts.map((one) => ({
        ...one,
        samples: int32(one.samples),
        message: cut(one.message, MAX.verdict),
      })),
    }),
  };
}

/** Engines count, and may count more than there can be, or parts of a request. */
const int32 = (count: number): number => Math.min(2 ** 31 - 1, Math.max(0, Math.trunc(count)));

/** At most `max` characters, the last of them an ellipsis where something is missing. No character is cut in two. */
export function cut(text: string, max: number): string {
  // Half a character, where somebody has cut one in two: the API server reads applies as YAML, which has none, and refuses them.
  if (text.length <= max) return text.toWellFormed();
  const kept = text.slice(0, max - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`.toWellFormed();
}
