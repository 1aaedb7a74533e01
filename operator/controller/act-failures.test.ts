import { describe, expect, it } from '@jest/globals';
import { ApiError, TimeoutError } from '../kube/errors.ts';
import type { Intent } from './decide/intents.ts';
import type { ChildKind } from './snapshot.ts';
import { bench, child, refusing } from './testing/act-bench.ts';

describe('a write that the API server fails to do', () => {
  const make = (kind: ChildKind, name: string): Intent => ({ type: 'Create', kind, object: child(kind, name) });
  const candidate = [make('Deployment', 'chat-new'), make('Service', 'chat-new')];
  const repair: Intent = { type: 'Apply', kind: 'NetworkPolicy', object: child('NetworkPolicy', 'chat'), because: [] };
  const intents = [...candidate, repair];
  const webhook = new ApiError(500, {
    reason: 'InternalError',
    message:
      'Internal error occurred: failed calling webhook "deny.acme.io": failed to call webhook: connection refused',
  });
  const unavailable = new ApiError(503, { reason: 'ServiceUnavailable', message: 'etcdserver: leader changed' });
  const silent = new TimeoutError('apply took longer than 12000 ms');

  it('since a webhook does not answer is told at once, and what does not depend on it goes on', async () => {
    const { run, trouble } = bench({}, { 'Deployment/chat-new': webhook });
    const { done, obstacle } = await run(...intents);
    expect(done).toEqual([repair]);
    expect(obstacle).toMatchObject({ reason: 'AdmissionDenied', blocking: false });
    expect(obstacle?.message).toMatch(
      /^Deployment chat-new is refused: .*deny\.acme\.io.* does not answer: look after/,
    );
    trouble.failing = {};
    expect((await run(...intents)).obstacle).toBeUndefined();
  });

  it.each<[string, Error]>([
    ['without a word', silent],
    ['for a reason of its own', unavailable],
  ])('%s is a blip at first, and told when it lasts', async (_, error) => {
    const { run, clock, done } = bench({}, { 'Deployment/chat-new': error });
    for (let pass = 1; pass <= 2; pass++) {
      await expect(run(...intents)).rejects.toBe(error);
      await clock.advance(10_000);
    }
    expect(done).toEqual([]);
    const { obstacle } = await run(...intents);
    expect(done).toEqual([repair]);
    expect(obstacle).toMatchObject({ reason: 'AdmissionDenied', blocking: false });
    expect(obstacle?.message).toContain(error.message);
  });

  it('many times within seconds is a blip', async () => {
    const { run, clock } = bench({}, { 'Deployment/chat-new': unavailable });
    for (let pass = 1; pass <= 10; pass++) {
      await expect(run(...intents)).rejects.toBe(unavailable);
      await clock.advance(1_000);
    }
  });

  it('keeps the words that it was told in while it lasts, and begins anew after a success', async () => {
    const { run, clock, trouble } = bench({}, { 'Deployment/chat-new': unavailable });
    const passes = async () => {
      await expect(run(...intents)).rejects.toThrow();
      await expect(run(...intents)).rejects.toThrow();
      await clock.advance(15_000);
      return (await run(...intents)).obstacle?.message;
    };
    const first = await passes();
    trouble.failing = { 'Deployment/chat-new': silent };
    expect((await run(...intents)).obstacle?.message).toBe(first);
    trouble.failing = { 'Deployment/chat-new': webhook };
    expect((await run(...intents)).obstacle?.message).toContain('deny.acme.io');
    trouble.failing = {};
    expect((await run(...intents)).obstacle).toBeUndefined();
    trouble.failing = { 'Deployment/chat-new': silent };
    expect(await passes()).toContain(silent.message);
  });

  it('does not hide what stands in the way of others', async () => {
    const { run } = bench({}, { ...refusing('Deployment/chat-new'), 'NetworkPolicy/chat': unavailable });
    expect((await run(...intents)).obstacle?.message).toContain('Deployment chat-new');
  });

  it('leaves the others of the pass a fraction of the time: what hangs for all kinds holds nobody up for long', async () => {
    const { run, limits } = bench({}, { 'Deployment/chat-new': webhook });
    await run(repair, ...intents);
    expect(limits).toEqual([12_000, 12_000, 3_000]);
  });
});

describe('a JSON patch that is answered with 422', () => {
  const repair: Intent = { type: 'Apply', kind: 'NetworkPolicy', object: child('NetworkPolicy', 'chat'), because: [] };
  const steps = [{ op: 'test', path: '/metadata/uid', value: 'u1' }] as const;
  const replaced = { uid: 'uid-chat-aaa', resourceVersion: '5', template: {}, managers: [] };
  const patches: readonly (readonly [string, Intent])[] = [
    ['HTTPRoute/', { type: 'SetRouteWeights', name: 'of-a-user', steps }],
    ['Deployment/', { type: 'ReplaceTemplate', name: 'chat-aaa', ...replaced }],
  ];
  const invalid = (message: string) => new ApiError(422, { reason: 'Invalid', message });

  it.each(patches)('%s came too late where it does not apply: all is decided anew', async (key, intent) => {
    const late = invalid('the server rejected our request due to an error in our request');
    await expect(bench({}, { [key]: late }).run(intent, repair)).rejects.toBe(late);
  });

  it.each(patches)('%s is refused where a policy denies it, and the rest goes on', async (key, intent) => {
    const denied = invalid("\"x\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no");
    const { done, obstacle } = await bench({}, { [key]: denied }).run(intent, repair);
    expect(done).toEqual([repair]);
    expect(obstacle).toMatchObject({ reason: 'AdmissionDenied', blocking: true });
    expect(obstacle?.message).toContain('ValidatingAdmissionPolicy');
  });
});
