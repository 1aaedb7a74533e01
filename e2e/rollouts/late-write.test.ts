import { expect, it } from '@jest/globals';
import { ApiError, TransportError } from '../../operator/kube/errors.ts';
import { arriveLate, type Signalled } from './late-write.ts';

/** What became of a write that was called off while it was on its way: the answer of the server, and what was told of it. */
async function late(answer: () => Promise<string>): Promise<{ readonly came: unknown; readonly told: number[] }> {
  const gate = Promise.withResolvers<undefined>();
  const told: number[] = [];
  const call = ({ signal }: Signalled): Promise<string> => {
    signal.throwIfAborted();
    return answer();
  };
  const write = { until: gate.promise, onArrival: (status: number) => void told.push(status) };
  const written = arriveLate(write, { signal: AbortSignal.abort() }, call).catch((error: unknown) => error);
  expect(told).toEqual([]);
  gate.resolve(undefined);
  return { came: await written, told };
}

it('a late write arrives although it was called off, and its arrival is told', async () => {
  expect(await late(() => Promise.resolve('done'))).toEqual({ came: 'done', told: [200] });
});

it('what the server refuses has arrived; what it never saw has not', async () => {
  const conflict = ApiError.fromResponse(409, '{}');
  expect(await late(() => Promise.reject(conflict))).toEqual({ came: conflict, told: [409] });
  const cut = new TransportError('cut');
  expect(await late(() => Promise.reject(cut))).toEqual({ came: cut, told: [] });
});
