import type { Checkpoint } from '../types.ts';

/** A repository of GGUF files, one file (or a set of numbered ones) per type. `bytes` by type where published. */
export function gguf(repository: string, bytes?: Readonly<Record<string, number>>): Checkpoint {
  return {
    repository,
    format: 'gguf',
    ...(bytes !== undefined && { bytes }),
    source: `huggingface.co/${repository}`,
  };
}

/** 4-bit AWQ in groups of `groupSize`. */
export function awq(repository: string, source: string, groupSize: number): Checkpoint {
  return { repository, format: 'awq', groupSize, source };
}

/** llm-compressor's FP8: one scale per output channel. */
export function channelFP8(repository: string, source: string): Checkpoint {
  return { repository, format: 'compressed-tensors', source };
}

/** INT8 weights and activations, one scale per output channel: SGLang's own layout. */
export function channelINT8(repository: string, source: string): Checkpoint {
  return { repository, format: 'channel-int8', source };
}

/** The 16-bit copy of a model that was published in FP8. */
export function upcast(repository: string, source: string): Checkpoint {
  return { repository, format: 'unquantized', source };
}
