import { z } from 'zod';
import { imageReference } from './model.ts';
import { exactlyOneOf, withRules } from './rules.ts';
import { atomicList, matching, objectName, secretKey, text, uniqueBy } from './scalars.ts';

export const ENGINE_TYPES = ['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'] as const;
export type EngineType = (typeof ENGINE_TYPES)[number];

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
  type: z
    .enum(ENGINE_TYPES)
    .describe('The engine. Default: the best supported one for this model, accelerator and quantization.')
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
