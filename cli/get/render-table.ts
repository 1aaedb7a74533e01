import { formatAge } from '../support/ages.ts';
import { safe } from '../support/phrases.ts';
import { span, type Tone } from '../support/styled.ts';
import { type Column, layOutTable } from '../support/table.ts';
import { type RenderOptions, TONES } from './glyphs.ts';
import type { DeploymentSummary } from './info.ts';

/** What an empty cell says. */
const NONE = '-';

/** The table of `get` without a name, ready to print. */
export function renderTable(
  summaries: readonly DeploymentSummary[],
  options: RenderOptions & { readonly allNamespaces: boolean },
): string {
  const { terminal, now, wide, allNamespaces } = options;
  const column = (
    header: string,
    cell: (summary: DeploymentSummary) => string | undefined,
    rest: Pick<Column, 'shrink'> & { readonly tone?: (summary: DeploymentSummary) => Tone } = {},
  ): Column => {
    const { tone, ...shrink } = rest;
    const cells = summaries.map((summary) => {
      const text = safe(cell(summary) ?? NONE, terminal).replaceAll('\n', ' ');
      return span(text, text === NONE ? 'dim' : (tone?.(summary) ?? 'plain'));
    });
    return { header, cells, ...(wide ? {} : shrink) };
  };
  const version = { shrink: { keep: 'ends', min: 14 } } as const;
  const colour = ({ ready }: DeploymentSummary): Tone => TONES[ready.health];

  const columns: Column[] = [
    ...(allNamespaces ? [column('NAMESPACE', ({ namespace }) => namespace)] : []),
    column('NAME', ({ name }) => name, { tone: () => 'strong' }),
    column('READY', ({ replicas }) => `${replicas.ready}/${replicas.wanted}`, { tone: colour }),
    column('SERVING', ({ serving }) => serving?.version, version),
    column('NEXT', ({ candidate }) => candidate?.version, version),
    column('PHASE', ({ candidate, phase }) => (candidate === undefined ? undefined : phase)),
    column('REASON', ({ ready }) => ready.reason, { tone: colour, shrink: { keep: 'start', min: 10 } }),
    column('AGE', ({ createdAt }) => formatAge(createdAt, now)),
  ];
  const more: Column[] = [
    column('ACCELERATOR', ({ accelerator }) => accelerator),
    column('GPUS', ({ plan, replicas }) => plan && String(replicas.wanted * plan.gpusPerReplica)),
    column('REVISION', ({ serving }) => serving?.revision),
    column('ROLLBACK', ({ rollback }) => rollback?.readiness),
    column('MESSAGE', ({ ready }) => ready.message),
  ];
  return layOutTable(wide ? [...columns, ...more] : columns, terminal);
}
