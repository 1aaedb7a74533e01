import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { API_VERSION, isReason, KIND, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { type FuzzedSpec, TEMPERS } from '../../operator/api/testing/specs.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { arrivals, HEALTHY } from '../../operator/controller/testing/fuzz.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';

const OBJECTS = Number(process.env['FUZZ_HEALED'] ?? 21);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
/** Each has GPUs for its pods as it came, and for those that it gets. */
const AT_ONCE = 7;
const NODES = 12;
/** What came may get ready; what waits for others never does. */
const CHANCE_MS = 5_000;
const PATIENCE = { timeoutMs: 180_000, intervalMs: 250 } as const;
const LIMIT_MS = 900_000;

/** One of its own: what comes here asks for every GPU that there is. */
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

/** As many of each temper, of those that the API server takes. */
function specs(): readonly FuzzedSpec[] {
  const each = Math.ceil(OBJECTS / TEMPERS.length);
  const isTaken = ({ spec }: { readonly spec: unknown }): boolean =>
    parseDeepSeekDeployment({ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'f', namespace: 'f' }, spec }).ok;
  const found = TEMPERS.map((temper) =>
    fc.sample(arrivals(temper).filter(isTaken), { numRuns: each, seed: SEED }).map(({ spec }) => spec as FuzzedSpec),
  );
  return found.flat();
}

const readyOf = async (name: string) => {
  const { metadata, status } = await bench().get(name);
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return status?.observedGeneration === metadata.generation ? ready : undefined;
};

/** What became of it as it came: the reason of its condition Ready. */
async function outcome(name: string): Promise<string> {
  const answered = await eventually(async () => {
    const ready = await readyOf(name);
    if (ready === undefined) throw new Error(`${name} has no answer`);
    return ready;
  }, PATIENCE);
  const wait = { ...PATIENCE, timeoutMs: CHANCE_MS };
  const last = await eventually(async () => {
    const ready = await readyOf(name);
    if (ready?.status !== 'True') throw new Error(`${name} is not ready`);
    return ready;
  }, wait).catch(async () => (await readyOf(name)) ?? answered);
  expect(last).toMatchObject({ reason: expect.any(String), message: expect.stringMatching(/./) });
  expect(isReason(last.reason)).toBe(true);
  return last.status === 'True' ? 'Ready' : last.reason;
}

/** All pods of the spec that it has now serve. */
async function serves(name: string): Promise<void> {
  await eventually(async () => {
    const ready = await readyOf(name);
    const { serving, candidate } = await bench().status(name);
    if (ready?.status !== 'True' || candidate !== undefined)
      throw new Error(`${name} does not heal: ${JSON.stringify({ ready, serving, candidate })}`);
    const pods = (await bench().pods(name)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    expect(pods.map(({ status }) => status?.phase)).toEqual(Array.from({ length: HEALTHY.replicas }, () => 'Running'));
  }, PATIENCE);
}

async function leave(name: string): Promise<void> {
  const { client, namespace, signal } = bench();
  await client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name }, { signal });
  await eventually(async () => {
    const found = await client.get(DEEPSEEK_DEPLOYMENTS, { namespace, name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found !== undefined) throw new Error(`${name} is still there`);
  }, PATIENCE);
}

it(
  `whatever came, the correction serves (${OBJECTS} objects, seed ${SEED})`,
  async () => {
    await bench().pool({ accelerator: HEALTHY.accelerator.type, nodes: NODES, gpusPerNode: 8, open: true });
    const waiting = specs().entries();
    const outcomes = new Map<string, number>();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (const [index, spec] of waiting) {
          const name = `f-${index}`;
          await bench().create(name, spec);
          const became = await outcome(name);
          outcomes.set(became, (outcomes.get(became) ?? 0) + 1);
          const { client, namespace, signal } = bench();
          const correction = [{ op: 'replace', path: '/spec', value: { ...HEALTHY, ...BRIEF } }];
          await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name }, correction, { type: 'json', signal });
          await serves(name);
          await leave(name);
        }
      }),
    );
    console.log(JSON.stringify({ seed: SEED, outcomes: Object.fromEntries(outcomes) }));
    // Were all refused, the correction would be a first deployment each time.
    expect(outcomes.size).toBeGreaterThan(2);
  },
  LIMIT_MS,
);
