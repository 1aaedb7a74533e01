import { describe, expect, it, test } from '@jest/globals';
import { ApiError, TransportError } from './errors.ts';
import { EventRecorder, type EventRecorderOptions } from './events.ts';
import type { EventInput } from './event-object.ts';
import { FakeClock, settle } from './testing/fake-clock.ts';
import type { KubeClient, KubeObject } from './types.ts';

const regarding: KubeObject = {
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { namespace: 'ai', name: 'chat', uid: 'u1', resourceVersion: '7' },
};
const input: EventInput = {
  regarding,
  type: 'Warning',
  reason: 'Unschedulable',
  action: 'Scale',
  note: 'No GPU is free.',
};

interface Written {
  readonly verb: 'create' | 'patch';
  readonly name: string;
  readonly body: Record<string, unknown>;
}

function setup(options: Partial<EventRecorderOptions> = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const written: Written[] = [];
  const losses: string[] = [];
  /** What the next requests are answered with, instead of success. */
  const answers: (Error | 'hang' | undefined)[] = [];
  const answer = async (write: Written, signal: AbortSignal): Promise<never> => {
    const next = answers.shift();
    if (next instanceof Error) throw next;
    if (next === 'hang') {
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    }
    written.push(write);
    return write.body as never;
  };
  const client: Pick<KubeClient, 'create' | 'patch'> = {
    create: (_type, object, { signal }) =>
      answer(
        { verb: 'create', name: (object as KubeObject).metadata.name, body: object as Record<string, unknown> },
        signal,
      ),
    patch: (_type, ref, patch, { signal }) =>
      answer({ verb: 'patch', name: ref.name, body: patch as Record<string, unknown> }, signal),
  };
  const recorder = new EventRecorder({
    client,
    clock,
    source: { controller: 'example.com/operator', instance: 'operator-0' },
    onLoss: (why) => losses.push(why),
    random: () => 0.5,
    ...options,
  });
  const stop = new AbortController();
  const ended = recorder.run(stop.signal);
  return { clock, recorder, written, losses, answers, stop, ended };
}

describe('an event', () => {
  it('is written as events.k8s.io/v1 wants it', async () => {
    const { recorder, written } = setup();
    const pod: KubeObject = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ai', name: 'chat-0', uid: 'u2' } };
    recorder.record({ ...input, related: pod });
    await settle();
    expect(written).toEqual([
      {
        verb: 'create',
        name: expect.stringMatching(/^chat\.[0-9a-f]+$/),
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { namespace: 'ai', name: written[0]?.name },
          eventTime: '2026-01-01T00:00:00.000000Z',
          type: 'Warning',
          reason: 'Unschedulable',
          action: 'Scale',
          note: 'No GPU is free.',
          reportingController: 'example.com/operator',
          reportingInstance: 'operator-0',
          regarding: {
            apiVersion: 'example.com/v1',
            kind: 'Widget',
            namespace: 'ai',
            name: 'chat',
            uid: 'u1',
            resourceVersion: '7',
          },
          related: { apiVersion: 'v1', kind: 'Pod', namespace: 'ai', name: 'chat-0', uid: 'u2' },
        },
      },
    ]);
  });

  it('has a name of its own, not too long, even when many come in the same millisecond', async () => {
    const { recorder, written } = setup();
    const long = { ...regarding, metadata: { ...regarding.metadata, name: 'x'.repeat(253) } };
    for (let index = 0; index < 20; index++) recorder.record({ ...input, regarding: long, note: `note ${index}` });
    await settle();
    expect(new Set(written.map(({ name }) => name)).size).toBe(20);
    expect(Math.max(...written.map(({ name }) => name.length))).toBe(253);
  });

  test.each([
    ['ASCII', 'x'.repeat(3000)],
    ['characters of three bytes', '模'.repeat(1000)],
    ['characters of four bytes', '🚀'.repeat(1000)],
  ])('is cut to 1,024 bytes without breaking a character: %s', async (_, note) => {
    const { recorder, written } = setup();
    recorder.record({ ...input, note });
    await settle();
    const text = String(written[0]?.body['note']);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1015);
    expect(text).toMatch(/…$/);
    expect(text).not.toContain('\uFFFD');
  });

  it('goes to the namespace default when its object has none', async () => {
    const { recorder, written } = setup();
    recorder.record({ ...input, regarding: { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } } });
    await settle();
    expect(written[0]?.body).toMatchObject({ metadata: { namespace: 'default' } });
  });
});

describe('repeats', () => {
  it('become one series, whose count is written once in an interval', async () => {
    const { clock, recorder, written } = setup({ seriesIntervalMs: 300_000 });
    recorder.record(input);
    for (let repeat = 0; repeat < 9; repeat++) {
      await clock.advance(10_000);
      recorder.record(input);
    }
    expect(written).toHaveLength(1);
    await clock.advance(210_000);
    expect(written.slice(1)).toEqual([
      {
        verb: 'patch',
        name: written[0]?.name,
        body: { series: { count: 10, lastObservedTime: '2026-01-01T00:01:30.000000Z' } },
      },
    ]);
    await clock.advance(3_600_000);
    expect(written).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are told anew when the last one is longer ago than the window', async () => {
    const { clock, recorder, written } = setup();
    recorder.record(input);
    await clock.advance(360_000);
    recorder.record(input);
    await settle();
    expect(written.map(({ verb }) => verb)).toEqual(['create', 'create']);
  });

  it('are told anew when the API server has forgotten the first', async () => {
    const { clock, recorder, written, answers } = setup();
    recorder.record(input);
    await settle();
    answers.push(new ApiError(404, { reason: 'NotFound' }));
    recorder.record(input);
    await clock.advance(300_000);
    expect(written.map(({ verb }) => verb)).toEqual(['create', 'create']);
    expect(written[1]?.name).not.toBe(written[0]?.name);
  });

  test.each<[string, Partial<EventInput>]>([
    ['another note', { note: 'Two GPUs are free.' }],
    ['another reason', { reason: 'Failed' }],
    ['another type', { type: 'Normal' }],
    ['another object', { regarding: { ...regarding, metadata: { ...regarding.metadata, uid: 'u9' } } }],
  ])('are not seen in %s', async (_, change) => {
    const { recorder, written } = setup();
    recorder.record(input);
    recorder.record({ ...input, ...change });
    await settle();
    expect(written.map(({ verb }) => verb)).toEqual(['create', 'create']);
  });

  it('whose count cannot be written wait for the next interval', async () => {
    const { clock, recorder, written, answers, losses } = setup({ seriesIntervalMs: 60_000 });
    recorder.record(input);
    await settle();
    recorder.record(input);
    answers.push(new ApiError(403, { reason: 'Forbidden' }));
    await clock.advance(60_000);
    expect(losses).toEqual(['refused']);
    expect(clock.nextTimerIn).toBe(60_000);
    await clock.advance(60_000);
    expect(written[1]?.body).toMatchObject({ series: { count: 2 } });
  });
});

describe('a busy process', () => {
  it('writes its events when it has time', async () => {
    let busy = true;
    const { clock, recorder, written } = setup({ busy: () => busy });
    recorder.record(input);
    await clock.advance(5_000);
    expect(written).toEqual([]);
    busy = false;
    await clock.advance(100);
    expect(written).toHaveLength(1);
  });

  it('writes them in the end even when it never has time', async () => {
    const { clock, recorder, written } = setup({ busy: () => true });
    recorder.record(input);
    await clock.advance(29_000);
    expect(written).toEqual([]);
    recorder.record({ ...input, reason: 'Later' });
    await clock.advance(1_000);
    expect(written.map(({ body }) => body['reason'])).toEqual(['Unschedulable']);
    await clock.advance(29_000);
    expect(written.map(({ body }) => body['reason'])).toEqual(['Unschedulable', 'Later']);
  });
});

describe('limits', () => {
  it('cut a chatty object short, and no other', async () => {
    const { clock, recorder, written, losses } = setup({ burst: 3, refillMs: 60_000 });
    const other = { ...regarding, metadata: { ...regarding.metadata, name: 'other', uid: 'u2' } };
    for (let index = 0; index < 10; index++) recorder.record({ ...input, note: `${index}` });
    recorder.record({ ...input, regarding: other });
    await settle();
    expect(written).toHaveLength(4);
    expect(losses).toEqual(Array(7).fill('rate_limited'));
    await clock.advance(60_000);
    recorder.record({ ...input, note: 'later' });
    recorder.record({ ...input, note: 'and one too many' });
    await settle();
    expect(written).toHaveLength(5);
  });

  it('bound the queue while the API server hangs', async () => {
    const { recorder, answers, losses } = setup({ maxQueued: 5, burst: 1000 });
    answers.push('hang');
    for (let index = 0; index < 20; index++) recorder.record({ ...input, note: `${index}` });
    await settle();
    expect(recorder.queued).toBe(5);
    expect(losses).toEqual(Array(15).fill('queue_full'));
  });
});

describe('failures', () => {
  test.each<[string, Error]>([
    ['a cut connection', new TransportError('reset')],
    ['503', new ApiError(503, {})],
    ['429', new ApiError(429, {}, 1)],
  ])('%s is tried again', async (_, error) => {
    const { clock, recorder, written, answers } = setup();
    answers.push(error, error);
    recorder.record(input);
    await clock.advance(5000);
    expect(written).toHaveLength(1);
  });

  it('an answer that was lost leads to no second Event', async () => {
    const { clock, recorder, written, answers, losses } = setup();
    answers.push(new TransportError('reset'), new ApiError(409, { reason: 'AlreadyExists' }));
    recorder.record(input);
    await clock.advance(5000);
    recorder.record(input);
    await clock.advance(300_000);
    expect(losses).toEqual([]);
    expect(written.map(({ verb }) => verb)).toEqual(['patch']);
  });

  it('end after some tries, and the next event is written', async () => {
    const { clock, recorder, written, answers, losses } = setup({ maxTries: 3 });
    answers.push(...Array<Error>(3).fill(new TransportError('reset')));
    recorder.record(input);
    recorder.record({ ...input, note: 'next' });
    await clock.advance(10_000);
    expect(losses).toEqual(['unreachable']);
    expect(written.map(({ body }) => body['note'])).toEqual(['next']);
  });

  it('a refusal is not tried again; the event is told when it happens again', async () => {
    const { clock, recorder, written, answers, losses } = setup();
    answers.push(new ApiError(403, { reason: 'Forbidden', message: 'the namespace is being terminated' }));
    recorder.record(input);
    await clock.advance(60_000);
    expect([written.length, losses]).toEqual([0, ['refused']]);
    recorder.record(input);
    await settle();
    expect(written).toHaveLength(1);
  });
});

it('writes nothing while it may not', async () => {
  let leads = false;
  const { recorder, written, losses } = setup({ mayWrite: () => leads });
  recorder.record(input);
  await settle();
  expect([written.length, losses]).toEqual([0, ['not_leader']]);
  leads = true;
  recorder.record(input);
  await settle();
  expect(written).toHaveLength(1);
});

describe('stopping', () => {
  it('finishes a write that the stop has interrupted', async () => {
    const { recorder, written, answers, losses, stop, ended } = setup();
    answers.push('hang');
    recorder.record(input);
    await settle();
    stop.abort();
    await ended;
    expect([written.length, losses]).toEqual([1, []]);
  });

  it('writes what is queued and leaves no timer', async () => {
    const { clock, recorder, written, stop, ended } = setup();
    recorder.record(input);
    await settle();
    recorder.record(input);
    recorder.record({ ...input, note: 'last words' });
    stop.abort();
    await ended;
    expect(written.map(({ body }) => body['note'])).toEqual(['No GPU is free.', 'last words']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not wait for an API server that hangs', async () => {
    const { clock, recorder, answers, losses, stop, ended } = setup({ drainTimeoutMs: 500 });
    answers.push('hang', 'hang');
    recorder.record(input);
    recorder.record({ ...input, note: 'second' });
    recorder.record({ ...input, note: 'third' });
    await settle();
    stop.abort();
    await clock.advance(500);
    await ended;
    expect(losses).toEqual(['stopped', 'stopped', 'stopped']);
  });
});
