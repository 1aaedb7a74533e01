import { REASONS } from '../../operator/api/index.ts';
import { CATALOG, type Catalog, type ModelEntry } from '../../operator/catalog/index.ts';
import {
  type MatrixCell,
  planMatrix,
  refusalWord,
  shortConcurrency,
  shortTokens,
} from '../../operator/planner/matrix.ts';
import { countParameters } from '../../operator/planner/weights.ts';
import { GENERATED, type GeneratedFile } from './file.ts';
import { anchor, table } from './markdown.ts';

/** Models of the same shape, weights and limits: one table serves them all. */
interface Group {
  readonly models: readonly ModelEntry[];
  readonly cells: readonly MatrixCell[];
}

/** The models whose tables are equal, in the order of the catalogue. */
function groupsOf(catalog: Catalog): Group[] {
  const groups = new Map<string, Group>();
  for (const model of catalog.models) {
    const cells = planMatrix(model, catalog);
    const key = matrixTable(cells);
    const group = groups.get(key);
    groups.set(key, { models: [...(group?.models ?? []), model], cells: group?.cells ?? cells });
  }
  return [...groups.values()];
}

const unique = <T>(items: readonly T[]): T[] => [...new Set(items)];

function cellText({ outcome }: MatrixCell): string {
  if ('refused' in outcome) return refusalWord(outcome.reason);
  const { gpusPerReplica, host, maxModelLen, maxConcurrency } = outcome;
  const size = gpusPerReplica === 0 ? `${host.memoryRequestGiB}Gi` : String(gpusPerReplica);
  return `**${size}** ${shortTokens(maxModelLen)} × ${shortConcurrency(maxConcurrency)}`;
}

/** Formats that run somewhere as columns, each with its engines if vLLM is not the only one; GPUs as rows. */
function matrixTable(cells: readonly MatrixCell[]): string {
  const formats = unique(cells.map(({ quantization }) => quantization.type));
  const of = (format: string): MatrixCell[] => cells.filter(({ quantization }) => quantization.type === format);
  const enginesOf = (format: string): string[] =>
    unique(of(format).flatMap(({ outcome }) => ('refused' in outcome ? [] : [outcome.engine.type])));
  const shown = formats.filter((format) => enginesOf(format).length > 0);
  if (shown.length === 0) return 'It runs on nothing in the catalogue.';
  const rows = unique(cells.map(({ accelerator }) => accelerator.name)).map((name) => [
    name,
    ...shown.map((format) => {
      const cell = of(format).find(({ accelerator }) => accelerator.name === name);
      return cell === undefined ? '' : cellText(cell);
    }),
  ]);
  const header = shown.map((format) => {
    const engines = enginesOf(format).join(', ');
    return engines === 'vLLM' ? format : `${format} (${engines})`;
  });
  const nowhere = formats.filter((format) => !shown.includes(format));
  return [table(['GPU', ...header], rows), ...(nowhere.length > 0 ? [`Nowhere: ${nowhere.join(', ')}.`] : [])].join(
    '\n\n',
  );
}

function overview(groups: readonly Group[]): string {
  const rows = groups.flatMap(({ models }) => {
    const [first] = models;
    return models.map((model) => {
      const { architecture, contextLength, licence, unknownMemory, nativeDtype } = model;
      const { mla, moe, parameters } = architecture;
      const counted = unknownMemory === undefined ? countParameters(architecture).total : parameters;
      return [
        `[${model.name}](#${anchor(first?.name ?? model.name)})`,
        counted === undefined ? '?' : `${(counted / 1e9).toFixed(counted >= 1e11 ? 0 : 1)}B`,
        unknownMemory !== undefined
          ? '?'
          : `${moe === undefined ? 'dense' : `${moe.experts} experts`}${mla === undefined ? '' : ', MLA'}`,
        shortTokens(contextLength.card),
        nativeDtype,
        licence,
      ];
    });
  });
  return table(['Model', 'Parameters', 'Shape', 'Context', 'Native', 'Licence'], rows);
}

function section({ models, cells }: Group): string {
  const [first, ...others] = models;
  const unknown = first?.unknownMemory;
  return [
    `## ${first?.name ?? ''}`,
    ...(others.length > 0 ? [`The same for ${others.map(({ name }) => name).join(', ')}.`] : []),
    unknown === undefined ? matrixTable(cells) : `Planned only from numbers that you measured: ${unknown}.`,
  ].join('\n\n');
}

/** The words of the cells, each with the reason that it stands for. */
function words(groups: readonly Group[]): string {
  const reasons = unique(
    groups.flatMap(({ cells }) => cells.flatMap(({ outcome }) => ('refused' in outcome ? [outcome.reason] : []))),
  );
  return table(
    ['Word', 'Reason', 'Meaning'],
    reasons.map((reason) => [
      refusalWord(reason),
      `[${reason}](reasons.md#${reason.toLowerCase()})`,
      REASONS[reason].meaning,
    ]),
  );
}

/** The page, for any catalogue. */
export function renderModelsReference(catalog: Catalog): string {
  const groups = groupsOf(catalog);
  return [
    `<!-- ${GENERATED} -->`,
    '# Models on every GPU in every format',
    'What the planner says of each combination with everything else left out of the spec. `kubectl deepseek plan --matrix MODEL` shows the same for the version that you have, with `--context` for a context of your choice, and `-o json` with the arithmetic of each refusal.',
    '**2** 128k × 7: two GPUs for a replica (on CPU: its memory); a context of 131,072 tokens, the longest that the model card promises and of which two fit; seven sequences of that length at once. A column is served by vLLM unless it says otherwise. No number here was measured on a GPU: the planner computes each, and `kubectl deepseek catalog models NAME` names the sources of what it computes with.',
    'Instead of numbers, why not:',
    words(groups),
    overview(groups),
    ...groups.map(section),
  ].join('\n\n');
}

export const modelsReference: GeneratedFile = {
  path: 'docs/reference/models.md',
  render: () => `${renderModelsReference(CATALOG)}\n`,
};
