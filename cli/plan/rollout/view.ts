import { describeChange } from '../../history/diff.ts';
import { fact, factWidth, prose, proseFact, tinted } from '../../support/facts.ts';
import { formatEstimate, safe } from '../../support/phrases.ts';
import { span } from '../../support/styled.ts';
import { layOutTable } from '../../support/table.ts';
import type { Terminal } from '../../support/terminal.ts';
import type { RolloutForecast } from './forecast.ts';
import { secondsBesideLoading, type Stage } from './timeline.ts';

const LAYOUT = { indent: 2, labels: 12 };

/** The page of `plan --rollout`, its last line break included. */
export function renderForecast(forecast: RolloutForecast, terminal: Terminal): string {
  const { namespace, name, kind, way, message, version, revision, isNew, serving, replicas } = forecast;
  const what = kind === 'Rollout' || kind === 'First' ? (way ?? '') : kind === 'None' ? 'no rollout' : 'warm rollback';
  const tone = kind === 'Rollout' ? (way === 'Wait' || way === 'Recreate' ? 'progress' : 'good') : 'good';
  const say = (label: string, text: string) => proseFact(label, safe(text, terminal), terminal, LAYOUT);
  const ready = `${serving?.ready ?? 0} of ${replicas} ready`;
  return (
    [
      `${tinted(`${namespace}/${name}`, 'strong', terminal)}  ${tinted(what, tone, terminal)}`,
      ...prose(safe(message, terminal), LAYOUT.indent, terminal),
      '',
      ...say('From', serving ? `${serving.version} (${serving.revision}), ${ready}` : 'nothing'),
      ...say('To', `${version} (${revision}, ${isNew ? 'a new revision' : 'a stored revision'})`),
      ...changesFact(forecast, terminal),
      ...gpuFact(forecast, terminal),
      ...fact('Time', timeLines(forecast.stages, terminal), terminal, LAYOUT),
      ...rollbackFact(forecast, terminal),
      ...forecast.warnings.flatMap((warning) =>
        proseFact('Warning', safe(warning, terminal), terminal, LAYOUT, 'progress'),
      ),
    ].join('\n') + '\n'
  );
}

function changesFact({ changes, kind, serving }: RolloutForecast, terminal: Terminal): string[] {
  if (kind === 'None' || serving === undefined) return [];
  const width = factWidth(terminal, LAYOUT);
  const lines = changes.flatMap((change) => prose(safe(describeChange(change), terminal), 0, { ...terminal, width }));
  return fact('Changes', lines, terminal, LAYOUT);
}

function gpuFact({ gpus, replicas }: RolloutForecast, terminal: Terminal): string[] {
  if (!gpus) return [];
  const { needed, free, perReplica, room, reservedBy } = gpus;
  const each =
    perReplica === 0 ? '' : ` (${perReplica} for each of ${replicas} replica${replicas === 1 ? '' : 's'}, on one node)`;
  const text = [
    perReplica === 0 ? 'none needed' : `${needed} needed${each}`,
    free === undefined ? 'free ones not counted' : perReplica === 0 ? undefined : `${free} free`,
    room === undefined ? undefined : `room for ${room} of ${replicas} replicas beside what serves`,
    ...reservedBy.map(({ holder, gpus: held }) => `${held} reserved for the rollout of ${holder}`),
  ];
  return proseFact('GPUs', safe(text.filter((part) => part !== undefined).join(', '), terminal), terminal, LAYOUT);
}

/** The stages as a table, with the sum of what is not loading. */
function timeLines(stages: readonly Stage[], terminal: Terminal): string[] {
  if (stages.length === 0) return [];
  const time = (seconds: number | undefined) => (seconds === undefined ? '' : formatEstimate(seconds));
  const rows: Stage[] = [
    ...stages,
    {
      what: 'All but loading',
      expectedSeconds: secondsBesideLoading(stages),
      note: 'waits for people and windows apart',
    },
  ];
  const waits = stages.some(({ expectedSeconds }) => expectedSeconds === undefined);
  const cells = (text: (stage: Stage) => string) => rows.map((stage) => span(safe(text(stage), terminal)));
  const table = layOutTable(
    [
      { header: 'STAGE', cells: cells(({ what }) => what) },
      {
        header: 'USUALLY',
        cells: cells(({ expectedSeconds }) => (expectedSeconds === 0 ? 'at once' : time(expectedSeconds))),
        align: 'right',
      },
      { header: 'AT MOST', cells: cells(({ limitSeconds }) => time(limitSeconds)), align: 'right' },
      {
        header: '',
        cells: rows.map(({ note = '' }, index) =>
          span(safe(index === rows.length - 1 && !waits ? '' : note, terminal), 'dim'),
        ),
        shrink: { keep: 'all', min: 16 },
      },
    ],
    { ...terminal, width: factWidth(terminal, LAYOUT) },
    { gap: 2 },
  );
  return table.split('\n');
}

function rollbackFact({ rollback, kind, way }: RolloutForecast, terminal: Terminal): string[] {
  if (kind !== 'Rollout') return [];
  if (!rollback) {
    return proseFact('Rollback', 'nothing to take back: what serves is not touched', terminal, LAYOUT);
  }
  const { readiness, seconds, windowSeconds } = rollback;
  const before =
    way === 'Recreate'
      ? 'Before the switch the old version is gone already and would have to load.'
      : way === 'Handover'
        ? 'Before the switch the old version has given up at most the replicas that are not needed.'
        : 'Before the switch nothing is taken from what serves.';
  const after =
    readiness === 'Cold'
      ? `${readiness}: the old version has to load again, at most ${formatEstimate(seconds)}.`
      : `${readiness} for ${formatEstimate(windowSeconds)} after the switch, about ${formatEstimate(seconds)}${readiness === 'Partial' ? ', with the replicas that are left; the rest has to load' : ''}; Cold from then on.`;
  return proseFact('Rollback', `${after} ${before}`, terminal, LAYOUT);
}
