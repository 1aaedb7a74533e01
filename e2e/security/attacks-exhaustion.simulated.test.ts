import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AuditEntry, readAudit } from '../../hack/cluster/index.ts';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { namespaced, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, kubectl, testCluster } from '../support/index.ts';
import { type Attacker, MODEL, refusal, testAttacker } from './attacker.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const attack = testAttacker(cluster);

/** In CI some hundred; `make attack` sends ten thousand. */
const MANY = Number(process.env['ATTACK_MODELS'] ?? 200);
const TEST_MS = 120_000 + MANY * 100;
/** Requests under way at the same time. */
const HANDS = 16;
const RESOURCE_QUOTAS = namespaced<KubeObject & { readonly status?: { readonly used?: object } }>(
  '',
  'v1',
  'ResourceQuota',
  'resourcequotas',
);
/** What cannot work on any node, and is told so in a pass. */
const BROKEN = { model: { name: 'deepseek-v3' }, accelerator: { type: 'T4' } };

/** Sends `count` attempts, several at once. */
async function many(count: number, attempt: (index: number) => Promise<unknown>): Promise<void> {
  const indices = Array.from({ length: count }, (_, index) => index).values();
  const one = async (): Promise<void> => {
    for (const index of indices) await attempt(index);
  };
  await Promise.all(Array.from({ length: HANDS }, one));
}

/** Lines of the operator's metrics that speak of such a model. */
async function series(telemetry: string, name: string): Promise<readonly string[]> {
  const text = await (await fetch(`http://${telemetry}/metrics`, { signal: bench().signal })).text();
  return text.split('\n').filter((line) => line.includes(`name="${name}`));
}

async function deleteModels({ client, namespace }: Attacker, count: number): Promise<void> {
  const { signal } = bench();
  await many(count, (index) => client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: `evil-${index}` }, { signal }));
}

it(
  `${MANY} models that cannot work are refused one by one, make nothing, and leave no series behind`,
  async () => {
    const telemetry = await bench().telemetry();
    const attacker = await attack(bench());
    await many(MANY, (index) => attacker.create(`evil-${index}`, BROKEN));
    const patience = { timeoutMs: TEST_MS, intervalMs: 500 };
    const phases = () => series(telemetry, 'evil-');
    await eventually(async () => {
      const told = (await phases()).filter((line) => line.startsWith('deepseek_operator_deployment_reason'));
      if (told.length < MANY) throw new Error(`${told.length} of ${MANY} have been told`);
    }, patience);
    await bench().rest();
    const { client, namespace, signal } = bench();
    expect((await client.list(resources.deployments, { namespace, signal })).items).toEqual([]);
    expect((await client.list(resources.services, { namespace, signal })).items).toEqual([]);
    const writes = (await bench().requests()).filter(({ verb, resource }) => verb === 'patch' && resource !== 'events');
    expect(writes.length).toBeLessThanOrEqual(2 * MANY);

    await deleteModels(attacker, MANY);
    await eventually(async () => expect(await phases()).toEqual([]), patience);
  },
  TEST_MS,
);

/** What the operator made of this kind, in the order in which it did: a server-side apply that creates is answered with 201. */
const made = (entries: readonly AuditEntry[], kind: string): readonly AuditEntry[] =>
  entries.filter(({ verb, code, resource }) => verb === 'patch' && code === 201 && resource === kind);
const isOf =
  (model: string) =>
  ({ name = '' }: AuditEntry): boolean =>
    name.startsWith(`${model}-`);
const before = (a: AuditEntry, b: AuditEntry): boolean => a.received.getTime() < b.received.getTime();

/** What anybody but the operator has asked about models since the test began. */
async function changes(...of: readonly string[]): Promise<readonly AuditEntry[]> {
  const entries = await readAudit(cluster().auditLog, {});
  return entries.filter(
    ({ user, verb, resource, namespace = '' }) =>
      user !== bench().operatorUser &&
      ['create', 'patch'].includes(verb) &&
      resource === 'deepseekdeployments' &&
      of.includes(namespace),
  );
}

it('a model of another namespace has its turn at once, while hundreds of one wait', async () => {
  const { client, signal, namespace } = bench();
  const own = `${namespace}-bank`;
  const count = 300;
  await bench().stopOperator();
  await bench().startOperator({ namespaces: [namespace, own] });
  await client.create(
    resources.namespaces,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
    { signal },
  );
  try {
    const attacker = await attack(bench());
    await many(count, (index) => attacker.create(`evil-${index}`, { replicas: 0 }));
    const metadata = { name: 'chat', namespace: own };
    const chat = { apiVersion: API_VERSION, kind: KIND, metadata, spec: { ...MODEL, replicas: 0 } };
    await client.create(DEEPSEEK_DEPLOYMENTS, chat, { signal });
    const all = await eventually(
      async () => {
        const deployments = made(await bench().requests(), 'deployments');
        if (deployments.length < count + 1) throw new Error(`${deployments.length} of ${count + 1} have children`);
        return deployments;
      },
      { timeoutMs: 110_000, intervalMs: 500 },
    );
    const asked = (await changes(own))[0];
    const answered = all.find(isOf('chat'));
    if (asked === undefined || answered === undefined) throw new Error('nobody has asked, or nobody has answered');
    const waiting = all.filter((entry) => isOf('evil')(entry) && before(asked, entry));
    // Else it says nothing.
    expect(waiting.length).toBeGreaterThan(100);
    expect(waiting.filter((entry) => before(entry, answered)).length).toBeLessThan(40);
  } finally {
    await client.delete(resources.namespaces, { name: own }, { signal });
  }
}, 180_000);

/** A change to what its pods run, each time another one. */
const anew = (): object => ({ spec: { engine: { env: [{ name: 'VERSION', value: crypto.randomUUID() }] } } });

it('a model that changes 50 times a second is one among others, and leaves little behind', async () => {
  const { client: admin, namespace, signal } = bench();
  const { client, create } = await attack(bench());
  await create('evil', { replicas: 0 });
  const others = Array.from({ length: 5 }, (_, index) => `chat-${index}`);
  for (const name of others) await bench().create(name, { ...MODEL, replicas: 0 });
  for (const name of ['evil', ...others]) await bench().condition(name, 'PlanAccepted', 'True');
  await bench().rest();
  const known = (await bench().requests()).length;

  const flapping = new AbortController();
  const flap = async (): Promise<number> => {
    let count = 0;
    for (; !flapping.signal.aborted; count++) {
      await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'evil' }, anew(), { type: 'merge', signal });
      await sleep(20);
    }
    return count;
  };
  const startedAt = performance.now();
  const flapped = flap();
  for (let index = 0; index < 20; index++) {
    await bench().edit(others[index % others.length] ?? '', anew());
    await sleep(250);
  }
  flapping.abort();
  const flaps = await flapped;
  await bench().rest();
  const seconds = (performance.now() - startedAt) / 1000;

  const requests = (await bench().requests()).slice(known);
  const revisions = made(requests, 'controllerrevisions');
  const evil = revisions.filter(isOf('evil'));
  expect(evil.length).toBeGreaterThan(0);
  // Ten are followed at once, and then one in a second, however many come.
  expect(evil.length).toBeLessThanOrEqual(11 + seconds);
  expect(flaps).toBeGreaterThan(evil.length);
  const asked = (await changes(namespace)).filter(({ verb, name = '' }) => verb === 'patch' && others.includes(name));
  for (const change of asked) {
    const answer = revisions.filter(isOf(change.name ?? '')).find((entry) => !before(entry, change));
    const between = evil.filter((entry) => !before(entry, change) && (answer === undefined || before(entry, answer)));
    expect(between.length).toBeLessThanOrEqual(5);
  }
  const writes = requests.filter(({ verb, uri }) => verb !== 'watch' && verb !== 'get' && uri.includes('/evil'));
  expect(writes.length).toBeLessThanOrEqual(14 * (evil.length + 1));
  const ofEvil = ({ metadata }: KubeObject): boolean => metadata.name.startsWith('evil-');
  const left = async (kind: ResourceType): Promise<number> =>
    (await admin.list<KubeObject>(kind, { namespace, signal })).items.filter(ofEvil).length;
  expect(await left(resources.controllerRevisions)).toBeLessThanOrEqual(7);
  expect(await left(resources.deployments)).toBeLessThanOrEqual(2);
  expect(await left(resources.services)).toBeLessThanOrEqual(2);
  expect((await bench().eventReasons('evil')).length).toBeLessThanOrEqual(30);
}, 120_000);

describe('a model that is huge', () => {
  const long = { podTemplate: { affinity: { text: 'x'.repeat(1_300_000) } } };

  it('is refused with how long it may be, has no children, is nothing to others, and heals', async () => {
    const { client, namespace, signal } = bench();
    const { create } = await attack(bench());
    const annotations = { note: 'x'.repeat(200_000) };
    for (let index = 0; index < 5; index++) await create(`evil-${index}`, long, { annotations });
    expect(await bench().condition('evil-0', 'Stalled', 'True', 'InvalidSpec')).toContain('and may be 200 KiB');
    for (let index = 1; index < 5; index++) await bench().condition(`evil-${index}`, 'Stalled', 'True', 'InvalidSpec');
    await bench().create('chat', { ...MODEL, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
    const { items } = await client.list(resources.controllerRevisions, { namespace, signal });
    expect(items.map(({ metadata }) => metadata.name).filter((name) => name.startsWith('evil'))).toEqual([]);
    await bench().edit('evil-0', { spec: { podTemplate: null } });
    await bench().condition('evil-0', 'Ready', 'True');
  });

  // The API server takes ten thousand levels, and programs that follow them one call each do not.
  it.each([100, 3_000, 9_000])(
    'in depth is refused, and nobody else is any worse for it: %d levels',
    async (levels) => {
      const { namespace } = bench();
      const affinity = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
      const metadata = { name: 'evil', namespace };
      const model = {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata,
        spec: { ...MODEL, podTemplate: { affinity: 'DEEP' } },
      };
      const input = JSON.stringify(model).replace('"DEEP"', affinity);
      const path = `/apis/${API_VERSION}/namespaces/${namespace}/deepseekdeployments`;
      await kubectl(cluster(), 'mallory', ['create', '--raw', path, '-f', '-'], { input });
      expect(await bench().condition('evil', 'Stalled', 'True', 'InvalidSpec')).toContain(
        'nested deeper than 64 levels',
      );
      await bench().create('chat', { ...MODEL, replicas: 1 });
      await bench().condition('chat', 'Ready', 'True');
      await bench().stopOperator();
      await bench().startOperator();
      await bench().edit('evil', { spec: { podTemplate: null } });
      await bench().condition('evil', 'Ready', 'True');
    },
  );

  it('without room for a status is in the log, and repeated once in a while', async () => {
    const { create } = await attack(bench());
    // etcd takes 1.5 MiB; the managed fields of a short list are some hundred bytes.
    const room = { podTemplate: { affinity: { text: 'x'.repeat(1.5 * 2 ** 20 - 1_700) } } };
    await create('evil', room);
    await eventually(() => {
      expect(JSON.stringify(bench().log)).toContain('request is too large');
    }, PATIENCE);
    await bench().create('chat', { ...MODEL, replicas: 1 });
    await bench().condition('chat', 'Ready', 'True');
  });

  it.each<[string, object, object, RegExp]>([
    ['in all', { podTemplate: { affinity: { text: 'x'.repeat(1_600_000) } } }, {}, /too large/],
    ['in its annotations', {}, { annotations: { a: 'x'.repeat(300_000) } }, /may not be more than 262144 bytes/],
    [
      'in gates',
      { rollout: { gates: Array.from({ length: 5_000 }, () => ({ metric: 'ErrorRatio', max: '1' })) } },
      {},
      /must have at most 16 items/,
    ],
    [
      'in variables',
      { engine: { env: Array.from({ length: 5_000 }, (_, index) => ({ name: `V${index}`, value: 'x' })) } },
      {},
      /must have at most 64 items/,
    ],
    ['in arguments', { engine: { extraArgs: Array.from({ length: 5_000 }, () => '-x') } }, {}, /at most 128 items/],
  ])('%s is refused before it is stored', async (_, spec, metadata, words) => {
    const { create } = await attack(bench());
    expect(await refusal(create('evil', spec, metadata))).toMatch(words);
  });
});

it('a quota on models holds: the first beyond it is refused, and those before it are there', async () => {
  const { client, namespace, signal } = bench();
  const hard = { 'count/deepseekdeployments.deepseek-operator.io': '3' };
  const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'models', namespace }, spec: { hard } };
  await client.create(RESOURCE_QUOTAS, quota, { signal });
  await eventually(async () => {
    const { status } = await client.get(RESOURCE_QUOTAS, { namespace, name: 'models' }, { signal });
    expect(status?.used).toEqual({ 'count/deepseekdeployments.deepseek-operator.io': '0' });
  }, PATIENCE);
  const { create } = await attack(bench());
  for (let index = 0; index < 3; index++) await create(`evil-${index}`, { replicas: 0 });
  expect(await refusal(create('evil-3', { replicas: 0 }))).toMatch(/exceeded quota: models/);
});

describe('a label of a metric', () => {
  it.each<[string, string, object, RegExp]>([
    ['a name with quotes', 'a"} 1\nevil{b="', {}, /metadata.name/],
    ['a name that is too long', 'e'.repeat(46), {}, /may not be longer than 45/],
    ['a gate with quotes', 'evil', { rollout: { gates: [gate('a"b\n')] } }, /lower-case letters, digits and dashes/],
    ['a query for all versions', 'evil', { rollout: { gates: [gate('a', 'up')] } }, /must contain \{\{revision\}\}/],
    ['a label of monitoring', 'evil', { monitoring: { labels: { 'a"': 'b\n' } } }, /label/],
  ])('%s is refused', async (_, name, spec, words) => {
    const { create } = await attack(bench());
    expect(await refusal(create(name, spec))).toMatch(words);
  });
});

function gate(name: string, query = 'up{revision="{{revision}}"}'): object {
  return { metric: 'Query', name, query, max: '1' };
}
