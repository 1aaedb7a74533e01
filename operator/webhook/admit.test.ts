import { describe, expect, it, test } from '@jest/globals';
import { API_VERSION, KIND } from '../api/index.ts';
import { admit } from './admit.ts';
import { type AdmissionRequest, parseReview, reviewOf } from './review.ts';
import type { Judge } from './verdict.ts';

const { signal } = new AbortController();
const KIND_OF = { group: 'deepseek-operator.io', version: 'v1alpha1', kind: KIND };
const object = (spec: object, metadata: object = {}) => ({
  ...{ apiVersion: API_VERSION, kind: KIND, spec },
  metadata: { name: 'chat', namespace: 'ai', ...metadata },
});
const request = (change: Partial<AdmissionRequest>): AdmissionRequest => ({
  ...{ uid: 'u', kind: KIND_OF, operation: 'CREATE', subResource: '' },
  ...change,
});

/** Refuses what says `bad`, in its words, and warns of what says `warn`. */
const judge: Judge = async (reviewed) => {
  const { spec = {} } = reviewed as { readonly spec?: { readonly bad?: string; readonly warn?: readonly string[] } };
  return {
    ...(spec.bad !== undefined && { refusal: { reason: 'ContextTooLong', message: spec.bad, alternatives: ['less'] } }),
    warnings: spec.warn ?? [],
  };
};
const nobody: Judge = async () => Promise.reject(new Error('nobody is asked'));

describe('a spec that cannot work', () => {
  it('is refused with the planner’s words, its reason and what would work', async () => {
    expect(await admit(request({ object: object({ bad: 'too long' }) }), judge, signal)).toEqual({
      allowed: false,
      status: { code: 422, reason: 'ContextTooLong', message: 'too long. What would be accepted:\n- less' },
    });
  });

  it('is refused as a change of one that works', async () => {
    const change = request({ operation: 'UPDATE', object: object({ bad: 'too long' }), oldObject: object({}) });
    expect(await admit(change, judge, signal)).toMatchObject({ allowed: false });
  });

  it('is let through where it is refused as it was before', async () => {
    const change = request({
      ...{ operation: 'UPDATE', oldObject: object({ bad: 'too long' }) },
      object: object({ bad: 'too long', replicas: 0 }),
    });
    expect(await admit(change, judge, signal)).toEqual({
      allowed: true,
      warnings: ['It stays refused (ContextTooLong): too long'],
    });
  });
});

describe('a warning', () => {
  test.each<[string, Partial<AdmissionRequest>, readonly string[] | undefined]>([
    ['is told at creation', { object: object({ warn: ['slow'] }) }, ['slow']],
    [
      'is told once',
      { operation: 'UPDATE', object: object({ warn: ['slow', 'old'] }), oldObject: object({ warn: ['old'] }) },
      ['slow'],
    ],
    ['is one line', { object: object({ warn: ['one\r\ntwo\u0000three'] }) }, ['one two three']],
    ['is not there where all is well', { object: object({}) }, undefined],
  ])('%s', async (_, change, warnings) => {
    const answer = await admit(request(change), judge, signal);
    expect(answer.allowed).toBe(true);
    expect(answer.warnings).toEqual(warnings);
  });
});

test.each<[string, Partial<AdmissionRequest>]>([
  ['a deletion', { operation: 'DELETE', oldObject: object({}) }],
  ['a status', { operation: 'UPDATE', subResource: 'status', object: object({ a: 1 }), oldObject: object({}) }],
  ['a scale', { operation: 'UPDATE', subResource: 'scale', object: object({ a: 1 }), oldObject: object({}) }],
  [
    'metadata',
    { operation: 'UPDATE', object: object({ a: [1] }, { labels: { a: 'b' } }), oldObject: object({ a: [1] }) },
  ],
  [
    'the end of an object that waits for its finalizers',
    {
      ...{ operation: 'UPDATE', oldObject: object({}) },
      object: object({ a: 1 }, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    },
  ],
  ['another kind', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' }, object: object({}) }],
  ['another version', { kind: { ...KIND_OF, version: 'v2' }, object: object({}) }],
  ['a connection', { operation: 'CONNECT', object: object({}) }],
])('%s is let through without a question', async (_, change) => {
  expect(await admit(request(change), nobody, signal)).toEqual({ allowed: true });
});

it('a verdict that fails is a failure, and no refusal', async () => {
  await expect(admit(request({ object: object({}) }), nobody, signal)).rejects.toThrow('nobody is asked');
});

describe('an AdmissionReview', () => {
  const review = (change: object) =>
    JSON.stringify({
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      request: { uid: 'u', kind: KIND_OF, operation: 'CREATE', object: object({ a: 1 }), oldObject: null, ...change },
    });

  it('is read as the API server writes it', () => {
    const wire = review({ dryRun: true, userInfo: { username: 'me' }, namespace: 'ai', options: null });
    expect(parseReview(wire)).toEqual({
      ok: true,
      request: { uid: 'u', kind: KIND_OF, operation: 'CREATE', subResource: '', object: object({ a: 1 }) },
    });
  });

  test.each<[string, string, RegExp]>([
    ['no JSON', '{', /^the body is no JSON: /],
    ['another object', '{}', /no AdmissionReview of admission.k8s.io\/v1: apiVersion: .*; kind: .*; request: /],
    ['another version', review({}).replace('k8s.io/v1', 'k8s.io/v1beta1'), /apiVersion: Invalid/],
    ['no uid', review({ uid: '' }), /request.uid: /],
    ['no object', review({ object: 'x' }), /request.object: /],
  ])('that is %s is refused with why', (_, body, message) => {
    expect(parseReview(body)).toMatchObject({ ok: false, message: expect.stringMatching(message) });
  });

  it('is answered with its uid', () => {
    expect(reviewOf('u', { allowed: true })).toEqual({
      ...{ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' },
      response: { uid: 'u', allowed: true },
    });
  });
});
