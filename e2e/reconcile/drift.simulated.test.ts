import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { installCrds, installGatewayApi, moduleCrds } from '../../hack/cluster/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import { eventually, testCluster } from '../support/index.ts';
import { type Child, CHAT, children, hidden, SCRAPE_CONFIG } from './children.ts';
import { operatorBench, PATIENCE } from './harness.ts';
import { endRollout } from './rollouts.ts';

// Of its own: others have no prometheus-operator, no KEDA and no Gateway API.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);
const SETUP_MS = 20 * 60_000;
const TEST_MS = 300_000;

beforeAll(async () => {
  const signal = AbortSignal.timeout(SETUP_MS);
  await installGatewayApi(cluster(), signal);
  for (const what of ['prometheus-operator', 'keda'] as const)
    await installCrds(cluster(), await moduleCrds(what, signal), { what, signal });
}, SETUP_MS);

const told = (reason: string) => bench().eventNotes('chat', reason);

/** Edits one child as `someone`, and waits until the Event says so. */
async function edit({ type, name, patch, path, by = 'someone' }: Child): Promise<string> {
  const { client, namespace, signal } = bench();
  const options = { type: 'merge', fieldManager: 'someone', signal } as const;
  await client.patch(type, { namespace, name }, patch, options);
  const start = `${type.kind} ${name} was changed by ${by} (${path}`;
  await eventually(async () => {
    expect(await told('ForeignEdit')).toContainEqual(expect.stringContaining(start));
  }, PATIENCE);
  return start;
}

/** Deletes one child, and waits until it is there again and the Event says so. */
async function remove({ type, name }: Pick<Child, 'type' | 'name'>): Promise<void> {
  const { client, namespace, signal } = bench();
  const { uid } = (await client.get(type, { namespace, name }, { signal })).metadata;
  await client.delete(type, { namespace, name }, { signal });
  await eventually(async () => {
    expect((await client.get(type, { namespace, name }, { signal })).metadata.uid).not.toBe(uid);
    const start = `${type.kind} ${name} was deleted by somebody else.`;
    expect(await told('ForeignDelete')).toContainEqual(expect.stringContaining(start));
  }, PATIENCE);
}

beforeEach(async () => {
  await bench().create('chat', CHAT);
  await bench().condition('chat', 'Available', 'True');
});

/** What there is to be, once it is all there and the operator is at rest; nothing has been told of others yet. */
async function settled(): Promise<readonly Child[]> {
  const { client, namespace, signal } = bench();
  const all = children((await bench().status('chat')).serving?.revision ?? '');
  for (const { type, name } of all) await eventually(() => client.get(type, { namespace, name }, { signal }), PATIENCE);
  await bench().rest();
  expect([...(await told('ForeignEdit')), ...(await told('ForeignDelete'))]).toEqual([]);
  return all;
}

/** One of each object: some are edited in two ways. */
const objects = (all: readonly Child[]): ReadonlyMap<string, Child> =>
  new Map(all.map((child) => [`${child.type.kind}/${child.name}`, child]));

/** Waits until it is there no more. */
async function gone({ type, name }: Pick<Child, 'type' | 'name'>): Promise<void> {
  const { client, namespace, signal } = bench();
  await eventually(async () => {
    const found = await client.get(type, { namespace, name }, { signal }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found !== undefined) throw new Error(`${type.kind} ${name} is there`);
  }, PATIENCE);
}

// An object has room for some 25 Events at once: edits and deletions have a test each.
it(
  'puts every kind of child back that somebody edits, and tells it once, by whose edit it was',
  async () => {
    const edits: string[] = [];
    for (const child of await settled()) {
      edits.push(await edit(child));
      await bench().rest(300);
    }
    await bench().condition('chat', 'Available', 'True');
    await bench().rest();
    const notes = await told('ForeignEdit');
    expect(notes.filter((note) => !edits.some((start) => note.startsWith(start)))).toEqual([]);
    expect(notes).toHaveLength(edits.length);
    expect(await told('ForeignDelete')).toEqual([]);
  },
  TEST_MS,
);

it(
  'makes every kind of child again that somebody deletes, and tells it once',
  async () => {
    const all = objects(await settled());
    for (const child of all.values()) {
      await remove(child);
      await bench().rest(300);
    }
    await bench().condition('chat', 'Available', 'True');
    await bench().rest();
    expect(await told('ForeignDelete')).toHaveLength(all.size);
    expect(await told('ForeignEdit')).toEqual([]);
  },
  TEST_MS,
);

it(
  'finds every kind of child again that somebody hides from it by taking its labels away, and tells it once',
  async () => {
    const all = objects(await settled());
    for (const child of all.values()) {
      await edit(hidden(child));
      await bench().rest(300);
    }
    await bench().condition('chat', 'Available', 'True');
    await bench().rest();
    expect(await told('ForeignEdit')).toHaveLength(all.size);
    expect(await told('ForeignDelete')).toEqual([]);
    // A route is followed whosesoever it is; one that is ours no more is not taken over.
    const { client, namespace, signal } = bench();
    const options = { type: 'merge', fieldManager: 'someone', signal } as const;
    await client.patch(HTTP_ROUTES, { namespace, name: 'chat' }, { metadata: { ownerReferences: null } }, options);
    expect(await bench().condition('chat', 'Ready', 'False', 'NameConflict')).toContain('HTTPRoute chat exists');
    await client.delete(HTTP_ROUTES, { namespace, name: 'chat' }, { signal });
    await bench().condition('chat', 'Available', 'True');
    await eventually(() => client.get(HTTP_ROUTES, { namespace, name: 'chat' }, { signal }), PATIENCE);
  },
  TEST_MS,
);

it(
  'takes every kind of child away that is not asked for any more, puts a ScrapeConfig back in the place of a PodMonitor, and tells of others alone',
  async () => {
    const { client, namespace, signal } = bench();
    await settled();
    const asked = { networkPolicy: { enabled: false }, traffic: null, autoscaling: null };
    await bench().edit('chat', { spec: { ...asked, replicas: 1, monitoring: { scrape: 'ScrapeConfig' } } });
    await gone({ type: resources.networkPolicies, name: 'chat' });
    await gone({ type: resources.horizontalPodAutoscalers, name: 'chat' });
    await gone({ type: HTTP_ROUTES, name: 'chat' });
    await gone({ type: MONITORING_TYPES.PodMonitor, name: 'chat' });
    await eventually(() => client.get(SCRAPE_CONFIG.type, { namespace, name: 'chat' }, { signal }), PATIENCE);
    await bench().rest();
    await edit(SCRAPE_CONFIG);
    await bench().rest(300);
    await edit(hidden(SCRAPE_CONFIG));
    await bench().rest(300);
    await remove(SCRAPE_CONFIG);
    await bench().rest(300);
    await bench().edit('chat', { spec: { monitoring: { scrape: 'None', rules: false } } });
    await gone(SCRAPE_CONFIG);
    await gone({ type: MONITORING_TYPES.PrometheusRule, name: 'chat-rules' });

    const first = (await bench().status('chat')).serving?.revision ?? '';
    const rollout = { revisionHistoryLimit: 1 };
    await bench().edit('chat', { spec: { rollout, podTemplate: { serviceAccountName: 'default' } } });
    const second = await endRollout(bench(), 'chat');
    await gone({ type: resources.serviceAccounts, name: 'chat' });
    for (const type of [resources.deployments, resources.services, resources.podDisruptionBudgets])
      await gone({ type, name: `chat-${first}` });
    // What serves, what a rollback would go to, and one more are kept.
    for (const name of ['deepseek-r1-distill-qwen-7b', 'deepseek-r1-distill-llama-8b']) {
      await bench().edit('chat', { spec: { model: { name } } });
      await endRollout(bench(), 'chat');
    }
    await gone({ type: resources.controllerRevisions, name: `chat-${first}` });
    await client.get(resources.controllerRevisions, { namespace, name: `chat-${second}` }, { signal });
    expect(await told('ForeignEdit')).toHaveLength(2);
    expect(await told('ForeignDelete')).toHaveLength(1);
  },
  TEST_MS,
);

it(
  'tells what others do to a ScaledObject, and no change of the spec and no other process',
  async () => {
    const { client, namespace, signal } = bench();
    const query = { type: 'External', target: '1', external: { query: 'up', serverAddress: 'http://prometheus:9090' } };
    const keda = { provider: 'KEDA', minReplicas: 1, maxReplicas: 2, metrics: [query] };
    await bench().edit('chat', { spec: { autoscaling: keda } });
    const at = { type: SCALED_OBJECTS, name: 'chat' } as const;
    await eventually(() => client.get(SCALED_OBJECTS, { namespace, name: 'chat' }, { signal }), PATIENCE);
    await bench().rest();
    await bench().edit('chat', {
      spec: {
        autoscaling: { maxReplicas: 3 },
        disruption: { minAvailablePercent: 60 },
        traffic: { service: { port: 81 } },
      },
    });
    await bench().rest();
    await bench().stopOperator();
    await bench().startOperator();
    await bench().rest();
    expect([...(await told('ForeignEdit')), ...(await told('ForeignDelete'))]).toEqual([]);
    await edit({ ...at, patch: { spec: { maxReplicaCount: 9 } }, path: 'spec.maxReplicaCount' });
    await bench().rest(300);
    await edit(hidden(at));
    await bench().rest(300);
    await remove(at);
    await bench().edit('chat', { spec: { autoscaling: { ...keda, provider: 'HPA', metrics: null } } });
    await gone(at);
  },
  TEST_MS,
);
