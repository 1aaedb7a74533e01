import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { eventually, kubectl as run, runKubectl, testCluster, testNamespace } from '../support/index.ts';
import { PERSON } from './ways.ts';

// Of its own: roles of the whole cluster are installed. With controllers: they are put together.
const cluster = testCluster('simulated', {});
const namespace = testNamespace(cluster);
const PATIENCE = { timeoutMs: 60_000 } as const;
const KUSTOMIZE = join(import.meta.dirname, '../../manifests/kustomize');
/** Who has the role of Kubernetes of that name in the namespace, and nothing else. */
const PEOPLE = ['admin', 'edit'] as const;

const kubectl = (args: readonly string[], input = ''): Promise<string> => run(cluster(), PERSON, args, { input });
const may = async (person: string, ...what: readonly string[]): Promise<string> =>
  (await runKubectl(cluster(), PERSON, ['auth', 'can-i', ...what, '-n', namespace(), '--as', person])).out.trim();

/** The overlay for one namespace, in that of the test, as docs/multi-tenancy.md says. */
async function overlay(change: (text: string) => string = (text) => text): Promise<string> {
  const text = await kubectl(['kustomize', join(KUSTOMIZE, 'overlays/single-namespace')]);
  return change(text.replaceAll(/\bmodels$/gm, namespace()));
}

beforeAll(async () => {
  await kubectl(['apply', '--server-side', '-k', join(KUSTOMIZE, 'crds')]);
}, 60_000);

beforeEach(async () => {
  for (const role of PEOPLE)
    await kubectl(['create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${role}`, '-n', namespace()]);
  await eventually(async () => expect(await may('admin', 'create', 'deployments')).toBe('yes'), PATIENCE);
});

it('whoever may edit the namespace may have models in it, without an operator of the whole cluster', async () => {
  await eventually(async () => expect(await may('edit', 'create', 'deepseekdeployments')).toBe('yes'), PATIENCE);
  expect(await may('edit', 'patch', 'deepseekdeployments', '--subresource=status')).toBe('no');
});

it('an admin of the namespace applies all of an operator of it but what grants rights, and with that in place all', async () => {
  const apply = ['apply', '-f', '-', '--as', 'admin'];
  const first = await runKubectl(cluster(), PERSON, apply, { input: await overlay() });
  // Its own Lease he may hand on.
  const refused = [...first.complaint.matchAll(/ ([a-z]+)\.\S+ "([a-z-]+)" (?:is forbidden|not found)/g)];
  expect(first.code).toBe(1);
  expect(refused.map(([, kind, name]) => `${kind} ${name}`)).toEqual([
    'roles deepseek-operator',
    'rolebindings deepseek-operator',
  ]);
  expect(first.complaint.match(/^Error/gm)).toHaveLength(2);
  expect(first.out).toContain('deployment.apps/deepseek-operator created');
  for (const lacked of ['controllerrevisions', 'scaledobjects', 'podmonitors', 'httproutes'])
    expect(first.complaint).toContain(lacked);
  await kubectl(['apply', '-f', '-'], await overlay());
  const second = await kubectl(
    apply,
    await overlay((text) => text.replace('image: deepseek', 'image: r.example/deepseek')),
  );
  expect(second.split('\n').filter((line) => line !== '' && !line.endsWith(' unchanged'))).toEqual([
    'deployment.apps/deepseek-operator configured',
    // A patch that changes nothing, as of every PodDisruptionBudget.
    'poddisruptionbudget.policy/deepseek-operator configured',
  ]);
}, 90_000);
