import { isBeforeSwitch } from '../../operator/rollout/machine/table.ts';
import { parseOrder } from '../../operator/rollout/orders.ts';
import { formatDuration, secondsSince } from '../support/ages.ts';
import { safe } from '../support/phrases.ts';
import { type Line, span } from '../support/styled.ts';
import { flow } from '../support/table.ts';
import { wrap } from '../support/text.ts';
import { type RenderOptions, sign, TONES } from './glyphs.ts';
import type { Health } from './info.ts';
import type { ProgressView } from './progress.ts';
import type { TimeWindow } from './windows.ts';

/** A label with what stands behind it, laid out for so many columns. */
export interface Fact {
  readonly label: string;
  readonly lines: (width: number) => readonly Line[];
}

type Rollout = NonNullable<ProgressView['rollout']>;
type Verdict = NonNullable<Rollout['verdicts']>[number];

/**
 * What is said of a rollout under way, and of the way back, for one screen. A fact without lines has nothing to say;
 * what `said` contains is not said again.
 */
export function rolloutFacts(progress: ProgressView, said: string, options: RenderOptions): Fact[] {
  const { terminal } = options;
  const { rollout } = progress;
  const pieces = (texts: readonly (string | undefined)[]) => (width: number) =>
    flow(
      texts.filter((text) => text !== undefined).map((text) => [span(safe(text, terminal))]),
      width,
      ', ',
    );
  const prose = (text: string | undefined) => (width: number) =>
    text === undefined || text === '' ? [] : wrap(safe(text, terminal), width).map((line) => [span(line)]);
  const atRest = rollout === undefined || rollout.phase === 'Idle';
  return [
    { label: 'Rollout', lines: pieces(atRest ? [] : phasePieces(progress, options)) },
    { label: 'Now', lines: prose(atRest || said.includes(rollout.message ?? '') ? undefined : rollout.message) },
    { label: 'GPUs', lines: pieces(gpuPieces(rollout)) },
    {
      label: 'Gates',
      lines: (width) => (rollout?.verdicts ?? []).flatMap((verdict) => gateLines(verdict, width, options)),
    },
    {
      label: 'Time',
      lines: (width) => flow(timePieces(progress.windows, options), width, ', '),
    },
    { label: 'Rollback', lines: pieces(rollbackPieces(progress, options)) },
    { label: '', lines: prose(progress.rollbackNotReady) },
    { label: 'Order', lines: prose(orderText(progress)) },
  ];
}

function phasePieces({ rollout, paused, canarySteps }: ProgressView, { now }: RenderOptions): (string | undefined)[] {
  if (!rollout) return [];
  const { phase, attempt, way, step, weight, startedAt, frozenReplicas, promoted, target } = rollout;
  const running = secondsSince(startedAt, now);
  return [
    running === undefined ? phase : `${phase} for ${formatDuration(running)}`,
    way === undefined ? undefined : `way ${way}`,
    attempt === undefined ? undefined : `attempt ${attempt}`,
    step === undefined ? undefined : `step ${step + 1}${canarySteps === undefined ? '' : ` of ${canarySteps}`}`,
    weight === undefined || (weight === 0 && step === undefined) ? undefined : `${weight} % of the traffic`,
    target === undefined ? undefined : `back to ${target}`,
    frozenReplicas === undefined ? undefined : `frozen at ${frozenReplicas} replicas`,
    promoted === true ? 'promoted' : undefined,
    paused ? 'paused' : undefined,
  ];
}

function gpuPieces(rollout: Rollout | undefined): (string | undefined)[] {
  const { capacity, missed = [] } = rollout ?? {};
  if (!capacity || rollout === undefined || !isBeforeSwitch(rollout.phase)) return [];
  const { needed, free, reserved } = capacity;
  return [
    `${needed} needed`,
    free === undefined ? 'free not counted' : `${free} free`,
    reserved === undefined || reserved === 0 ? undefined : `${reserved} reserved and not held yet`,
    missed.length === 0 ? undefined : `not placed in time: ${missed.join(', ')}`,
  ];
}

const VERDICT_HEALTH: Readonly<Record<Verdict['verdict'], Health>> = {
  Pass: 'good',
  NotRefuted: 'good',
  Inconclusive: 'progress',
  NoData: 'progress',
  Fail: 'bad',
};

/** `✖ Watch TimeToFirstToken P95: Fail` with the numbers behind it, or below where there is no room. */
function gateLines({ gate, stage, verdict, message }: Verdict, width: number, options: RenderOptions): Line[] {
  const { terminal } = options;
  const health = VERDICT_HEALTH[verdict];
  const head: Line = [
    sign(health, terminal),
    span(` ${stage} `, 'dim'),
    span(`${safe(gate, terminal)} `),
    span(verdict, TONES[health]),
  ];
  const text = safe(message, terminal);
  const together = flow([head, [span(text, 'dim')]], width, '  ');
  if (together.length === 1) return together;
  return [head, ...wrap(text, width - 2).map((line): Line => [span('  '), span(line, 'dim')])];
}

function timePieces(windows: readonly TimeWindow[], { now, terminal }: RenderOptions): Line[] {
  // In a pause what is left of a deadline stays as it was.
  const paused = windows.find(({ name }) => name === 'pause');
  const stopped = paused === undefined ? now : Date.parse(paused.at);
  return windows
    .filter(({ name }) => name !== 'rollback')
    .map(({ name, at, what }) => {
      const left = (Date.parse(at) - (name === 'deadline' || name === 'watch' ? stopped : now)) / 1000;
      if (Number.isNaN(left)) return [];
      const text = safe(what, terminal);
      if (name === 'pause') return [span(`${text}, for ${formatDuration(-left)}`, 'progress')];
      return left > 0 ? [span(`${formatDuration(left)} until ${text}`)] : [span(`${text}: overdue`, 'progress')];
    });
}

function rollbackPieces({ rollback }: ProgressView, { now }: RenderOptions): (string | undefined)[] {
  if (!rollback) return [];
  const { readiness, revision, version, until, estimatedSeconds } = rollback;
  const left = until === undefined ? undefined : (Date.parse(until) - now) / 1000;
  const kept = left === undefined || readiness === 'Cold' ? undefined : left;
  return [
    `${readiness} to ${revision}`,
    version,
    estimatedSeconds === undefined ? undefined : `takes about ${formatDuration(estimatedSeconds)}`,
    readiness === 'Cold' ? 'it has to load first' : undefined,
    kept === undefined ? undefined : kept > 0 ? `kept for another ${formatDuration(kept)}` : 'no longer kept',
  ];
}

function orderText({ order }: ProgressView): string | undefined {
  if (!order) return undefined;
  const parsed = parseOrder(order.text);
  const what = parsed ? `${parsed.verb} ${parsed.revision}` : order.text;
  if (order.pending) return `${what}: not handled by the operator yet`;
  return order.result === undefined ? `${what}: handled` : `${what}: ${order.result}`;
}
