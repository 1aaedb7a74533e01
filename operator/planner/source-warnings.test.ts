import { describe, expect, it, test } from '@jest/globals';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { plan } from './plan.ts';
import { accepted } from './test-support.ts';

type Source = NonNullable<DeepSeekDeploymentSpec['model']['source']>;
type Model = Partial<DeepSeekDeploymentSpec['model']>;

const DIGEST = `@sha256:${'0'.repeat(64)}`;
const CLAIM: Source = { persistentVolumeClaim: { claimName: 'weights' } };
const BUCKET: Source = { objectStorage: { uri: 's3://bucket/models/x' } };

function planWith(model: Model, type: 'vLLM' | 'SGLang' | 'llama.cpp' = 'vLLM') {
  return accepted(
    plan({
      model: { name: 'deepseek-r1-distill-qwen-7b', ...model },
      accelerator: { type: 'A100-80GB' },
      engine: { type },
      ...(type === 'llama.cpp' && { quantization: { type: 'GGUF' } }),
    }),
  );
}

describe('a revision', () => {
  const warned = (source?: Source) =>
    planWith({ revision: 'abc', ...(source && { source }) }).warnings.filter((warning) =>
      warning.startsWith('model.revision pins nothing'),
    ).length;
  test.each<[string, Source | undefined, number]>([
    ['the hub', undefined, 0],
    ['a volume', CLAIM, 1],
    ['an image', { image: { reference: `registry.example/r1${DIGEST}` } }, 1],
    ['a bucket', BUCKET, 1],
  ])('of weights from %s', (_, source, count) => {
    expect(warned(source)).toBe(count);
  });
});

test.each([
  ['registry.example/r1:1', 1],
  [`registry.example/r1:1${DIGEST}`, 0],
])('an image %s', (reference, count) => {
  const { warnings } = planWith({ source: { image: { reference } } });
  expect(warnings.filter((warning) => warning.includes('add its digest'))).toHaveLength(count);
});

test.each([
  ['s3://bucket/models/x', 1],
  ['s3://bucket', 1],
  ['s3://bucket.gguf', 1],
  ['s3://bucket/models/x.gguf', 0],
])('llama.cpp reads model.gguf below %s, and says so', (uri, count) => {
  const { warnings } = planWith({ source: { objectStorage: { uri } } }, 'llama.cpp');
  expect(warnings.filter((warning) => warning.startsWith('llama.cpp reads the file model.gguf'))).toHaveLength(count);
});

test.each([
  ['vLLM', 1],
  ['SGLang', 0],
] as const)('a cache beside a bucket, with %s', (type, count) => {
  const { warnings } = planWith({ source: { ...BUCKET, cache: { hostPath: { path: '/cache' } } } }, type);
  expect(warnings.filter((warning) => warning.endsWith('model.source.cache is not used'))).toHaveLength(count);
});

describe('a limit on the emptyDir of downloads', () => {
  const withLimit = (sizeLimit?: string) =>
    planWith({ source: { huggingFace: {}, cache: { emptyDir: { ...(sizeLimit !== undefined && { sizeLimit }) } } } });

  it('below the weights is warned about, and is what the pod asks for', () => {
    const { host, warnings } = withLimit('5Gi');
    expect(host.ephemeralStorageGiB).toBe(5);
    expect(warnings).toContain(
      'model.source.cache.emptyDir.sizeLimit is 5 GiB, and the weights are 14.2 GiB: every pod would be evicted while it downloads them; set it to 19Gi, or leave it out',
    );
  });

  it.each(['15Gi', '100Gi'])('of %s is enough', (sizeLimit) => {
    const { host, warnings } = withLimit(sizeLimit);
    expect(host.ephemeralStorageGiB).toBe(Number.parseInt(sizeLimit, 10));
    expect(warnings.join()).not.toContain('sizeLimit');
  });
});
