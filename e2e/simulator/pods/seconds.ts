import type { Container, Pod } from './types.ts';

/** Kubernetes' defaults of a probe and of a pod (core/v1). */
const defaults = { periodSeconds: 10, failureThreshold: 3, terminationGracePeriodSeconds: 30 } as const;

/** What a container without startupProbe is assumed to need. */
const budgetWithoutProbe = 60;

/** Seconds that the container may take to start before the kubelet kills it. */
export function startupBudgetSeconds(container: Container): number {
  const probe = container.startupProbe;
  if (probe === undefined) return budgetWithoutProbe;
  const { periodSeconds = defaults.periodSeconds, failureThreshold = defaults.failureThreshold } = probe;
  return (probe.initialDelaySeconds ?? 0) + periodSeconds * failureThreshold;
}

/** Seconds between the deletion of a pod and SIGTERM: a preStop hook that sleeps, as action or as command. */
export function preStopSeconds(container: Container): number {
  const preStop = container.lifecycle?.preStop;
  const command = preStop?.exec?.command?.join(' ') ?? '';
  return preStop?.sleep?.seconds ?? Number(/\bsleep (\d+(?:\.\d+)?)\b/.exec(command)?.[1] ?? 0);
}

/** Seconds between the deletion of a pod and SIGKILL. */
export function gracePeriodSeconds(pod: Pod): number {
  return (
    pod.metadata.deletionGracePeriodSeconds ??
    pod.spec.terminationGracePeriodSeconds ??
    defaults.terminationGracePeriodSeconds
  );
}

/** Seconds that the kubelet waits before start number `restarts + 1`: 10 s, doubled up to 5 minutes. */
export function restartBackOffSeconds(restarts: number): number {
  return Math.min(10 * 2 ** Math.max(0, restarts - 1), 300);
}
