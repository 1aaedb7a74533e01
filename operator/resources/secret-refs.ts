import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { IVolume } from 'kubernetes-models/v1/Volume';

/**
 * Names of the Secrets without which the kubelet makes no container of these pods, each once, in order. Those that are
 * `optional` are not among them, nor are pull secrets: without one the kubelet asks the registry all the same.
 */
export function requiredSecrets({ spec }: IPodTemplateSpec): string[] {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  const names = [...containers.flatMap(ofContainer), ...(spec?.volumes ?? []).flatMap(ofVolume)];
  return [...new Set(names)].sort();
}

/** A reference to a Secret, as the kinds of references spell it. */
interface Reference {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

function ofContainer({ env = [], envFrom = [] }: IContainer): string[] {
  return [
    ...env.flatMap(({ valueFrom }) => needed(valueFrom?.secretKeyRef)),
    ...envFrom.flatMap(({ secretRef }) => needed(secretRef)),
  ];
}

function ofVolume({ secret, projected, csi }: IVolume): string[] {
  return [
    ...needed(secret && { name: secret.secretName, optional: secret.optional }),
    ...(projected?.sources ?? []).flatMap((source) => needed(source.secret)),
    ...needed(csi?.nodePublishSecretRef),
  ];
}

function needed(reference: Reference | undefined): string[] {
  return reference?.name === undefined || reference.optional === true ? [] : [reference.name];
}
