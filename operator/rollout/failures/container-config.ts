import { containersOf } from './pod.ts';
import type { Diagnosis, Finding } from './types.ts';
import { quote } from './words.ts';

/** Waiting reasons before a container's first process (kubelet `kuberuntime_container.go`, `sync_result.go`). */
const CONFIG_REASONS = new Set([
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
]);

const MISSING =
  /^(?:secrets?|configmaps?) "[^"]+" (?:not found|is forbidden)|couldn't find key .+ in (?:Secret|ConfigMap)/i;

/** A Secret or ConfigMap, or a key of one, is not there. */
export const secretMissing: Diagnosis = (pod) => {
  const words = configError(pod);
  if (words === undefined || !MISSING.test(words)) return undefined;
  return { reason: 'SecretNotFound', detail: `the container cannot be made: ${quote(words)}`, blocking: true };
};

/** The node cannot make the container, or the image does not have the program that it is to run. */
export const containerConfig: Diagnosis = (pod) => {
  const words = configError(pod);
  if (words === undefined) return undefined;
  const finding: Finding = {
    reason: 'ContainerConfigError',
    detail: `the container cannot be made: ${quote(words)}`,
    blocking: true,
  };
  if (/executable file not found|no such file or directory/i.test(words)) {
    return { ...finding, fix: 'The image does not have the engine’s program: check engine.image and engine.type.' };
  }
  if (/runAsNonRoot/.test(words)) {
    return { ...finding, fix: 'Set podTemplate.securityContext.runAsUser to a user that the image can run as, not 0.' };
  }
  return finding;
};

/** What the node says of a container that it could not make; `StartError` also stands in a container's last state. */
function configError(pod: Parameters<Diagnosis>[0]): string | undefined {
  for (const { state, lastState } of containersOf(pod)) {
    const { waiting } = state ?? {};
    if (waiting && CONFIG_REASONS.has(waiting.reason ?? '')) return waiting.message ?? waiting.reason;
    const ended = state?.terminated ?? lastState?.terminated;
    if (ended && CONFIG_REASONS.has(ended.reason ?? '')) return ended.message ?? ended.reason;
  }
  return undefined;
}
