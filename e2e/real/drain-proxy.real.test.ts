import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeSamples, measure } from '../../hack/bench/drain-proxy/measure.ts';
import { testCluster } from '../support/index.ts';
import { SMALL, testStage } from './stage.ts';

const NAMESPACE = 'drain-proxy';
const LIMIT_MS = 240_000;
const ROUNDS = 3;
/** Less than the bench on loopback takes: an engine answers in milliseconds. */
const ROUND = { calls: 150, throughputMs: 2_000 } as const;
const WAYS = { none: 'Disabled', haproxy: 'Enabled' } as const;

/** An engine that answers at once, as far as the simulator does. */
const FAST = ['SIMULATOR_TIME_TO_FIRST_TOKEN', 'SIMULATOR_INTER_TOKEN_LATENCY'].map((name) => ({ name, value: '0' }));

describe('the drain proxy on a real node', () => {
  const stage = testStage(testCluster('real'));

  beforeAll(async () => {
    await stage.kubectl(['create', 'namespace', NAMESPACE]);
    for (const [name, drainProxy] of Object.entries(WAYS)) {
      const spec = { ...SMALL, replicas: 1, engine: { env: FAST }, termination: { drainProxy } };
      await stage.declare(NAMESPACE, name, spec);
    }
    for (const name of Object.keys(WAYS)) await stage.ready(NAMESPACE, name);
  }, LIMIT_MS);

  afterAll(async () => {
    await stage.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await stage.kubectl(['delete', 'pods', '-n', NAMESPACE, '--all', '--force', '--grace-period=0']);
  }, 60_000);

  it(
    'says what it costs: first tokens and throughput with and without, through the NodePort',
    async () => {
      const samples = new Map(Object.keys(WAYS).map((name) => [name, [] as Awaited<ReturnType<typeof measure>>[]]));
      for (let round = 0; round < ROUNDS; round++) {
        for (const [name, all] of samples) {
          const path = '/v1/completions';
          const body = { model: name, prompt: '2+2=', max_tokens: 4, temperature: 0 };
          const url = await stage.url(NAMESPACE, name);
          const target = { url, call: { path, body }, stream: { path, body: { ...body, stream: true } } };
          all.push(await measure(target, ROUND));
        }
      }
      process.stderr.write(`\n${describeSamples(samples)}`);
      // Each was measured as it is called.
      const portOf = (name: string) =>
        stage.kubectl(['get', 'service', '-n', NAMESPACE, name, '-o', 'jsonpath={.spec.ports[0].targetPort}']);
      expect(await Promise.all(Object.keys(WAYS).map(portOf))).toEqual(['http', '9000']);
    },
    LIMIT_MS,
  );
});
