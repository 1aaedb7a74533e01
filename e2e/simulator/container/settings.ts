import { z } from 'zod';
import type { Behaviour, Latency, NodeGpu } from '../engines/types.ts';

export interface Settings {
  /** Real seconds until the model is loaded. */
  readonly loadSeconds: number;
  /** Seconds since its start until it behaves as `behaviour` says. */
  readonly healthySeconds: number;
  readonly latency: Latency;
  readonly behaviour: Behaviour;
  readonly gpu: NodeGpu;
  readonly gpuCount: number;
}

const seconds = (otherwise: number) => z.coerce.number().min(0).default(otherwise);
const share = z.coerce.number().min(0).max(1).default(0);

/** Variables of the container, with what they are without being set. The GPUs are the machine's that is pretended. */
const Environment = z.object({
  SIMULATOR_LOAD_SECONDS: seconds(1),
  SIMULATOR_HEALTHY_SECONDS: seconds(0),
  SIMULATOR_TIME_TO_FIRST_TOKEN: seconds(0.02),
  SIMULATOR_INTER_TOKEN_LATENCY: seconds(0.02),
  SIMULATOR_ERROR_RATE: share,
  SIMULATOR_CUT_RATE: share,
  SIMULATOR_SLOW_FACTOR: z.coerce.number().positive().default(1),
  SIMULATOR_FIRST_TOKEN_FACTOR: z.coerce.number().positive().default(1),
  SIMULATOR_WRONG_ANSWERS: z.enum(['true', 'false']).default('false'),
  SIMULATOR_GPU: z.string().default('NVIDIA A100-SXM4-80GB'),
  SIMULATOR_GPU_MEMORY_GIB: z.coerce.number().positive().default(80),
  SIMULATOR_GPU_COMPUTE_CAPABILITY: z.coerce.number().positive().default(8),
  SIMULATOR_GPUS: z.coerce.number().int().positive().default(8),
});

/** How the engine in a container behaves, from its environment. Throws a ZodError for what cannot be read. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const values = Environment.parse(environment);
  return {
    loadSeconds: values.SIMULATOR_LOAD_SECONDS,
    healthySeconds: values.SIMULATOR_HEALTHY_SECONDS,
    latency: {
      timeToFirstToken: values.SIMULATOR_TIME_TO_FIRST_TOKEN,
      interTokenLatency: values.SIMULATOR_INTER_TOKEN_LATENCY,
      perPromptToken: 0,
    },
    behaviour: {
      errorRate: values.SIMULATOR_ERROR_RATE,
      cutRate: values.SIMULATOR_CUT_RATE,
      slowFactor: values.SIMULATOR_SLOW_FACTOR,
      firstTokenFactor: values.SIMULATOR_FIRST_TOKEN_FACTOR,
      wrongAnswers: values.SIMULATOR_WRONG_ANSWERS === 'true',
    },
    gpu: {
      name: values.SIMULATOR_GPU,
      memoryGiB: values.SIMULATOR_GPU_MEMORY_GIB,
      computeCapability: values.SIMULATOR_GPU_COMPUTE_CAPABILITY,
    },
    gpuCount: values.SIMULATOR_GPUS,
  };
}
