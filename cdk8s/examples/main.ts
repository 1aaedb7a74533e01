/**
 * An app of cdk8s with two models: `node cdk8s/examples/main.ts` writes dist/*.k8s.yaml, for `kubectl apply -f dist`.
 */
import { App, Chart } from 'cdk8s';
import { DeepSeekDeployment } from '../index.ts';

/** A chat model that follows its load, and a small one for evaluations that may wait. */
export class Models extends Chart {
  constructor(scope: App, id: string, namespace: string) {
    super(scope, id, { namespace, disableResourceNameHashes: true });
    new DeepSeekDeployment(this, 'chat', {
      spec: {
        model: { name: 'deepseek-r1-distill-qwen-7b' },
        accelerator: { type: 'A100-80GB' },
        autoscaling: { maxReplicas: 4, metrics: [{ type: 'QueueDepth', target: '5' }] },
        rollout: { gates: [{ metric: 'ErrorRatio', max: '0.01' }] },
      },
    });
    new DeepSeekDeployment(this, 'evaluations', {
      spec: {
        model: { name: 'deepseek-r1-distill-qwen-1.5b' },
        accelerator: { type: 'T4' },
        replicas: 1,
      },
    });
  }
}

if (import.meta.main) {
  const app = new App();
  new Models(app, 'models', 'default');
  app.synth();
}
