/** A vLLM pod that the simulator plays, of a revision. */
export function enginePod(name: string, revision: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { revision } },
    spec: {
      containers: [
        {
          name: 'engine',
          image: 'vllm/vllm-openai:v0.32.0',
          command: ['vllm', 'serve'],
          args: ['org/m', '--served-model-name', 'chat'],
          resources: { limits: { 'nvidia.com/gpu': '1' } },
          startupProbe: { httpGet: { path: '/health', port: 8000 }, periodSeconds: 10, failureThreshold: 30 },
        },
      ],
      tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      terminationGracePeriodSeconds: 1,
    },
  };
}
