import { formatAge, formatDuration, secondsSince } from '../support/ages.ts';
import { safe, times } from '../support/phrases.ts';
import { type Line, lineWidth, padLine, type Span, span, type Tone } from '../support/styled.ts';
import { flow } from '../support/table.ts';
import { cut, wrap } from '../support/text.ts';
import { layOutTree, type TreeNode } from '../support/tree.ts';
import { type RenderOptions, sign, TONES } from './glyphs.ts';
import type { DeploymentInfo, EarlierRevision, Health, RevisionRole, RevisionView } from './info.ts';
import type { PodState, PodView } from './pods.ts';

const ROLE_TONES: Readonly<Record<RevisionRole, Tone>> = {
  serving: 'good',
  candidate: 'progress',
  held: 'bad',
  'rollback target': 'accent',
  old: 'dim',
};

/** The tree below the facts: DeepSeekDeployment, revisions, pods with their nodes. Each reason is explained once. */
export function renderTree(info: DeploymentInfo, options: RenderOptions): Line[] {
  const { terminal } = options;
  // What the facts have explained is not explained again.
  const told = new Set(info.ready.status === 'True' ? [] : [info.ready.reason]);
  const explain = (reason: string, message: string): readonly string[] => {
    if (told.has(reason)) return [];
    told.add(reason);
    return [safe(message, terminal)];
  };
  const columns = podColumns(info, options);
  const children = info.revisions.map((revision) => revisionNode(revision, options, columns, explain));
  const earlier = info.earlier.length > 0 ? [earlierNode(info.earlier, options)] : [];
  const root: Line = [span(safe(info.name, terminal), 'strong'), readiness(info.replicas, '  ')];
  const age = span(`  ${formatAge(info.createdAt, options.now)}`, 'dim');
  return layOutTree({ lines: () => [[...root, age]], children: [...children, ...earlier] }, terminal);
}

/** `1/2 ready`, in the colour of how far that is. */
function readiness({ ready, wanted }: RevisionView['replicas'], before = ''): Span {
  const tone = wanted === 0 ? 'dim' : ready >= wanted ? 'good' : 'progress';
  return span(`${before}${ready}/${wanted} ready`, tone);
}

type Explain = (reason: string, message: string) => readonly string[];

function revisionNode(
  view: RevisionView,
  options: RenderOptions,
  columns: readonly number[],
  explain: Explain,
): TreeNode {
  const { terminal, now } = options;
  const { role, revision, version = '', replicas, createdAt, failed, held, failure, pods } = view;
  const pieces: Line[] = [
    [span(role, ROLE_TONES[role]), span(` ${safe(revision, terminal)}`, 'strong')],
    [span(safe(version, terminal))],
    [readiness(replicas), span(createdAt === undefined ? '' : `  ${formatAge(createdAt, now)}`, 'dim')],
  ];
  const notes = [
    ...[failed, held].flatMap((mark) => {
      const [reason = '', ...message] = mark?.split(': ') ?? [];
      return mark === undefined ? [] : explain(reason, `Taken back: ${message.join(': ') || reason}`);
    }),
    ...(failure ? explain(failure.reason, `${failure.reason}: ${failure.message}`) : []),
  ];
  const live = pods.filter(({ state }) => state !== 'Terminating' && state !== 'Ended').length;
  const missing = replicas.wanted - live;
  return {
    lines: (width) => [
      ...flow(pieces, width, '  '),
      ...notes.flatMap((note) => wrap(note, width).map((line) => [span(line)])),
    ],
    children: [
      ...pods.map((pod) => podNode(pod, view, options, columns, explain)),
      ...(missing > 0 ? [{ lines: () => [[span(`${missing} more to be created`, 'dim')]] }] : []),
    ],
  };
}

function podNode(
  pod: PodView,
  revision: RevisionView,
  options: RenderOptions,
  columns: readonly number[],
  explain: Explain,
): TreeNode {
  const cells = podCells(pod, revision.startupBudgetSeconds, options);
  const notes = pod.failure ? explain(pod.failure.reason, pod.failure.message) : [];
  return {
    lines: (width) => {
      const aligned = options.wide || columns.reduce((sum, each) => sum + each, 0) <= width;
      const [name = [], status = [], ...rest] = cells;
      const row: Line[] = aligned
        ? [cells.flatMap((cell, index) => padLine(cell, columns[index] ?? 0))]
        : [...flow([padLine(name, columns[0] ?? 0), status], width, ''), ...flow(rest, width, '  ')];
      return [...row, ...notes.flatMap((note) => wrap(note, width).map((line) => [span(line)]))];
    },
  };
}

/** Widths of the pods' columns, gaps included, over the whole tree. */
function podColumns(info: DeploymentInfo, options: RenderOptions): number[] {
  const rows = info.revisions.flatMap(({ pods, startupBudgetSeconds }) =>
    pods.map((pod) => podCells(pod, startupBudgetSeconds, options)),
  );
  const count = Math.max(0, ...rows.map((cells) => cells.length));
  return Array.from({ length: count }, (_, index) => {
    const widest = Math.max(...rows.map((cells) => lineWidth(cells[index] ?? [])));
    return widest === 0 || index === count - 1 ? widest : widest + 2;
  });
}

function podCells(pod: PodView, startupBudgetSeconds: number | undefined, options: RenderOptions): Line[] {
  const { terminal, now, wide } = options;
  const { restarts } = pod;
  return [
    [span(safe(pod.name, terminal))],
    statusCell(pod, startupBudgetSeconds, options),
    [span(formatAge(pod.createdAt, now), 'dim')],
    ...(wide ? [[span(pod.ip ?? '-')]] : []),
    nodeCell(pod, options),
    [span(restarts === 0 ? '' : `${restarts} restart${restarts === 1 ? '' : 's'}`, 'progress')],
  ];
}

/** What each state is called, and how it is meant. */
const STATES: Readonly<Record<PodState, readonly [word: string, health: Health]>> = {
  Scheduling: ['Scheduling', 'progress'],
  Starting: ['Starting', 'progress'],
  Loading: ['Loading', 'progress'],
  Ready: ['Ready', 'good'],
  NotReady: ['Not answering', 'progress'],
  Restarting: ['Restarting', 'progress'],
  Terminating: ['Terminating', 'off'],
  Ended: ['Ended', 'off'],
};

function statusCell(pod: PodView, startupBudgetSeconds: number | undefined, { terminal, now }: RenderOptions): Line {
  const { failure, kubernetesReason, state, since } = pod;
  const also = (word: string | undefined, but: string): Span[] =>
    word === undefined || word === but ? [] : [span(` (${safe(word, terminal)})`, 'dim')];
  if (failure) {
    const health = failure.blocking ? 'bad' : 'progress';
    const reason = span(` ${failure.reason}`, TONES[health]);
    return [sign(health, terminal), reason, ...also(kubernetesReason, failure.reason)];
  }
  const [word, health] = STATES[state];
  const seconds = state === 'Ready' ? undefined : secondsSince(since, now);
  const elapsed = seconds === undefined ? '' : ` ${formatDuration(seconds)}`;
  const limit =
    state === 'Loading' && startupBudgetSeconds !== undefined
      ? ` of at most ${formatDuration(startupBudgetSeconds)}`
      : '';
  return [
    sign(health, terminal),
    span(` ${word}`, TONES[health]),
    span(`${elapsed}${limit}`),
    ...also(kubernetesReason, word),
  ];
}

function nodeCell({ node, gpus }: PodView, { terminal }: RenderOptions): Line {
  if (!node) return [];
  const gpu = node.gpu === undefined ? undefined : safe(node.gpu, terminal);
  const device = gpu === undefined || (gpus ?? 0) <= 1 ? gpu : times(gpus ?? 0, gpu, terminal);
  return [
    span(`on ${safe(node.name, terminal)}`),
    ...(device === undefined ? [] : [span(` (${device})`, 'accent')]),
    ...(node.state === 'NotReady' ? [span(', not ready', 'bad')] : []),
    ...(node.state === 'Gone' ? [span(', gone', 'bad')] : []),
    ...(node.cordoned ? [span(', cordoned', 'progress')] : []),
  ];
}

/** The revisions without pods, folded into one line. */
function earlierNode(earlier: readonly EarlierRevision[], { terminal, wide }: RenderOptions): TreeNode {
  const described = earlier.map(({ revision, version, ...marks }) => {
    const verdict = verdictOf(marks);
    return safe(`${revision} ${version ?? ''}`.trim() + verdict, terminal);
  });
  const text = `earlier: ${described.join(', ')}`;
  return {
    lines: (width) => [[span(wide ? text : cut(text, width, terminal.unicode ? '…' : '...'), 'dim')]],
  };
}

function verdictOf({ provenAt, acceptedAt, failed, held }: Omit<EarlierRevision, 'revision'>): string {
  if (failed !== undefined) return ' (failed)';
  if (held !== undefined) return ' (held)';
  if (provenAt !== undefined) return '';
  return acceptedAt === undefined ? ' (never proven)' : ' (accepted unproven)';
}
