import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { GROUP, PLURAL } from '../../operator/api/names.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import { kubectl as run, OPERATOR } from '../install/ways.ts';
import { installCrd } from '../reconcile/install.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF } from '../reconcile/rollouts.ts';
import type { Load } from '../simulator/index.ts';
import { eventually, startOperatorProgram, testCluster } from '../support/index.ts';

// Of its own: what is pruned is of the whole cluster.
const cluster = testCluster('simulated', { takesRights: true });
const bench = operatorBench(cluster);
const MANIFESTS = join(import.meta.dirname, '../../manifests');
const DEFINITIONS = ['-k', join(MANIFESTS, 'kustomize/crds')];
const INSTALLATION = ['-f', join(MANIFESTS, 'install.yaml')];
const CRD = `${PLURAL}.${GROUP}`;
/** What kubectl waits for what it deletes: longer is a hang. */
const NO_HANG = '--timeout=45s';
const TEST_MS = 240_000;

const SPEC = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};

const kubectl = (...args: readonly string[]): Promise<string> => run(cluster(), ...args);
const startOperator = (): Promise<void> =>
  bench().startOperator({ serviceAccount: `${OPERATOR.namespace}/${OPERATOR.name}`, mayBeDenied: true });

beforeEach(async () => {
  await bench().stopOperator();
  await kubectl('apply', '--server-side', '--force-conflicts', ...DEFINITIONS);
  await kubectl('apply', ...INSTALLATION);
  await startOperator();
  await bench().create('chat', SPEC);
  await bench().condition('chat', 'Ready', 'True');
}, TEST_MS);

afterEach(async () => {
  await kubectl('delete', '--ignore-not-found', NO_HANG, ...INSTALLATION);
}, TEST_MS);

/** What is left of models in the namespace: themselves, and what they own. */
async function left(): Promise<readonly string[]> {
  const { client, namespace, signal } = bench();
  const lists = await Promise.all([
    client.list(DEEPSEEK_DEPLOYMENTS, { namespace, signal }).catch(() => ({ items: [] })),
    client.list(resources.deployments, { namespace, signal }),
    client.list(resources.services, { namespace, signal }),
    client.list(resources.controllerRevisions, { namespace, signal }),
    client.list(resources.podDisruptionBudgets, { namespace, signal }),
    client.list(resources.pods, { namespace, signal }),
  ]);
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name));
}

const nothingIsLeft = (): Promise<void> => eventually(async () => expect(await left()).toEqual([]), PATIENCE);

/** Deletes the model as a tool does that waits for it. */
async function deleteModel(...flags: readonly string[]): Promise<void> {
  expect(await kubectl('delete', 'dsd', 'chat', '-n', bench().namespace, NO_HANG, ...flags)).toContain('deleted');
}

/** Takes the rights of the operator away: those of the cluster alone, or all. */
async function takeRights(kinds: string, ...flags: readonly string[]): Promise<void> {
  await kubectl('delete', kinds, '-l', 'app.kubernetes.io/name=deepseek-operator', NO_HANG, ...flags);
}

const uids = async () => (await bench().pods('chat')).map(({ metadata }) => metadata.uid);

/** Waits for further answers of the model, from addresses of its Service, none of which has failed. */
async function serves(users: Load): Promise<void> {
  const { calls } = users.report();
  await eventually(() => expect(users.report().calls).toBeGreaterThan(calls + 10), PATIENCE);
  expect(users.report()).toMatchObject({ failed: {}, truncatedStreams: 0 });
}

/** Waits until the operator has been denied something. */
const isDenied = (): Promise<void> =>
  eventually(async () => {
    const denied = (await bench().requests()).filter((request) => request.denied);
    expect(denied.length).toBeGreaterThan(0);
  }, PATIENCE);

/** Changes what is asked for, and waits until it is done. */
async function scale(replicas: number): Promise<void> {
  await bench().edit('chat', { spec: { replicas } });
  await eventually(async () => expect((await bench().status('chat')).serving?.readyReplicas).toBe(replicas), PATIENCE);
}

it(
  'the rights first, while the operator runs: the model serves on, can be deleted, and goes on where they come again',
  async () => {
    const pods = await uids();
    const users = await bench().load('chat');
    await takeRights('clusterrolebindings,clusterroles');
    await takeRights('rolebindings,roles', '--all-namespaces');
    await bench().edit('chat', { spec: { replicas: 2 } });
    await isDenied();
    await serves(users);
    expect(await uids()).toEqual(pods);

    await kubectl('apply', ...INSTALLATION);
    await scale(2);
    await serves(users);

    await takeRights('clusterrolebindings,clusterroles');
    await users.stop();
    await deleteModel();
    await nothingIsLeft();
  },
  TEST_MS,
);

it(
  'the CRD first, while the operator runs: every model goes with all that it owns, and one that comes again is served without a restart',
  async () => {
    await kubectl('delete', 'crd', CRD, NO_HANG);
    await nothingIsLeft();
    await installCrd(cluster());
    await bench().create('chat', SPEC);
    await bench().condition('chat', 'Ready', 'True');
    await deleteModel();
    await nothingIsLeft();
  },
  TEST_MS,
);

it(
  'the namespace of the operator first, while it runs: it goes, the model serves on and can be changed and deleted, whose webhook is asked in vain',
  async () => {
    const pods = await uids();
    const users = await bench().load('chat');
    await bench().stopOperator();
    const operator = await startOperatorProgram(cluster(), OPERATOR.namespace, ['--webhook-bind-address=127.0.0.1:0']);
    try {
      await eventually(() => {
        const messages = operator.lines().map(({ message }) => message);
        expect(messages).toEqual(expect.arrayContaining(['leading', 'the API server is told whom to trust']));
      }, PATIENCE);
      await kubectl('delete', 'namespace', OPERATOR.namespace, NO_HANG);
      expect(await operator.stop()).toBe(0);
    } finally {
      await operator.kill();
    }
    expect(await kubectl('get', 'validatingwebhookconfigurations', '-o', 'name')).toContain('deepseek-operator');
    await bench().edit('chat', { spec: { replicas: 2 } });
    await serves(users);
    expect(await uids()).toEqual(pods);
    await users.stop();
    await deleteModel();
    await nothingIsLeft();
  },
  TEST_MS,
);

it.each(['background', 'foreground'])(
  'the model, by %s deletion, while the operator runs: nothing is made again, and nothing told of others',
  async (cascade) => {
    await deleteModel(`--cascade=${cascade}`);
    await nothingIsLeft();
    await bench().rest();
    expect(await left()).toEqual([]);
  },
  TEST_MS,
);

it(
  'the namespace of the model, while the operator runs: it goes',
  async () => {
    await kubectl('delete', 'namespace', bench().namespace, '--timeout=90s');
    expect(await kubectl('get', 'namespaces', '-o', 'name')).not.toContain(`${bench().namespace}\n`);
  },
  TEST_MS,
);

it(
  'a model whose objects are to be left: they serve on, are nobody’s, and are not taken over by another of its name',
  async () => {
    const pods = await uids();
    const users = await bench().load('chat');
    await deleteModel('--cascade=orphan');
    await serves(users);
    expect(await uids()).toEqual(pods);
    await bench().create('chat', SPEC);
    expect(await bench().condition('chat', 'Ready', 'False', 'NameConflict')).toContain(
      'belongs to nobody that we know',
    );
    await serves(users);
    expect(await uids()).toEqual(pods);
    await users.stop();
    const owned = 'deployments,services,controllerrevisions,poddisruptionbudgets,serviceaccounts';
    await kubectl('delete', owned, '-n', bench().namespace, '-l', 'deepseek-operator.io/name=chat', NO_HANG);
    await bench().condition('chat', 'Ready', 'True');
  },
  TEST_MS,
);
