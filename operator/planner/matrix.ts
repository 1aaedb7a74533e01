import type { AcceleratorEntry, Catalog, ModelEntry, QuantizationEntry } from '../catalog/index.ts';
import type { DeepSeekDeploymentSpec, PlannerReason } from '../api/index.ts';
import { decide } from './decide.ts';
import type { Refusal } from './refusal.ts';
import type { ServingPlan } from './types.ts';

/** What becomes of a model on one accelerator in one quantization. */
export interface MatrixCell {
  readonly accelerator: AcceleratorEntry;
  readonly quantization: QuantizationEntry;
  readonly outcome: ServingPlan | Refusal;
}

/**
 * Plans a model on every accelerator of the catalogue in every quantization, each with the fewest GPUs that it takes, by
 * accelerator and then by quantization. Remote code is trusted: the question is what fits.
 */
export function planMatrix(
  model: Pick<ModelEntry, 'name'>,
  catalog: Catalog,
  { maxModelLen }: { readonly maxModelLen?: number | undefined } = {},
): MatrixCell[] {
  return catalog.accelerators.flatMap((accelerator) =>
    catalog.quantizations.map((quantization) => {
      const spec: DeepSeekDeploymentSpec = {
        model: { name: model.name, trustRemoteCode: true, ...(maxModelLen !== undefined && { maxModelLen }) },
        quantization: { type: quantization.type },
        accelerator: { type: accelerator.name },
      };
      return { accelerator, quantization, outcome: decide(spec, catalog) };
    }),
  );
}

const WORDS: Readonly<Partial<Record<PlannerReason, string>>> = {
  InsufficientGPUMemory: 'memory',
  NeedsMultipleNodes: 'nodes',
  UnsupportedQuantization: 'format',
  UnsupportedEngine: 'engine',
  IllegalParallelism: 'split',
  ContextTooLong: 'length',
  NoMemoryModel: 'unknown',
};

/** A refusal in a word that fits into a cell of a table. */
export function refusalWord(reason: PlannerReason): string {
  return WORDS[reason] ?? 'other';
}

/** A number of tokens in the units of model names: `128k` for 131,072, `1M` for 1,048,576; `5000` where it is no multiple. */
export function shortTokens(tokens: number): string {
  if (tokens >= 2 ** 20 && tokens % 2 ** 20 === 0) return `${tokens / 2 ** 20}M`;
  return tokens >= 1024 && tokens % 1024 === 0 ? `${tokens / 1024}k` : String(tokens);
}

/** Sequences at once, rounded down, in four characters: `1.8`, `12`, `1.2k`. */
export function shortConcurrency(sequences: number): string {
  if (sequences < 2) return String(Math.floor(sequences * 10) / 10);
  if (sequences < 1000) return String(Math.floor(sequences));
  return `${sequences < 10_000 ? (Math.floor(sequences / 100) / 10).toFixed(1) : Math.floor(sequences / 1000)}k`;
}
