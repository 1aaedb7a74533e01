import { CATALOG, findQuantization, type ModelArchitecture, type ModelEntry } from '../../operator/catalog/index.ts';
import { GIB } from '../../operator/planner/index.ts';
import { shortTokens } from '../../operator/planner/matrix.ts';
import { countParameters, weightBytes } from '../../operator/planner/weights.ts';
import { formatCount, formatGiB, formatParameters } from '../support/phrases.ts';
import { span } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { type Detail, detailPage, rows } from './detail.ts';
import { listTable } from './listing.ts';

const NATIVE = { bfloat16: 'BF16', float16: 'FP16', float8: 'FP8' } as const;

/** What `-o json` prints of a model: its entry, and what is computed from it. */
export interface ModelView extends ModelEntry {
  /** Absent where the shape is not known well enough. */
  readonly parameters?: number;
  /** Size of the published checkpoint, GiB; computed where nobody states it. */
  readonly checkpointGiB?: number;
}

export function modelView(model: ModelEntry): ModelView {
  const known = model.unknownMemory === undefined || model.architecture.parameters !== undefined;
  const parameters = known ? countParameters(model.architecture).total : undefined;
  const gib = checkpointGiB(model);
  return {
    ...model,
    ...(parameters !== undefined && { parameters }),
    ...(gib !== undefined && { checkpointGiB: gib }),
  };
}

function checkpointGiB(model: ModelEntry): number | undefined {
  const { checkpointBytes, architecture, nativeDtype, unknownMemory } = model;
  const entry = findQuantization(CATALOG, NATIVE[nativeDtype]);
  const format = nativeDtype === 'float8' ? { format: 'fp8-block' as const } : {};
  const bytes =
    checkpointBytes ??
    (unknownMemory === undefined && entry ? weightBytes(architecture, { entry, ...format }) : undefined);
  return bytes === undefined ? undefined : Math.round((bytes / GIB) * 100) / 100;
}

export function modelsTable(models: readonly ModelView[], terminal: Terminal): string {
  return listTable(
    models,
    [
      { header: 'NAME', cell: ({ name }) => span(name, 'strong') },
      {
        header: 'SIZE',
        cell: ({ parameters }) => span(parameters === undefined ? '?' : formatParameters(parameters)),
        align: 'right',
      },
      {
        header: 'SHAPE',
        cell: ({ architecture, unknownMemory }) => span(unknownMemory === undefined ? shape(architecture) : '?'),
        dispensable: 1,
      },
      { header: 'CONTEXT', cell: ({ contextLength }) => span(shortTokens(contextLength.card)), align: 'right' },
      { header: 'NATIVE', cell: ({ nativeDtype }) => span(NATIVE[nativeDtype]), dispensable: 0 },
      {
        header: 'WEIGHTS',
        cell: ({ checkpointGiB: gib }) => span(gib === undefined ? '?' : formatGiB(gib)),
        align: 'right',
      },
      {
        header: 'ALSO AS',
        cell: ({ checkpoints }) => span(Object.keys(checkpoints).join(' ') || '-'),
        dispensable: 2,
        shrink: { keep: 'start', min: 10 },
      },
      { header: 'LICENCE', cell: ({ licence }) => span(licence), dispensable: 3, shrink: { keep: 'start', min: 12 } },
    ],
    terminal,
  );
}

/** `dense, GQA`; `256 experts, MLA`. */
function shape({ moe, mla, indexer, attentionHeads, kvHeads }: ModelArchitecture): string {
  const attention = mla !== undefined ? 'MLA' : kvHeads === attentionHeads ? 'MHA' : kvHeads === 1 ? 'MQA' : 'GQA';
  return [moe === undefined ? 'dense' : `${moe.experts} experts`, attention, ...(indexer ? ['sparse'] : [])].join(', ');
}

export function modelPage(model: ModelView, terminal: Terminal): string {
  const { architecture, contextLength, checkpoints, parameters, checkpointGiB: gib } = model;
  const { card, config } = contextLength;
  const aliases = model.aliases.join(', ');
  const computed = model.checkpointBytes === undefined ? ', computed from the shape' : '';
  const details: Detail[] = [
    ['Also named', aliases],
    ['Repository', `${model.repository}${model.gated === true ? ' (gated: a token is needed)' : ''}`],
    [
      'Parameters',
      parameters === undefined ? 'not known' : `${formatParameters(parameters)} (${formatCount(parameters)})`,
    ],
    [
      'Native format',
      `${NATIVE[model.nativeDtype]}${gib === undefined ? '' : `, ${formatGiB(gib)} of weights${computed}`}`,
    ],
    [
      'Context',
      card === config
        ? `${formatCount(card)} tokens`
        : `${formatCount(card)} tokens by the model card, at most ${formatCount(config)} by its config`,
    ],
    ['Licence', model.licence],
    ['Architecture', `${architecture.className}: ${shapeText(architecture)}`],
    ['Not known', model.unknownMemory],
    [
      'Needs',
      rows(
        (model.requirements ?? []).map(({ engine, minVersion, trustRemoteCode }) => [
          engine,
          [
            ...(minVersion === undefined ? [] : [`${minVersion} or later`]),
            ...(trustRemoteCode === true ? ['model.trustRemoteCode: true'] : []),
          ].join(', '),
        ]),
      ),
    ],
    [
      'Published as',
      rows(
        Object.entries(checkpoints).map(([quantization, { repository, format, groupSize, bytes }]) => [
          quantization,
          [
            repository,
            groupSize === undefined ? format : `${format}, groups of ${groupSize}`,
            ...(typeof bytes === 'number' ? [formatGiB(bytes / GIB)] : []),
            ...(typeof bytes === 'object' ? [Object.keys(bytes).join(' ')] : []),
          ].join(', '),
        ]),
      ),
    ],
  ];
  return detailPage(model.name, details, model.sources, terminal);
}

function shapeText(architecture: ModelArchitecture): string {
  const { layers, hiddenSize, intermediateSize, attentionHeads, kvHeads, headDim, vocabSize, mla, moe } = architecture;
  return [
    `${layers} layers`,
    `hidden size ${formatCount(hiddenSize)}`,
    `feed-forward ${formatCount(intermediateSize)}`,
    mla === undefined
      ? `${attentionHeads} heads of ${headDim}, ${kvHeads} of keys and values`
      : `${attentionHeads} heads, latent attention of ${mla.kvLoraRank} + ${mla.qkRopeHeadDim}`,
    ...(moe === undefined
      ? []
      : [
          `${moe.experts} experts of ${formatCount(moe.intermediateSize)}, ${moe.activeExperts} of them and ${moe.sharedExperts} shared for each token`,
        ]),
    `vocabulary ${formatCount(vocabSize)}`,
  ].join(', ');
}
