import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { installCrds, installGatewayApi, moduleCrds } from '../../hack/cluster/index.ts';
import { LABEL } from '../../operator/api/index.ts';
import { HTTP_ROUTES } from '../../operator/controller/gateway.ts';
import { SCALED_OBJECTS } from '../../operator/controller/keda.ts';
import { MONITORING_TYPES } from '../../operator/controller/monitoring-kinds.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE } from './harness.ts';
import { BRIEF } from './rollouts.ts';

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

const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  networkPolicy: { enabled: true },
  traffic: { gateway: { parentRefs: [{ name: 'public' }] } },
  autoscaling: { minReplicas: 1, maxReplicas: 2 },
  ...BRIEF,
};
const PORTS = [{ name: 'http', port: 81, targetPort: 'http', protocol: 'TCP' }];

/** One kind of child: what somebody writes into it, and where the operator is to see it. */
interface Child {
  readonly type: ResourceType;
  readonly name: string;
  readonly patch: object;
  readonly path: string;
  /** Default: the field manager of the edit. */
  readonly by?: string;
}

const children = (revision: string): readonly Child[] => [
  { type: resources.services, name: 'chat', patch: { spec: { ports: PORTS } }, path: 'spec.ports[0]' },
  { type: resources.services, name: `chat-${revision}`, patch: { spec: { ports: PORTS } }, path: 'spec.ports[0]' },
  {
    ...{ type: resources.podDisruptionBudgets, name: `chat-${revision}`, path: 'spec.minAvailable' },
    patch: { spec: { minAvailable: '10%' } },
  },
  { type: resources.networkPolicies, name: 'chat', patch: { spec: { egress: [{}] } }, path: 'spec.egress' },
  {
    ...{ type: resources.serviceAccounts, name: 'chat', path: 'automountServiceAccountToken' },
    patch: { automountServiceAccountToken: true },
  },
  {
    ...{ type: resources.controllerRevisions, name: `chat-${revision}` },
    ...{ patch: { metadata: { labels: { [LABEL.revision]: 'x' } } }, path: `metadata.labels["${LABEL.revision}"]` },
  },
  {
    ...{ type: resources.horizontalPodAutoscalers, name: 'chat', path: 'spec.maxReplicas' },
    patch: { spec: { maxReplicas: 9 } },
  },
  {
    ...{ type: HTTP_ROUTES, name: 'chat', path: 'spec.parentRefs[0].name' },
    patch: { spec: { parentRefs: [{ name: 'mine' }] } },
  },
  {
    ...{ type: MONITORING_TYPES.PodMonitor, name: 'chat', path: 'spec.selector.matchLabels.app' },
    patch: { spec: { selector: { matchLabels: { app: 'mine' } } } },
  },
  {
    ...{ type: MONITORING_TYPES.PrometheusRule, name: 'chat-rules', path: 'spec.groups[0]' },
    patch: { spec: { groups: [{ name: 'mine', rules: [] }] } },
  },
  // Taken out of the sight of every watch: whoever removes a field leaves no name.
  {
    ...{ type: resources.podDisruptionBudgets, name: `chat-${revision}`, path: 'metadata.labels', by: 'somebody else' },
    patch: { metadata: { labels: { [LABEL.managedBy]: null } } },
  },
  {
    ...{ type: resources.deployments, name: `chat-${revision}`, path: 'spec.minReadySeconds' },
    patch: { spec: { minReadySeconds: 7 } },
  },
  {
    ...{ type: resources.deployments, name: `chat-${revision}` },
    ...{ path: 'spec.template.spec.terminationGracePeriodSeconds' },
    patch: { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } },
  },
];

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
    const all = new Map((await settled()).map((child) => [`${child.type.kind}/${child.name}`, child]));
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
  'tells what others do to a ScaledObject, and no change of the spec and no other process',
  async () => {
    const { client, namespace, signal } = bench();
    const query = { type: 'External', target: '1', external: { query: 'up', serverAddress: 'http://prometheus:9090' } };
    const keda = { provider: 'KEDA', minReplicas: 1, maxReplicas: 2, metrics: [query] };
    await bench().edit('chat', { spec: { autoscaling: keda } });
    const at = { type: SCALED_OBJECTS, name: 'chat' };
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
    await remove(at);
  },
  TEST_MS,
);
