import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ROLLOUT_PHASES } from '../../operator/api/status.ts';
import { PHASE_CONDITIONS } from '../../operator/rollout/conditions.ts';
import type { ActionName } from '../../operator/rollout/machine/actions.ts';
import { BEFORE_SWITCH, type Cell, type Row, TABLE } from '../../operator/rollout/machine/table.ts';
import type { GeneratedFile } from './file.ts';
import { table } from './markdown.ts';

const PATH = 'docs/rollouts.md';

/** The parts of the page that are made from the code, by the name in their markers. */
const PARTS: Readonly<Record<string, () => string>> = {
  diagram: () => stateDiagram(TABLE),
  transitions: () => transitionTable(TABLE),
  conditions: () => conditionTable(),
};

/**
 * Replaces what stands between `<!-- generated: NAME -->` and `<!-- end -->` by what `parts` renders. Throws when a part has no
 * place, or a place no part.
 */
export function fillIn(page: string, parts: Readonly<Record<string, () => string>>): string {
  const found = new Set<string>();
  const filled = page.replaceAll(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`nothing renders the part ${name}`);
      found.add(name);
      return `${start}\n${part()}\n\n${end}`;
    },
  );
  const missing = Object.keys(parts).filter((name) => !found.has(name));
  if (missing.length > 0) throw new Error(`the page has no place for ${missing.join(', ')}`);
  return filled;
}

type Phase = (typeof ROLLOUT_PHASES)[number];

/** Every transition of the table between two phases, its events on the arrow. */
export function stateDiagram(rows: readonly Row[]): string {
  const arrows = new Map<string, string[]>();
  for (const { event, cells } of rows) {
    for (const [from, cell] of Object.entries(cells)) {
      if (!('to' in cell) || cell.to === from) continue;
      const key = `${from} --> ${cell.to}`;
      arrows.set(key, [...(arrows.get(key) ?? []), event]);
    }
  }
  // Arrows that all phases before the switch share are drawn from the group.
  const lines = [...arrows].map(([arrow, events]) => [arrow, events.join(', ')] as const);
  const shared = sharedArrows(lines);
  const own = lines.filter(([arrow, events]) => !shared.some(({ covers }) => covers.has(`${arrow}: ${events}`)));
  return [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> Idle',
    '  state "before the switch" as Before {',
    '    [*] --> Waiting',
    ...own
      .filter(([arrow]) => arrow.split(' --> ').every(isBefore))
      .map(([arrow, events]) => `    ${arrow}: ${events}`),
    '  }',
    ...shared.map(({ to, events }) => `  Before --> ${to}: ${events}`),
    ...own.filter(([arrow]) => !arrow.split(' --> ').every(isBefore)).map(([arrow, events]) => `  ${arrow}: ${events}`),
    '```',
  ].join('\n');
}

const isBefore = (phase: string): boolean => (BEFORE_SWITCH as readonly string[]).includes(phase);

/** Arrows with the same events out of four of the five phases before the switch, or all of them, to one outside. */
function sharedArrows(lines: readonly (readonly [string, string])[]) {
  const targets = ROLLOUT_PHASES.filter((phase) => !isBefore(phase));
  return targets.flatMap((to) => {
    const events = BEFORE_SWITCH.map((from) => lines.find(([arrow]) => arrow === `${from} --> ${to}`)?.[1]);
    const [most] = events.filter((text) => text !== undefined).sort((a, b) => b.length - a.length);
    const same = BEFORE_SWITCH.filter(
      (_, index) => events[index] !== undefined && (most ?? '').startsWith(events[index] ?? ''),
    );
    if (most === undefined || same.length < BEFORE_SWITCH.length) return [];
    return [
      {
        to,
        events: most,
        covers: new Set(BEFORE_SWITCH.map((from, index) => `${from} --> ${to}: ${events[index] ?? ''}`)),
      },
    ];
  });
}

/** One line for each event: where it leads to from each phase, and what it does nothing in. */
export function transitionTable(rows: readonly Row[]): string {
  return table(
    ['Event', 'When', 'What happens'],
    rows.map(({ event, when, cells }) => [`\`${event}\``, when, outcomes(cells)]),
  );
}

/** Phases that the same happens in are named together; phases in which nothing can happen are left out. */
function outcomes(cells: Readonly<Record<Phase, Cell>>): string {
  const groups = Map.groupBy(ROLLOUT_PHASES, (phase) => describe(cells[phase], phase));
  return [...groups]
    .filter(([text]) => text !== 'it cannot happen in this phase')
    .map(([text, phases]) => `**${named(phases)}**: ${text}`)
    .join('<br>');
}

function describe(cell: Cell, from: Phase): string {
  if ('stays' in cell) return cell.stays;
  return `${cell.to === from ? '' : `→ ${cell.to}, `}${ACTION_WORDS[cell.action]}`.replace(/, $/, '');
}

const ACTION_WORDS: Readonly<Record<ActionName, string>> = {
  advance: '',
  drop: 'the candidate goes, nothing is held against it',
  begin: 'a new attempt begins',
  retry: 'the hold is cleared, a new attempt begins',
  promote: 'it goes on without waiting for a person',
  release: 'the warm old version gives its GPUs back',
  abort: 'the candidate is dropped and held',
  fail: 'the candidate is dropped and marked as failed',
  yieldCapacity: 'the candidate goes to 0 and waits',
  miss: 'the candidate goes to 0, the next way is tried after a pause',
  admit: 'the candidate’s pods are made',
  recordProof: 'the verdicts are kept',
  endCanaryStep: 'what its gates have shown is kept',
  nextCanaryStep: 'the next weight',
  moveTraffic: 'the traffic moves to the candidate',
  rollBack: 'back to the old version',
  rollBackByOrder: 'back to the old version, which the order names or which served before',
  failAndRollBack: 'the version is marked as failed; back to the old one',
  moveTrafficBack: 'the traffic moves to the old version',
  giveUpRollback: 'what serves keeps the traffic',
  leaveRollback: 'what serves keeps the traffic, if the old version had to load first',
  acceptProven: 'the version is proven',
  acceptUnproven: 'the version is accepted, unproven',
  finishRollback: 'held while the spec still asks for it, else Idle',
  finishAbort: 'held while the spec still asks for it, else Idle',
};

function named(phases: readonly Phase[]): string {
  const before = BEFORE_SWITCH.every((phase) => phases.includes(phase));
  const own = phases.filter((phase) => !before || !isBefore(phase));
  return [...(before ? ['before the switch'] : []), ...own].join(', ');
}

function conditionTable(): string {
  return table(
    ['Phase', 'Ready', 'Reason', 'Reconciling', 'Stalled', 'CandidateHealthy'],
    ROLLOUT_PHASES.map((phase) => {
      const { ready, reasons, holds, candidate, but } = PHASE_CONDITIONS[phase];
      const words = reasons.map((reason) => `[${reason}](reference/reasons.md#${reason.toLowerCase()})`).join(', ');
      const yes = (type: string) => (holds === type ? 'True' : 'False');
      const reason = but === undefined ? words : `${words}; or ${but}`;
      return [phase, ready, reason, yes('Reconciling'), yes('Stalled'), candidate ? 'yes' : '-'];
    }),
  );
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Written by hand, with parts that are made from the transition table. */
export const rolloutsPage: GeneratedFile = {
  path: PATH,
  render: async () => fillIn(await readFile(`${root}/${PATH}`, 'utf8'), PARTS),
};
