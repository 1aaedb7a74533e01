import type { ModelArchitecture } from '../catalog/index.ts';

/** How the GPUs of one replica share the model. */
export interface Parallelism {
  /** GPUs that share each layer. */
  readonly tensor: number;
  /** Stages that the layers are split into. */
  readonly pipeline: number;
}

/**
 * Why an engine refuses this tensor-parallel size, or undefined if it does not. The rules are those that vLLM's and
 * SGLang's model code asserts; with `groupSize`, also that every row-parallel input is a whole number of groups
 * ("The input size is not aligned with the quantized weight shape").
 */
export function tensorParallelProblem(
  { attentionHeads, kvHeads, headDim, intermediateSize }: ModelArchitecture,
  tensor: number,
  groupSize?: number,
): string | undefined {
  if (!Number.isInteger(tensor) || tensor < 1) return `${tensor} is not a number of GPUs`;
  if (attentionHeads % tensor !== 0) return `${tensor} does not divide the ${attentionHeads} attention heads`;
  if (kvHeads >= tensor ? kvHeads % tensor !== 0 : tensor % kvHeads !== 0) {
    return `${tensor} does not divide the ${kvHeads} KV heads, nor is it a multiple of them`;
  }
  if (intermediateSize % tensor !== 0) return `${tensor} does not divide the intermediate size ${intermediateSize}`;
  if (groupSize === undefined || groupSize < 1) return undefined;
  const rows = [
    ['intermediate size', intermediateSize / tensor],
    ['attention width', (attentionHeads * headDim) / tensor],
  ] as const;
  for (const [name, rowsPerRank] of rows) {
    if (rowsPerRank % groupSize !== 0) {
      return `${tensor} leaves ${rowsPerRank} of the ${name} to each GPU, which is not a multiple of the quantization group of ${groupSize}`;
    }
  }
  return undefined;
}

/** Tensor-parallel sizes up to `max` that an engine accepts, ascending. */
export function legalTensorSizes(architecture: ModelArchitecture, max: number, groupSize?: number): number[] {
  return Array.from({ length: Math.max(0, Math.floor(max)) }, (_, index) => index + 1).filter(
    (tensor) => tensorParallelProblem(architecture, tensor, groupSize) === undefined,
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
      .map((tensor) => ({ tensor, pipeline: stages }));
  if (pipeline !== undefined) return withStages(pipeline);
  const widest = sizes.at(-1) ?? 1;
  const moreStages = Array.from({ length: Math.max(0, Math.floor(maxGPUs / widest) - 1) }, (_, index) => index + 2);
  return [
    ...withStages(1),
    ...moreStages.flatMap((stages) => withStages(stages).filter(({ tensor }) => tensor === widest)),
  ];
}
