import { z } from 'zod';
import { toleration } from './accelerator.ts';
import { atomicList, httpAddress, labels, matching, objectName, secretName } from './scalars.ts';

/** Key of the ConfigMap, and name of the file that it is mounted as. */
export const DEFAULTS_KEY = 'defaults.yaml';

const PREFIX = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?(:[0-9]{1,5})?(\/[a-z0-9]+([-._]+[a-z0-9]+)*)*$/;
const imagePrefix = () =>
  matching(PREFIX, 255, 'should be a registry, or a registry and a path, such as docker.io or registry.example/mirror');

/**
 * What a cluster wants of every model: a file that the operator reads whenever it renders the pods of a new revision. What
 * a DeepSeekDeployment says itself stands.
 */
export const operatorDefaults = z.strictObject({
  registryMirrors: z
    .record(imagePrefix(), imagePrefix())
    .describe(
      'From a registry, or a registry and a path, to where its images are in this cluster. The longest one wins. For the images that the operator chooses: one that is named in `engine.image` stays.',
    )
    .exactOptional(),
  huggingFaceEndpoint: httpAddress()
    .describe('Address of the hub, for a mirror. Default: https://huggingface.co.')
    .exactOptional(),
  imagePullSecrets: atomicList(secretName(), 16)
    .describe('Secrets to pull images with, each in the namespace of the model, beside those of the spec.')
    .exactOptional(),
  tolerations: atomicList(toleration, 32)
    .describe('Taints that the pods tolerate, beside those of the spec.')
    .exactOptional(),
  nodeSelector: labels()
    .describe('Labels that a node needs, where the spec does not name the same label.')
    .exactOptional(),
  runtimeClassName: objectName().describe('RuntimeClass of pods with GPUs, where the spec names none.').exactOptional(),
});

/** What a cluster wants of every model. */
export type OperatorDefaults = z.output<typeof operatorDefaults>;

/** What is wrong with defaults, in one line; undefined: nothing is. */
export function whatIsWrong(defaults: unknown): string | undefined {
  const result = operatorDefaults.safeParse(defaults ?? {});
  if (result.success) return undefined;
  return result.error.issues
    .map(({ path, message }) => `${path.map(String).join('.') || '(file)'}: ${message}`)
    .join('; ');
}
