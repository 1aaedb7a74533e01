import { describe, expect, test } from '@jest/globals';
import { parseDeepSeekDeployment } from '../api/index.ts';
import { plan } from '../planner/index.ts';
import { renderEngine } from './index.ts';

function argsOf(type: string, source?: object): readonly string[] {
  const parsed = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: 'ai' },
    spec: {
      accelerator: { type: 'A100-80GB' },
      quantization: { type: 'FP16' },
      engine: { type },
      model: { name: 'deepseek-r1-distill-qwen-7b', revision: '0123abc', ...(source && { source }) },
    },
  });
  if (!parsed.ok) throw new Error(parsed.message);
  const result = plan(parsed.value.spec);
  if (!result.accepted) throw new Error(result.message);
  return renderEngine(result.plan, parsed.value).args;
}

describe.each(['vLLM', 'SGLang', 'TensorRT-LLM'])('%s', (type) => {
  test('asks the hub for the revision', () => {
    expect(argsOf(type)).toContain('0123abc');
  });
  test.each([
    { persistentVolumeClaim: { claimName: 'weights' } },
    { image: { reference: 'registry.example/models/r1:1' } },
    { objectStorage: { uri: 's3://models/r1-7b' } },
  ])('is told none for %j', (source) => {
    expect(argsOf(type, source).join(' ')).not.toMatch(/revision|0123abc/);
  });
});
