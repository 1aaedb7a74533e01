import { stringify } from 'yaml';
import { type Alternative } from '../../operator/planner/index.ts';
import { shortTokens } from '../../operator/planner/matrix.ts';
import { tinted } from '../support/facts.ts';
import { safe, times } from '../support/phrases.ts';
import { span } from '../support/styled.ts';
import { type Column, layOutTable, tableWidth } from '../support/table.ts';
import type { Terminal } from '../support/terminal.ts';
import { wrap } from '../support/text.ts';
import type { AlternativeOutput, Verdict } from './verdict.ts';

const INDENT = 2;
const OPTIONS = { indent: INDENT, gap: 2 };

/**
 * What would plan, as a table, each with its change as one line of YAML: a merge patch of the object. The changes are
 * never cut: where there is no room beside the table, they stand below its rows.
 */
export function alternativesTable({ alternatives }: Verdict, terminal: Terminal): string[] {
  if (alternatives.length === 0) return [];
  const facts = factColumns(alternatives, terminal);
  const changes = alternatives.map(({ change }) => safe(changeLine(change), terminal));
  const changeColumn: Column = { header: 'CHANGE', cells: changes.map((change) => span(change, 'accent')) };
  const title = [`${' '.repeat(INDENT)}${tinted('What would fit, the cheapest first:', 'strong', terminal)}`];
  if (tableWidth([...facts, changeColumn], OPTIONS) <= terminal.width) {
    return [...title, ...layOutTable([...facts, changeColumn], terminal, OPTIONS).split('\n')];
  }
  const [head = '', ...rows] = layOutTable(facts, terminal, OPTIONS).split('\n');
  return [...title, head, ...rows.flatMap((row, index) => [row, ...hanging(changes[index] ?? '', terminal)])];
}

/** A change below its row; YAML stays YAML when its flow is broken at spaces. */
function hanging(change: string, terminal: Terminal): string[] {
  const indent = INDENT + '#  '.length;
  const more = 'spec: '.length;
  return wrap(change, terminal.width - indent - more).map(
    (line, index) => ' '.repeat(indent + (index === 0 ? 0 : more)) + tinted(line, 'accent', terminal),
  );
}

function factColumns(alternatives: readonly AlternativeOutput[], terminal: Terminal): Column[] {
  const column = (
    header: string,
    text: (alternative: AlternativeOutput, index: number) => string,
    rest: Pick<Column, 'align' | 'shrink'> = {},
  ): Column => ({ header, cells: alternatives.map((each, index) => span(safe(text(each, index), terminal))), ...rest });
  const differing = (of: (alternative: AlternativeOutput) => string): boolean => new Set(alternatives.map(of)).size > 1;
  return [
    column('#', (_, index) => String(index + 1)),
    ...(differing(({ model }) => model)
      ? [column('MODEL', ({ model }) => model, { shrink: { keep: 'ends', min: 12 } })]
      : []),
    column('FORMAT', ({ quantization }) => quantization),
    column('GPUS', ({ gpusPerReplica, accelerator, resourceName }) => {
      const device = isSlice(resourceName) ? resourceName : accelerator;
      return gpusPerReplica === 0 ? accelerator : times(gpusPerReplica, device, terminal);
    }),
    ...(differing(({ engine }) => engine) ? [column('ENGINE', ({ engine }) => engine)] : []),
    column('CONTEXT', ({ maxModelLen }) => shortTokens(maxModelLen), { align: 'right' }),
    column('AT ONCE', ({ maxConcurrency }) => String(maxConcurrency), { align: 'right' }),
  ];
}

/** Whether a resource is a part of a GPU, which has to be told from the whole. */
export function isSlice(resourceName: string | undefined): resourceName is string {
  return resourceName?.includes('/mig-') === true;
}

/** `spec: {quantization: {type: AWQ}}`: YAML that `kubectl patch --type merge -p` takes. */
export function changeLine(change: Alternative['change']): string {
  const patch = stringify(change, {
    collectionStyle: 'flow',
    flowCollectionPadding: false,
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
  return `spec: ${patch.trim()}`;
}
