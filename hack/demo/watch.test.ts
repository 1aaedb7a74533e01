import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { watchModels } from './watch.ts';

function model(name: string, ready: boolean): KubeObject {
  const condition = {
    type: 'Ready',
    status: ready ? 'True' : 'False',
    reason: ready ? 'Available' : 'Unschedulable',
    message: 'No T4 is free.',
    observedGeneration: 1,
  };
  const object = {
    apiVersion: 'v1',
    kind: 'DeepSeekDeployment',
    metadata: { name, generation: 1 },
    spec: {},
    status: { conditions: [condition] },
  };
  return object;
}

/** Answers each list of models with the next of `states`, the last for ever, and every other list with nothing. */
function clientOf(...states: KubeObject[][]): KubeClient {
  let asked = 0;
  const list = async ({ kind }: ResourceType) => {
    const items = kind === 'DeepSeekDeployment' ? (states[Math.min(asked++, states.length - 1)] ?? []) : [];
    return { items, resourceVersion: '1' };
  };
  return { list } as unknown as KubeClient;
}

async function watch(
  client: KubeClient,
  timeoutMs: number,
): Promise<{ readonly output: string; readonly error?: Error }> {
  const stream = new PassThrough();
  const options = { namespace: 'default', names: ['a', 'b'], signal: AbortSignal.timeout(30_000) };
  const error = await watchModels({
    ...options,
    client,
    timeoutMs,
    output: stream as unknown as NodeJS.WriteStream,
  }).then(
    () => undefined,
    (failure: unknown) => failure as Error,
  );
  return { output: String(stream.read()), ...(error && { error }) };
}

describe('watchModels', () => {
  it('ends when every model that was asked for is Ready', async () => {
    const states = [
      [model('a', false)],
      [model('a', true)],
      [model('a', true), model('b', true), model('foreign', false)],
    ];
    const { output, error } = await watch(clientOf(...states), 30_000);
    expect(error).toBeUndefined();
    const lines = output.split('\n').filter((line) => /^[ab] /.test(line));
    expect(lines).toEqual(['a  Unschedulable  0/1', 'a  Ready  0/1', 'b  Ready  0/1']);
    expect(output).not.toContain('foreign');
  });

  it('ends with the reasons when the time is over', async () => {
    const { error } = await watch(clientOf([model('a', true), model('b', false)]), -1);
    expect(error).toMatchObject({
      name: 'NotReadyError',
      message: expect.stringContaining('  b: Unschedulable: No T4 is free.'),
    });
    expect(error?.message).not.toContain('  a:');
  });

  it('does not take a model that is not there for Ready', async () => {
    const { error } = await watch(clientOf([model('a', true)]), -1);
    expect(error?.message).toContain('b: is not in the cluster');
  });
});
