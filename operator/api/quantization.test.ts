import { expect, test } from '@jest/globals';
import { parseDeepSeekDeployment } from './index.ts';

test.each([
  ['INT4', /^should be one of FP32, .*, GGUF; for INT4 that is AWQ, GPTQ or GGUF$/],
  ['int4', /; for int4 that is AWQ, GPTQ or GGUF$/],
  ['W4A16', /; for W4A16 that is AWQ or GPTQ$/],
  ['constructor', /^should be one of FP32, .*, GGUF$/],
  [4, /^should be one of FP32, .*, GGUF$/],
])('quantization.type %j', (type, message) => {
  const result = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat' },
    spec: { model: { name: 'deepseek-r1' }, accelerator: { type: 'H200' }, quantization: { type } },
  });
  expect(result).toMatchObject({
    ok: false,
    issues: [{ path: 'spec.quantization.type', message: expect.stringMatching(message) }],
  });
});
