import { afterEach, expect, it } from '@jest/globals';
import { type AuditEntry, AuditReader, countWrites } from '../../hack/cluster/index.ts';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import {
  eventually,
  type OperatorProgram,
  operatorUser,
  startOperatorProgram,
  testCluster,
  testNamespace,
} from '../support/index.ts';
import { scratchFiles } from './scratch.ts';
import { atRest, kubectl, OPERATOR, PERSON, type Way, type WayName, ways } from './ways.ts';

// Of its own: an installation is of the whole cluster.
const cluster = testCluster('simulated', {});
const namespace = testNamespace(cluster);
const scratch = scratchFiles();
const PATIENCE = { timeoutMs: 60_000 } as const;
/** Longer than the audit log and whatever answers a change take. */
const QUIET_MS = 1_500;

/** Of the operator, whose webhook has a certificate. */
const FLAGS = ['--webhook-bind-address', '127.0.0.1:0'];
let program: OperatorProgram | undefined;
let installed: Way | undefined;
afterEach(async () => {
  await program?.kill();
  await installed?.remove();
  [program, installed] = [undefined, undefined];
}, 120_000);

/** Installs, until the test is over. */
async function install(name: WayName): Promise<Way> {
  installed = ways(cluster(), namespace(), scratch)[name];
  await installed.apply();
  return installed;
}

/** What the API server is told to trust of the webhook, base64. */
async function caBundle(): Promise<string> {
  const path = 'jsonpath={.webhooks[0].clientConfig.caBundle}';
  return kubectl(cluster(), 'get', 'validatingwebhookconfiguration', WEBHOOK_NAME, '-o', path);
}

/** A request as `verb resource name`. */
const named = ({ verb, resource = '', name = '' }: AuditEntry): string => `${verb} ${resource} ${name}`;

/** Whether it is a server-side apply: it is sent whether or not it changes anything, and the API server stores what is another. */
const isServerSide = ({ verb, uri }: AuditEntry): boolean => verb === 'patch' && /[?&]force=/.test(uri);

/** The requests that write: those of the person who installs, without applies by the server, and those of the operator. */
async function writesDuring(action: () => Promise<void>): Promise<Readonly<Record<'person' | 'operator', string[]>>> {
  const reader = new AuditReader(cluster().auditLog);
  await reader.read();
  await action();
  await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  const writes = (await reader.read()).filter((entry) => countWrites([entry], { without: ['leases'] }) === 1);
  const by = (name: string) => writes.filter(({ user }) => user === name);
  return {
    person: by(PERSON)
      .filter((entry) => !isServerSide(entry))
      .map(named)
      .sort(),
    operator: by(operatorUser(OPERATOR.namespace)).map(named),
  };
}

/**
 * kubectl merges the selector of a PodDisruptionBudget by replacing it, and sends a patch whether or not it is another one; the API
 * server stores nothing then.
 */
const EMPTY_PATCH = ['patch poddisruptionbudgets deepseek-operator'];

/** Helm's own account of what was installed when. */
const RELEASE = 'secrets sh.helm.release.v1.deepseek-operator';
const ACCOUNT = [`create ${RELEASE}.v2`, `update ${RELEASE}.v1`, `update ${RELEASE}.v2`];

it.each<[WayName, readonly string[]]>([
  ['install.yaml', EMPTY_PATCH],
  ['install.yaml, server-side', []],
  ['kustomize, the base', EMPTY_PATCH],
  ['kustomize, server-side', []],
  ['cdk8s', EMPTY_PATCH],
  ['helm', ACCOUNT],
])(
  'an installation by %s is applied again while the operator runs, and neither stores anything: caBundle, CRD, namespace and class included',
  async (name, requests) => {
    const way = await install(name);
    const operator = await startOperatorProgram(cluster(), OPERATOR.namespace, FLAGS);
    program = operator;
    const trusted = await eventually(async () => {
      const bundle = await caBundle();
      expect(bundle).not.toBe('');
      return bundle;
    }, PATIENCE);
    const before = await way.objects();
    const kinds = before.map(({ kind }) => kind);
    expect(kinds).toEqual(expect.arrayContaining(['CustomResourceDefinition', 'Namespace', 'PriorityClass']));
    expect(kinds).toEqual(expect.arrayContaining(['ClusterRole', 'ValidatingWebhookConfiguration', 'Deployment']));
    const writes = await writesDuring(() => way.apply());
    expect(atRest(await way.objects())).toEqual(atRest(before));
    expect(await caBundle()).toBe(trusted);
    expect(writes).toEqual({ person: requests, operator: [] });
    expect(await operator.stop()).toBe(0);
  },
);

it('an installation by the client is gone on with by the server without a conflict: defaults and amounts are written as they are stored', async () => {
  const way = await install('install.yaml');
  const specs = async () =>
    (await way.objects()).map(({ metadata, status: _, ...object }) => ({ ...object, name: metadata.name }));
  const before = await specs();
  await ways(cluster(), namespace(), scratch)['install.yaml, server-side'].apply();
  expect(await specs()).toEqual(before);
});
