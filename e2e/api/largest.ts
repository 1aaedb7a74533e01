import type { DeepSeekDeploymentSpecInput } from '../../operator/api/index.ts';
import { smallest } from '../../operator/api/fixtures/objects.ts';

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const word = (length: number): string => 'x'.repeat(length);
const labels = Object.fromEntries(times(64, (index) => [`label-${index}`, word(63)]));
const selector = {
  matchLabels: labels,
  matchExpressions: times(16, () => ({ key: word(63), operator: 'In' as const, values: times(32, () => word(63)) })),
};

/** Every list and map that a rule reaches, as long as it may be, with long items: what CEL has to get through. */
export const largestSpec: DeepSeekDeploymentSpecInput = {
  ...smallest.spec,
  model: { name: 'deepseek-llm-7b-chat', servedNames: times(16, () => word(200)) },
  engine: {
    extraArgs: times(128, () => word(2048)),
    env: times(64, (index) => ({
      name: `V${index}`,
      valueFrom: { secretKeyRef: { name: word(253), key: word(253) } },
    })),
  },
  accelerator: {
    type: 'A100-80GB',
    nodeSelector: labels,
    tolerations: times(32, () => ({
      key: word(63),
      value: word(63),
      effect: 'NoExecute' as const,
      tolerationSeconds: 1,
    })),
  },
  autoscaling: {
    maxReplicas: 8,
    metrics: times(8, () => ({
      type: 'External' as const,
      target: '123456789.123456789',
      external: { name: word(253), selector: labels },
    })),
  },
  rollout: {
    strategy: 'Canary',
    canary: { steps: times(20, (index) => ({ weight: index + 1, pause: '1000m' })) },
    proof: { smokeTests: times(32, () => ({ prompt: word(4096), matches: word(256) })) },
    gates: times(16, () => ({
      metric: 'Query' as const,
      name: word(63),
      query: `${word(4000)}{{revision}}`,
      max: '1.5',
    })),
    watch: { minRequests: 1000 },
    maintenanceWindows: times(16, () => ({
      schedule: times(5, () => times(7, () => '1').join(',')).join(' '),
      duration: '1h',
      timeZone: 'America/Argentina/Buenos_Aires',
    })),
  },
  networkPolicy: { allowFrom: times(8, () => ({ namespaceSelector: selector, podSelector: selector })) },
  podTemplate: {
    metadata: { labels, annotations: labels },
    topologySpreadConstraints: times(8, () => ({
      maxSkew: 1,
      topologyKey: word(63),
      whenUnsatisfiable: 'ScheduleAnyway' as const,
      labelSelector: selector,
    })),
    imagePullSecrets: times(16, () => ({ name: word(253) })),
    volumes: times(32, (index) => ({ name: `volume-${index}`, emptyDir: {} })),
    volumeMounts: times(32, () => ({ name: word(63), mountPath: `/${word(1000)}` })),
  },
};
