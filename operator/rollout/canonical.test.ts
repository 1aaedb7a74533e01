import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { canonicalSpec, canonicalText, HASH_VERSION, revisionHash } from './canonical.ts';

const spec = {
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB', count: 1 },
} as DeepSeekDeploymentSpec;

const hash = (value: DeepSeekDeploymentSpec) => revisionHash(canonicalSpec(value) ?? {});
const change = (part: object): DeepSeekDeploymentSpec => ({ ...spec, ...part });

describe('canonicalSpec', () => {
  it.each([
    ['replicas', { replicas: 3 }],
    ['autoscaling', { autoscaling: { minReplicas: 1, maxReplicas: 2 } }],
    ['rollout', { rollout: { paused: true } }],
    ['monitoring', { monitoring: { scrape: 'None' } }],
    ['traffic', { traffic: { service: { port: 8080 } } }],
    ['disruption', { disruption: { minAvailablePercent: 10 } }],
    ['minReadySeconds', { minReadySeconds: 5 }],
    ['an empty block', { resources: {} }],
    ['an unset member', { model: { name: 'deepseek-r1-distill-qwen-7b', revision: undefined } }],
    ['the order of keys', { accelerator: { count: 1, type: 'A100-80GB' } }],
  ])('is the same whatever %s says', (_, part) => {
    expect(hash(change(part))).toBe(hash(spec));
  });

  it.each([
    ['model', { model: { name: 'deepseek-r1-distill-qwen-14b' } }],
    ['weights revision', { model: { name: 'deepseek-r1-distill-qwen-7b', revision: 'abc' } }],
    ['quantization', { quantization: { type: 'INT8' } }],
    ['engine', { engine: { extraArgs: ['--x'] } }],
    ['accelerator', { accelerator: { type: 'T4', count: 1 } }],
    ['resources', { resources: { cpu: '8' } }],
    ['termination', { termination: { drainDeadline: '60s' } }],
    ['pod template', { podTemplate: { priorityClassName: 'high' } }],
    ['the member of a union', { model: { name: 'deepseek-r1-distill-qwen-7b', source: { cache: { emptyDir: {} } } } }],
  ])('changes with the %s', (_, part) => {
    expect(hash(change(part))).not.toBe(hash(spec));
  });

  it('keeps the order of lists: arguments are not a set', () => {
    expect(hash(change({ engine: { extraArgs: ['--a', '--b'] } }))).not.toBe(
      hash(change({ engine: { extraArgs: ['--b', '--a'] } })),
    );
  });

  it('knows no hash version but its own', () => {
    expect(canonicalSpec(spec, HASH_VERSION + 1)).toBeUndefined();
  });

  it('has this text and this hash for ever: a change would make a new revision of everything that runs', () => {
    expect(canonicalText(canonicalSpec(spec) ?? {})).toBe(
      '{"accelerator":{"count":1,"type":"A100-80GB"},"model":{"name":"deepseek-r1-distill-qwen-7b"}}',
    );
    expect(hash(spec)).toBe('sctp4pw8rz');
  });
});

test('revisionHash is a valid name suffix and label value', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (object) => {
      expect(revisionHash(object)).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
    }),
  );
});
