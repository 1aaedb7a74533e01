import type { Container, EnvVar, KeyRef, Pod } from './types.ts';

/** Reads one key of a Secret or ConfigMap; undefined when the object or the key does not exist. */
export type ReadKey = (kind: 'Secret' | 'ConfigMap', namespace: string, ref: KeyRef) => Promise<string | undefined>;

/** The kubelet's refusal to start a container whose environment it cannot make. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

/**
 * The container's environment, with references to Secrets and ConfigMaps read and `$(NAME)` expanded in values.
 *
 * @throws ContainerConfigError with the kubelet's message.
 */
export async function resolveEnvironment(
  pod: Pod,
  container: Container,
  readKey: ReadKey,
): Promise<Map<string, string>> {
  const environment = new Map<string, string>();
  for (const variable of container.env ?? []) {
    const value = await resolveVariable(pod, variable, readKey);
    if (value !== undefined) environment.set(variable.name, expandVariables(value, environment));
  }
  return environment;
}

async function resolveVariable(pod: Pod, variable: EnvVar, readKey: ReadKey): Promise<string | undefined> {
  const { secretKeyRef, configMapKeyRef, fieldRef } = variable.valueFrom ?? {};
  const namespace = pod.metadata.namespace ?? 'default';
  for (const [kind, ref] of [
    ['Secret', secretKeyRef],
    ['ConfigMap', configMapKeyRef],
  ] as const) {
    if (ref === undefined) continue;
    const value = await readKey(kind, namespace, ref);
    if (value !== undefined || ref.optional === true) return value;
    throw new ContainerConfigError(`couldn't find key ${ref.key} in ${kind} ${namespace}/${ref.name}`);
  }
  if (fieldRef !== undefined) return fieldValue(pod, fieldRef.fieldPath);
  return variable.value ?? '';
}

function fieldValue(pod: Pod, path: string): string {
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'spec.nodeName': pod.spec.nodeName,
    'status.podIP': pod.status?.podIP,
  };
  return fields[path] ?? '';
}

/** `$(NAME)` as Kubernetes expands it in arguments: unknown names stay, `$$` is one dollar sign. */
export function expandVariables(text: string, environment: ReadonlyMap<string, string>): string {
  return text.replace(/\$(\$|\(([A-Za-z_][A-Za-z0-9_.-]*)\))/g, (whole, escaped: string, name: string | undefined) =>
    name === undefined ? escaped : (environment.get(name) ?? whole),
  );
}
