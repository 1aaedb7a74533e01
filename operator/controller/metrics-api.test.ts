import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApiError } from '../kube/errors.ts';
import { FakeClock, settle } from '../kube/testing/fake-clock.ts';
import { MetricsApiReader } from './metrics-api.ts';

let clock: FakeClock;
let stop: AbortController;
let reader: MetricsApiReader;
let asked: { readonly path: string; readonly retry: boolean | undefined }[];
/** What a group and version serves, or why it does not; 'Hangs': it never answers. Default: 404. */
let answers: Record<string, readonly string[] | Error | 'Hangs'>;

beforeEach(() => {
  clock = new FakeClock();
  stop = new AbortController();
  asked = [];
  answers = {};
  reader = new MetricsApiReader({
    clock,
    client: {
      apiResources: async (group, version, { signal, retry }) => {
        const path = `${group.split('.')[0] ?? ''}/${version}`;
        asked.push({ path, retry });
        const answer = answers[path] ?? new ApiError(404, { message: 'not found' });
        if (answer instanceof Error) throw answer;
        if (answer !== 'Hangs') return [...answer];
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
      },
    },
  });
});
const read = () => reader.read(stop.signal);

it('says what is served, in the newest version, and which API nobody serves', async () => {
  answers = { 'custom/v1beta1': ['pods/queue_depth'] };
  expect(await read()).toEqual({ custom: ['pods/queue_depth'], external: undefined });
  expect(asked.map(({ path }) => path)).toEqual(['custom/v1beta2', 'custom/v1beta1', 'external/v1beta1']);
});

describe.each<[string, Error | 'Hangs']>([
  ['fails', new ApiError(503, { message: 'the server is currently unable to handle the request' })],
  ['may not be asked', new ApiError(403, { reason: 'Forbidden', message: 'forbidden' })],
  ['hangs', 'Hangs'],
])('an adapter that %s', (_, answer) => {
  it('is asked once in 30 s, without retries, and holds a pass for no more than 2 s', async () => {
    answers = { 'custom/v1beta2': answer };
    const first = read();
    await clock.advance(2_000);
    expect(await first).toBeUndefined();
    expect(await read()).toBeUndefined();
    expect(asked).toEqual([{ path: 'custom/v1beta2', retry: false }]);
    await clock.advance(30_000);
    answers = { 'custom/v1beta2': ['pods/queue_depth'] };
    expect(await read()).toMatchObject({ custom: ['pods/queue_depth'] });
    expect(clock.pendingTimers).toBe(0);
  });
});

it('throws when the pass is stopped, and has learned nothing from that', async () => {
  answers = { 'custom/v1beta2': 'Hangs' };
  const reading = read();
  await settle();
  stop.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  stop = new AbortController();
  answers = { 'custom/v1beta2': [] };
  expect(await read()).toMatchObject({ custom: [] });
});
