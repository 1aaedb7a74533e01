import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Rule } from '../rules.ts';
import { SimulatorClient } from './client.ts';
import { serveControl } from './server.ts';
import type { ControlServer } from './server.ts';
import { SimulatorError } from './types.ts';
import type { PodRecord, SimulatorControl } from './types.ts';

const record: PodRecord = {
  namespace: 'ai',
  name: 'chat-1',
  uid: 'u1',
  node: 'a100-0',
  labels: {},
  state: 'ready',
  restarts: 0,
  requests: { total: 3, errors: 1, inFlight: 0 },
};

/** Remembers what it was asked. */
class RecordingControl implements SimulatorControl {
  readonly calls: string[] = [];
  readonly #rules: Rule[] = [];

  info = async () => ({ enginePort: 20_000, seed: 7, timeScale: 0.5 });
  pods = async () => [record];
  rules = async () => this.#rules;
  setRule = async (rule: Rule) => void this.#rules.push(rule);
  removeRule = async (name: string) => void this.calls.push(`remove ${name}`);
  restoreNode = async (name: string) => void this.calls.push(`restore ${name}`);
  reset = async () => void this.calls.push('reset');
  loseNode = async (name: string) => {
    if (name === 'unknown') throw new SimulatorError('NO_SUCH_NODE', 'The cluster has no node unknown.');
    this.calls.push(`lose ${name}`);
  };
}

describe('the control API', () => {
  let control: RecordingControl;
  let server: ControlServer;
  let client: SimulatorClient;
  beforeEach(async () => {
    control = new RecordingControl();
    server = await serveControl(control, 0);
    client = new SimulatorClient(server.url);
  });
  afterEach(() => server.close());

  it('carries every call', async () => {
    expect(await client.info()).toEqual({ enginePort: 20_000, seed: 7, timeScale: 0.5 });
    expect(await client.pods()).toEqual([record]);
    const rule: Rule = { name: 'slow/chat', match: { deployment: 'chat' }, behaviour: { slowFactor: 3 } };
    await client.setRule(rule);
    expect(await client.rules()).toEqual([rule]);
    await client.removeRule('slow/chat');
    await client.loseNode('a100-0');
    await client.restoreNode('a100-0');
    await client.reset();
    expect(control.calls).toEqual(['remove slow/chat', 'lose a100-0', 'restore a100-0', 'reset']);
  });

  it('refuses with a code and a sentence', async () => {
    await expect(client.loseNode('unknown')).rejects.toMatchObject({
      code: 'NO_SUCH_NODE',
      message: 'The cluster has no node unknown.',
    });
    const bad = { name: 'r', match: {}, behaviour: { failure: 'explode' } } as unknown as Rule;
    await expect(client.setRule(bad)).rejects.toMatchObject({
      code: 'INVALID_RULE',
      message: expect.stringContaining('behaviour.failure'),
    });
    expect((await fetch(`${server.url}/v1/nothing`)).status).toBe(404);
    expect((await fetch(`${server.url}/v1/rules`, { method: 'POST', body: '{' })).status).toBe(400);
  });

  it('says when nobody answers', async () => {
    await server.close();
    await expect(client.info()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(server.url),
    });
  });
});
