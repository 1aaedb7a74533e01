import type { ModelArchitecture } from '../catalog/index.ts';

/** How the GPUs of one replica share the model. */
export interface Parallelism {
  /** GPUs that share each layer. */
  readonly tensor: number;
  /** Stages that the layers are split into. */
  readonly pipeline: number;
  /** Ranks that whole experts are divided over; absent or 1: each expert is sharded like the rest. */
  readonly expert?: number;
}

/** Share of the routed experts on the fullest rank. */
export function expertSplit({ moe }: ModelArchitecture, { tensor, expert = 1 }: Parallelism): number {
  if (moe === undefined || expert <= 1) return 1 / tensor;
  return Math.ceil(moe.experts / expert) / moe.experts;
}

/**
 * Why an engine refuses this tensor-parallel size, or undefined if it does not. The rules are those that vLLM's and
 * SGLang's model code asserts; with `groupSize`, also that every row-parallel input is a whole number of groups
 * ("The input size is not aligned with the quantized weight shape"). KV heads do not matter under latent attention.
 * `experts` says whether the experts are sharded too, or divided whole, which lifts the rules on their width.
 */
export function tensorParallelProblem(
  architecture: ModelArchitecture,
  tensor: number,
  groupSize?: number,
  experts: 'Sharded' | 'Whole' = 'Sharded',
): string | undefined {
  const { attentionHeads, kvHeads, intermediateSize, mla, moe } = architecture;
  if (!Number.isInteger(tensor) || tensor < 1) return `${tensor} is not a number of GPUs`;
  if (attentionHeads % tensor !== 0) return `${tensor} does not divide the ${attentionHeads} attention heads`;
  if (mla === undefined && (kvHeads >= tensor ? kvHeads % tensor !== 0 : tensor % kvHeads !== 0)) {
    return `${tensor} does not divide the ${kvHeads} KV heads, nor is it a multiple of them`;
  }
  const hasDenseLayers = moe === undefined || moe.denseLayers > 0;
  if (hasDenseLayers && intermediateSize % tensor !== 0)
    return `${tensor} does not divide the intermediate size ${intermediateSize}`;
  const expertsAreSharded = moe !== undefined && experts === 'Sharded';
  if (expertsAreSharded && moe.intermediateSize % tensor !== 0)
    return `${tensor} does not divide the experts' size ${moe.intermediateSize}`;
  if (groupSize === undefined || groupSize < 1) return undefined;
  const rows: readonly (readonly [string, number])[] = [
    ...(hasDenseLayers ? [['intermediate size', intermediateSize / tensor] as const] : []),
    ...(expertsAreSharded ? [["experts' size", moe.intermediateSize / tensor] as const] : []),
    ['attention width', attentionWidth(architecture) / tensor],
  ];
  for (const [name, rowsPerRank] of rows) {
    if (rowsPerRank % groupSize !== 0) {
      return `${tensor} leaves ${rowsPerRank} of the ${name} to each GPU, which is not a multiple of the quantization group of ${groupSize}`;
    }
  }
  return undefined;
}

/** Inputs of the output projection of attention: what tensor parallelism divides. */
const attentionWidth = ({ attentionHeads, headDim, mla }: ModelArchitecture): number =>
  attentionHeads * (mla === undefined ? headDim : mla.vHeadDim);

/**
 * How the GPUs share this model at this tensor-parallel size: experts sharded like the rest if they can be, else whole
 * experts divided over the ranks (expert parallelism). Undefined if the size is illegal either way.
 */
export function legalParallelism(
  architecture: ModelArchitecture,
  tensor: number,
  pipeline: number,
  groupSize?: number,
): Parallelism | undefined {
  if (tensorParallelProblem(architecture, tensor, groupSize) === undefined) return { tensor, pipeline };
  const { moe } = architecture;
  if (moe === undefined || tensor < 2 || tensor > moe.experts) return undefined;
  return tensorParallelProblem(architecture, tensor, groupSize, 'Whole') === undefined
    ? { tensor, pipeline, expert: tensor }
    : undefined;
}

/** Tensor-parallel sizes up to `max` that an engine accepts, ascending; with expert parallelism where that lifts a rule. */
export function legalTensorSizes(architecture: ModelArchitecture, max: number, groupSize?: number): number[] {
  return Array.from({ length: Math.max(0, Math.floor(max)) }, (_, index) => index + 1).filter(
    (tensor) => legalParallelism(architecture, tensor, 1, groupSize) !== undefined,
  );
}

/**
 * The legal ways to share the model over at most `maxGPUs`, the fewest GPUs first. Unless a number of stages is asked
 * for, tensor parallelism alone comes before all splits into stages, which wait for each other; those keep the widest
 * legal tensor parallelism.
 */
export function splitsUpTo(
  architecture: ModelArchitecture,
  maxGPUs: number,
  pipeline: number | undefined,
  groupSize?: number,
): Parallelism[] {
  const sizes = legalTensorSizes(architecture, maxGPUs, groupSize);
  const withStages = (stages: number): Parallelism[] =>
    sizes
      .filter((tensor) => tensor * stages <= maxGPUs && stages <= architecture.layers)
      .flatMap((tensor) => legalParallelism(architecture, tensor, stages, groupSize) ?? []);
  if (pipeline !== undefined) return withStages(pipeline);
  const widest = sizes.at(-1) ?? 1;
  const moreStages = Array.from({ length: Math.max(0, Math.floor(maxGPUs / widest) - 1) }, (_, index) => index + 2);
  return [
    ...withStages(1),
    ...moreStages.flatMap((stages) => withStages(stages).filter(({ tensor }) => tensor === widest)),
  ];
}
