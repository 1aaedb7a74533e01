import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { type AuditEntry, countWrites, installCrds, installGatewayApi, moduleCrds } from '../../hack/cluster/index.ts';
import { LABEL, MANAGER } from '../../operator/api/index.ts';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { publishPatch, WEBHOOK_CONFIGURATIONS } from '../../operator/webhook/certificates/configuration.ts';
import { scratchFiles } from '../install/scratch.ts';
import { CHART, helm, kubectl as runAs, OPERATOR } from '../install/ways.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { OPTIONAL_KINDS, PROMETHEUS_URL } from './furnished-world.ts';
import { GOLDEN_NAMESPACE, type Golden, goldenOf, VERSIONS } from './golden.ts';
import { type EarlierInstall, installed, INSTALLED_VERSIONS } from './installs.ts';
import { isReady, moved, restore, TYPES } from './restore.ts';

// Of its own: an installation is of the whole cluster, and others have no prometheus-operator, no KEDA and no Gateway API.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);
const scratch = scratchFiles();

const MANIFESTS = join(import.meta.dirname, '../../manifests');
const SETUP_MS = 20 * 60_000;
const { namespace: home, name } = OPERATOR;
const WAITED = `deployment/${name}`;
/** What people have set: it has to outlive the upgrade. */
const VALUES = {
  prometheusUrl: PROMETHEUS_URL,
  monitoring: { enabled: true },
  defaults: { huggingFaceEndpoint: 'https://hub.internal' },
};

const kubectl = (...args: readonly string[]): Promise<string> => runAs(cluster(), ...args);

interface Way {
  /** Installs the earlier version, and gives the files that its objects are in. */
  readonly earlier: (files: EarlierInstall) => Promise<readonly string[]>;
  /** As docs/upgrade.md says. */
  readonly upgrade: () => Promise<unknown>;
  readonly remove: () => Promise<unknown>;
}

function byKubectl(flags: readonly string[], source: readonly string[]): Way {
  return {
    async earlier({ definitions, manifest }) {
      await kubectl('apply', '--server-side', '-f', definitions);
      await kubectl('apply', ...flags, '-f', manifest);
      return [definitions, manifest];
    },
    async upgrade() {
      await kubectl('apply', '--server-side', '--force-conflicts', '-k', join(MANIFESTS, 'kustomize/crds'));
      await kubectl('wait', '--for', 'condition=established', 'crd/deepseekdeployments.deepseek-operator.io');
      await kubectl('apply', ...flags, ...source);
    },
    remove: () => kubectl('delete', '--wait', '--timeout=45s', ...source),
  };
}

const WAYS: Readonly<Record<string, Way>> = {
  'helm upgrade': {
    async earlier({ chart }) {
      const values = await scratch('values.json', JSON.stringify(VALUES));
      await helm(cluster(), 'install', name, chart, '-n', home, '--create-namespace', '-f', values);
      return [await scratch('release.yaml', await helm(cluster(), 'get', 'manifest', name, '-n', home))];
    },
    upgrade: () => helm(cluster(), 'upgrade', name, CHART, '-n', home),
    remove: () => helm(cluster(), 'uninstall', name, '-n', home, '--wait'),
  },
  'kubectl apply -k': byKubectl([], ['-k', join(MANIFESTS, 'kustomize/base')]),
  'server-side apply of install.yaml': byKubectl(['--server-side'], ['-f', join(MANIFESTS, 'install.yaml')]),
};

/** Models with every kind of child between them, as the last version that made some has left them. */
function models(): readonly Golden[] {
  const all = VERSIONS.flatMap(goldenOf).filter(({ deployment }) => deployment.metadata.namespace === GOLDEN_NAMESPACE);
  const byName = new Map(all.map((golden) => [golden.deployment.metadata.name, golden]));
  return [...byName.values()].map((golden) => moved(golden, bench().namespace));
}

beforeAll(async () => {
  const signal = AbortSignal.timeout(SETUP_MS);
  await installGatewayApi(cluster(), signal);
  for (const what of ['prometheus-operator', 'keda'] as const)
    await installCrds(cluster(), await moduleCrds(what, signal), { what, signal });
}, SETUP_MS);

/** The children of the models, with their versions where nobody but the operator writes them. */
async function children() {
  const { client, namespace, signal } = bench();
  const lists = await Promise.all(
    Object.values(TYPES).map(async (type: ResourceType) => {
      const { items } = await client.list(type, { namespace, labelSelector: LABEL.name, signal });
      const isOurs = OPTIONAL_KINDS.includes(type.kind) || type.kind === 'NetworkPolicy';
      return items.map(({ metadata: { name: child, uid, generation, resourceVersion } }) => ({
        ...{ kind: type.kind, child, uid, generation },
        ...(isOurs && { resourceVersion }),
      }));
    }),
  );
  return lists.flat();
}

/** UIDs of the pods of all models, and how often their containers were started again. */
const pods = async () => {
  const found = await Promise.all(models().map(({ deployment }) => bench().pods(deployment.metadata.name)));
  return found.flat().map((pod) => ({
    uid: pod.metadata.uid,
    ready: isReady(pod),
    restarts: (pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount),
  }));
};

/** Since when each model is Ready. */
const readySince = async () =>
  Promise.all(
    models().map(async ({ deployment: { metadata } }) => {
      const { conditions = [] } = await bench().status(metadata.name);
      const { status, lastTransitionTime } = conditions.find(({ type }) => type === 'Ready') ?? {};
      return { name: metadata.name, status, lastTransitionTime };
    }),
  );

/** The operator has made its authority known to the API server. */
async function publish(): Promise<string> {
  const { client, signal } = bench();
  const ca = await kubectl('get', 'configmap', 'kube-root-ca.crt', '-n', 'default', '-o', 'jsonpath={.data.ca\\.crt}');
  const live = await client.get(WEBHOOK_CONFIGURATIONS, { name: WEBHOOK_NAME }, { signal });
  const steps = publishPatch(live, { namespace: home, name: WEBHOOK_NAME }, ca);
  await client.patch(WEBHOOK_CONFIGURATIONS, { name: WEBHOOK_NAME }, steps, {
    ...{ type: 'json', fieldManager: MANAGER, signal },
  });
  return bundle();
}

async function bundle(): Promise<string> {
  const { client, signal } = bench();
  const { webhooks = [] } = await client.get(WEBHOOK_CONFIGURATIONS, { name: WEBHOOK_NAME }, { signal });
  return webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? '').join(' ');
}

/** UIDs of the objects in these files; throws where one is gone. */
async function uidsOf(files: readonly string[]): Promise<readonly string[]> {
  const sources = files.flatMap((file) => ['-f', file]);
  const { items } = JSON.parse(await kubectl('get', '-o', 'json', ...sources)) as {
    items: { kind: string; metadata: { name: string; uid: string } }[];
  };
  return items.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid}`);
}

describe.each(INSTALLED_VERSIONS)('an installation of version %s', (version) => {
  beforeEach(async () => {
    await bench().stopOperator();
    // With that version's definitions and no other: what another has applied would stay.
    for (const definitions of [
      ['-f', installed(version).definitions],
      ['-k', join(MANIFESTS, 'kustomize/crds')],
    ])
      await kubectl('delete', '--ignore-not-found', '--wait', '--timeout=45s', ...definitions);
  });

  it.each(Object.entries(WAYS))(
    'is upgraded by %s: nothing of it is lost, models stay Ready, no pod is restarted, and nothing is written to what they are made of',
    async (_, way) => {
      const files = await way.earlier(installed(version));
      const before = await uidsOf(files);
      expect(before.length).toBeGreaterThan(20);
      const trusted = await publish();
      expect(trusted).not.toBe('');
      for (const model of models()) await restore(bench(), model);
      const count = models().length;
      await eventually(async () => {
        const all = await pods();
        expect(all.map(({ ready }) => ready)).toEqual(Array.from({ length: count }, () => true));
      }, PATIENCE);
      const [podsBefore, childrenBefore, readyBefore] = [await pods(), await children(), await readySince()];
      expect([...new Set(childrenBefore.map(({ kind }) => kind))].sort()).toEqual(Object.keys(TYPES).sort());
      expect(readyBefore.map(({ status }) => status)).toEqual(readyBefore.map(() => 'True'));

      await way.upgrade();
      await kubectl('rollout', 'status', WAITED, '-n', home, '--timeout', '60s');
      expect(await uidsOf(files)).toEqual(before);
      expect(await bundle()).toBe(trusted);

      const since = new Date();
      await bench().startOperator({ serviceAccount: `${home}/${name}`, prometheusUrl: PROMETHEUS_URL });
      await bench().rest();
      const requests = (await bench().requests()).filter(({ received }) => received >= since);
      const watched = new Set(requests.flatMap(({ verb, resource = '' }) => (verb === 'watch' ? [resource] : [])));
      for (const { plural } of Object.values(TYPES)) expect([...watched]).toContain(plural);
      const writes = requests.filter((entry) => countWrites([entry], { without: ['leases', 'events'] }) > 0);
      const whatOf = ({ verb, resource, subresource }: AuditEntry) => `${verb} ${resource ?? ''}/${subresource ?? ''}`;
      expect(writes.map(whatOf).filter((what) => what !== 'patch deepseekdeployments/status')).toEqual([]);
      expect(await pods()).toEqual(podsBefore);
      expect(await children()).toEqual(childrenBefore);
      expect(await readySince()).toEqual(readyBefore);

      await bench().stopOperator();
      await way.remove();
    },
    240_000,
  );
});
