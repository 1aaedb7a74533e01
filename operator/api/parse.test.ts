import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { goodSpecs } from './fixtures/good.ts';
import { mergePatch, smallest } from './fixtures/objects.ts';
import { parseDeepSeekDeployment, type ParseOptions } from './parse.ts';
import { MAX_SPEC_BYTES } from './size.ts';

const parse = (patch: object, options?: ParseOptions) => parseDeepSeekDeployment(mergePatch(smallest, patch), options);

describe('parseDeepSeekDeployment', () => {
  test.each(Object.entries(goodSpecs))('accepts %s', (_, spec) => {
    expect(parseDeepSeekDeployment({ ...smallest, spec }, { unknownFields: 'refuse' })).toMatchObject({
      ok: true,
      value: { spec },
    });
  });

  it('adds nothing to the smallest object: what decides a revision has no default', () => {
    expect(parse({})).toEqual({ ok: true, value: smallest });
  });

  it('fills in defaults of blocks that are there', () => {
    expect(parse({ spec: { rollout: { watch: {} }, autoscaling: { maxReplicas: 3 }, disruption: {} } })).toMatchObject({
      ok: true,
      value: {
        spec: {
          rollout: {
            strategy: 'BlueGreen',
            whenCapacityIsShort: ['Provision', 'Handover', 'Wait'],
            promotion: 'Automatic',
            watch: { duration: '10m', onNoData: 'AcceptUnproven' },
            paused: false,
          },
          autoscaling: { provider: 'HPA', minReplicas: 1, maxReplicas: 3 },
          disruption: { minAvailablePercent: 50 },
        },
      },
    });
  });

  it('keeps what it does not read of the metadata', () => {
    const finalizers = ['example.com/a'];
    expect(parse({ metadata: { finalizers } })).toMatchObject({ ok: true, value: { metadata: { finalizers } } });
  });

  it('drops unknown fields, as the API server does, or names each when files are read', () => {
    const patch = { spec: { replica: 2, rollout: { gates: [{ metric: 'ErrorRatio', max: '0.01', maximum: 1 }] } } };
    expect(parse(patch)).toMatchObject({ ok: true, value: { spec: expect.not.objectContaining({ replica: 2 }) } });
    expect(parse(patch, { unknownFields: 'refuse' })).toMatchObject({
      ok: false,
      message: 'spec.replica: unknown field; spec.rollout.gates[0].maximum: unknown field',
    });
  });

  it('names every problem at once', () => {
    expect(parse({ spec: { replicas: -1, model: { name: null }, engine: { type: 'vllm' } } })).toEqual({
      ok: false,
      message: expect.any(String),
      issues: [
        { path: 'spec.model.name', message: 'required, and missing' },
        expect.objectContaining({ path: 'spec.engine.type' }),
        expect.objectContaining({ path: 'spec.replicas' }),
      ],
    });
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => typeof parseDeepSeekDeployment(value).ok === 'boolean'));
  });

  it('refuses a spec that no child could hold, and counts bytes', () => {
    const withArgument = (text: string) => {
      const spec = { ...smallest.spec, podTemplate: { affinity: { text } } };
      return parseDeepSeekDeployment({ ...smallest, spec });
    };
    expect(withArgument('x'.repeat(MAX_SPEC_BYTES - 1_000)).ok).toBe(true);
    expect(withArgument('x'.repeat(MAX_SPEC_BYTES))).toMatchObject({
      ok: false,
      issues: [{ path: 'spec', message: expect.stringContaining('is 201 KiB long, and may be 200 KiB') }],
    });
    expect(withArgument('深'.repeat(MAX_SPEC_BYTES / 2)).ok).toBe(false);
  });

  it('refuses a spec that is too deep, however deep', () => {
    const nested = (levels: number) => {
      const affinity = JSON.parse(`${'{"a":['.repeat(levels)}1${']}'.repeat(levels)}`) as object;
      return parseDeepSeekDeployment({ ...smallest, spec: { ...smallest.spec, podTemplate: { affinity } } });
    };
    expect(nested(31).ok).toBe(true);
    for (const levels of [32, 1_000, 100_000])
      expect(nested(levels)).toMatchObject({ ok: false, message: 'spec: is nested deeper than 64 levels' });
  });
});
