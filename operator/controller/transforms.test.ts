import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, API_VERSION, KIND, MAX_SPEC_BYTES } from '../api/index.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';
import { trimDeepSeekDeployment } from './transforms.ts';

const live = (spec: object, annotations?: Readonly<Record<string, string>>): LiveDeepSeekDeployment => ({
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: 'chat', namespace: 'ai', uid: 'u', ...(annotations && { annotations }) },
  spec: {
    model: { name: 'deepseek-r1-distill-qwen-7b' },
    accelerator: { type: 'A100-80GB' },
    autoscaling: { provider: 'KEDA', maxReplicas: 2 },
    ...spec,
  } as LiveDeepSeekDeployment['spec'],
});
const size = (object: unknown): number => JSON.stringify(object).length;

describe('what a cache keeps of a DeepSeekDeployment', () => {
  it('has our annotations and nobody else’s', () => {
    const annotations = { [ANNOTATION.order]: 'abort/r/u/n', note: 'x'.repeat(200_000), 'a.example/b': 'c' };
    const kept = trimDeepSeekDeployment(live({}, annotations));
    expect(kept.metadata.annotations).toEqual({ [ANNOTATION.order]: 'abort/r/u/n' });
    expect(trimDeepSeekDeployment(live({}, { note: 'x' })).metadata).not.toHaveProperty('annotations');
  });

  it('has the whole spec, unless that is too long: then its length, and its short blocks', () => {
    const long = { podTemplate: { affinity: { text: 'x'.repeat(MAX_SPEC_BYTES) } } };
    const { spec } = live({ podTemplate: { affinity: { text: 'x'.repeat(100_000) } } });
    expect(trimDeepSeekDeployment(live(spec))).toMatchObject({ spec });
    expect(trimDeepSeekDeployment(live(spec))).not.toHaveProperty('unwieldy');
    const kept = trimDeepSeekDeployment(live(long));
    expect(kept.unwieldy).toContain('is 201 KiB long');
    expect(kept.spec).toEqual(live({}).spec);
    expect(size(kept)).toBeLessThan(1_000);
  });

  it.each([64, 5_000, 9_990, 50_000])(
    'has nothing of %d levels, which overflow the stack of whoever follows them',
    (levels) => {
      const affinity = JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`) as object;
      const kept = trimDeepSeekDeployment(live({ podTemplate: { affinity } }));
      expect(kept.unwieldy).toBe('is nested deeper than 64 levels');
      expect(kept.spec).toEqual(live({}).spec);
    },
  );

  it('has little of one that is long in many places', () => {
    const blocks = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`b${index}`, 'x'.repeat(60_000)]));
    expect(size(trimDeepSeekDeployment(live(blocks)))).toBeLessThan(1_000);
  });
});
