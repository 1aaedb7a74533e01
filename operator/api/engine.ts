import { z } from 'zod';
import { imageReference } from './model.ts';
import { exactlyOneOf, withRules } from './rules.ts';
import type { Rule } from './rules.ts';
import { atomicList, matching, objectName, secretKey, text, uniqueBy } from './scalars.ts';

export const ENGINE_TYPES = ['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'] as const;
export type EngineType = (typeof ENGINE_TYPES)[number];

/** Engines that people ask for and that are not here, by the one of ours that serves the same case. In lower case. */
const OTHER_ENGINES: Readonly<Partial<Record<EngineType, readonly string[]>>> = {
  'llama.cpp': ['fastllm', 'ktransformers', 'ollama', 'llamafile', 'lmstudio', 'lm-studio', 'koboldcpp', 'gpt4all'],
  vLLM: [
    'lmdeploy',
    'tgi',
    'text-generation-inference',
    'mlc',
    'mlc-llm',
    'deepspeed-mii',
    'aphrodite',
    'exllamav2',
    'lightllm',
    'mindie',
    'transformers',
    'xinference',
  ],
  'TensorRT-LLM': ['triton', 'tritonserver', 'nim', 'tensorrt', 'fastertransformer'],
};

const otherEngine = (instead: EngineType, cases: string): Rule<string> => {
  const names = OTHER_ENGINES[instead] ?? [];
  return {
    rule: `!(self.lowerAscii() in [${names.map((name) => `'${name}'`).join(', ')}])`,
    message: `this engine is not supported: ${instead} serves the same case (${cases})`,
    holds: (self) => !names.includes(self.toLowerCase()),
  };
};

/** An open string, so that the refusal can say what to use: the message of an enumeration could only list its values. */
const engineType = withRules(z.string().max(63), [
  otherEngine('llama.cpp', 'CPU, edge devices and quantized files: set quantization.type to GGUF'),
  otherEngine('vLLM', 'GPUs, with AWQ, GPTQ, FP8 and INT8 weights'),
  otherEngine('TensorRT-LLM', 'NVIDIA’s kernels, without Triton in front'),
  {
    rule: `self in [${ENGINE_TYPES.map((type) => `'${type}'`).join(', ')}] || self.lowerAscii() in [${Object.values(
      OTHER_ENGINES,
    )
      .flat()
      .map((name) => `'${name}'`)
      .join(', ')}]`,
    message: `should be ${ENGINE_TYPES.slice(0, -1).join(', ')} or ${ENGINE_TYPES.at(-1) ?? ''}, spelled like this`,
    holds: (self) =>
      (ENGINE_TYPES as readonly string[]).includes(self) ||
      Object.values(OTHER_ENGINES).flat().includes(self.toLowerCase()),
  },
]) as unknown as z.ZodType<EngineType, EngineType>;

const environmentSource = withRules(
  z.object({
    secretKeyRef: secretKey().describe('An entry of a Secret.').exactOptional(),
    configMapKeyRef: z
      .object({
        name: objectName().describe('Name of the ConfigMap.'),
        key: matching(/^[-._a-zA-Z0-9]+$/, 253, 'should be a key of a ConfigMap').describe('Key inside the ConfigMap.'),
      })
      .describe('An entry of a ConfigMap.')
      .exactOptional(),
    fieldRef: z
      .object({ fieldPath: z.string().min(1).max(256).describe('Path such as status.podIP.') })
      .describe('A field of the pod.')
      .exactOptional(),
  }),
  [
    exactlyOneOf(
      ['secretKeyRef', 'configMapKeyRef', 'fieldRef'],
      'set exactly one of secretKeyRef, configMapKeyRef, fieldRef',
    ),
  ],
);

const environmentVariable = withRules(
  z.object({
    name: matching(/^[A-Za-z_][A-Za-z0-9_]*$/, 256, 'should be the name of an environment variable').describe(
      'Name of the variable.',
    ),
    value: text(8192).describe('Its value.').exactOptional(),
    valueFrom: environmentSource.describe('Where its value comes from.').exactOptional(),
  }),
  [exactlyOneOf(['value', 'valueFrom'], 'set exactly one of value, valueFrom')],
);

/** Environment variables, a map by name. */
export const environment = () => uniqueBy('name', environmentVariable, 64);

/** The program that serves the model. */
export const engineSpec = z.object({
  type: engineType
    .describe(
      `The engine: ${ENGINE_TYPES.join(', ')}. Default: the best supported one for this model, accelerator and quantization.`,
    )
    .exactOptional(),
  version: matching(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 128, 'should be a version or an image tag')
    .describe(
      'Version of the engine, the tag of its image. Default: the version that this release of the operator was tested with.',
    )
    .exactOptional(),
  image: imageReference().describe('Image of the engine, instead of the catalogue’s for `version`.').exactOptional(),
  extraArgs: atomicList(text(2048, 1), 128)
    .describe('Arguments that are added to the engine’s command line, one list item per argument. They win over ours.')
    .exactOptional(),
  env: environment().describe('Environment variables of the engine.').exactOptional(),
  apiKeySecretRef: secretKey()
    .describe('API key that clients have to send. The operator sends it too.')
    .exactOptional(),
});
