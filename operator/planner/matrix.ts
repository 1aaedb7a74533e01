import type { AcceleratorEntry, Catalog, ModelEntry, QuantizationEntry } from '../catalog/index.ts';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
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
