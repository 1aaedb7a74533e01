import { z } from 'zod';
import { withRules } from './rules.ts';
import { matching } from './scalars.ts';

/** Number formats of the weights. INT8 is W8A8 (weights and activations), W8A16 weights only. */
export const QUANTIZATION_TYPES = ['FP32', 'BF16', 'FP16', 'FP8', 'INT8', 'W8A16', 'AWQ', 'GPTQ', 'GGUF'] as const;
export type QuantizationType = (typeof QUANTIZATION_TYPES)[number];

/** What people call a format, and the types that it may be. */
const MEANT: ReadonlyMap<string, string> = new Map([
  ['INT4', 'AWQ, GPTQ or GGUF'],
  ['W4A16', 'AWQ or GPTQ'],
  ['W8A8', 'INT8 or FP8'],
  ['Q4', 'GGUF with ggufType Q4_K_M'],
]);

function unknownType(input: unknown): string {
  const meant = typeof input === 'string' ? MEANT.get(input.toUpperCase()) : undefined;
  const known = `should be one of ${QUANTIZATION_TYPES.join(', ')}`;
  return meant === undefined ? known : `${known}; for ${String(input)} that is ${meant}`;
}

/** How numbers are stored. */
export const quantizationSpec = withRules(
  z.object({
    type: z
      .enum(QUANTIZATION_TYPES, { error: ({ input }) => unknownType(input) })
      .describe(
        'Format of the weights. INT8 is W8A8 (weights and activations), W8A16 is weights only; INT4 is AWQ, GPTQ or GGUF, by how it was made. Default: the best that this accelerator computes and that fits.',
      )
      .exactOptional(),
    kvCache: z
      .enum(['Auto', 'FP8'])
      .describe('Format of the KV cache. Default: Auto, the format of the activations.')
      .exactOptional(),
    bits: z
      .literal([2, 3, 4, 8])
      .describe('Bits of a weight. With type GPTQ only. Default: that of the catalogue’s repository.')
      .exactOptional(),
    ggufType: matching(/^(I?Q[1-8](_[0-9A-Z]{1,3}){1,2}|B?F16|F32)$/, 16, 'should be a GGUF type such as Q4_K_M')
      .describe('File of the GGUF repository, such as Q4_K_M. With type GGUF only.')
      .exactOptional(),
  }),
  [
    {
      rule: "!has(self.bits) || (has(self.type) && self.type == 'GPTQ')",
      message: 'bits is allowed with type GPTQ only',
      holds: (self) => self.bits === undefined || self.type === 'GPTQ',
    },
    {
      rule: "!has(self.ggufType) || (has(self.type) && self.type == 'GGUF')",
      message: 'ggufType is allowed with type GGUF only',
      holds: (self) => self.ggufType === undefined || self.type === 'GGUF',
    },
  ],
);
