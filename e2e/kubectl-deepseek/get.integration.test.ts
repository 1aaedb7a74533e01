import { readFile, rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, openApi } from '../../hack/cluster/index.ts';
import { LABEL, MANAGER } from '../../operator/api/index.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { testPlugin, withCrd } from './plugin.ts';

const REVISION = '7f3c9a1b2c';
const VERSION = 'deepseek-r1-distill-qwen-7b/FP16/0.32.0';
const LIMIT = { timeoutMs: 60_000 };

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);
const signal = () => AbortSignal.timeout(30_000);

const plugin = testPlugin(cluster);
const start = (...argv: string[]) => plugin.start('get', ...argv);
const get = (...argv: string[]) => plugin.run('get', ...argv);

describe('kubectl deepseek get on a real API server', () => {
  let api: Api;

  withCrd(cluster);

  beforeEach(async () => {
    api = await openApi(cluster(), 'cli-test');
    await eventually(() => api.post(deployments(), chat(), signal()), LIMIT);
  });

  afterEach(async () => {
    await api.delete(`/api/v1/nodes/${nodeName()}`, signal());
    await api.close();
  });

  const deployments = () => `/apis/deepseek-operator.io/v1alpha1/namespaces/${namespace()}/deepseekdeployments`;
  const children = (group: string, plural: string) => `/${group}/namespaces/${namespace()}/${plural}`;
  /** Nodes have no namespace, and the cluster is shared. */
  const nodeName = () => `gpu-${namespace()}`;
  const podName = `chat-${REVISION}-6d8f9c7b5d-abcde`;

  const chat = () => ({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: namespace() },
    spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'T4' }, replicas: 1 },
  });

  const report = (reason: string, message: string, ready: boolean) =>
    api.mergePatch(
      `${deployments()}/chat/status`,
      {
        status: {
          observedGeneration: 1,
          conditions: [
            {
              type: 'Ready',
              status: ready ? 'True' : 'False',
              reason,
              message,
              lastTransitionTime: '2026-11-21T09:00:00Z',
            },
          ],
          replicas: 1,
          readyReplicas: ready ? 1 : 0,
          serving: { revision: REVISION, version: VERSION, readyReplicas: ready ? 1 : 0 },
          rollout: { attempt: 1, phase: 'Idle' },
        },
      },
      signal(),
    );

  /** A revision with a pod on a T4 node, as the operator and the controllers leave them. */
  async function addChildren() {
    const metadata = (name: string) => ({
      name,
      namespace: namespace(),
      labels: { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat', [LABEL.revision]: REVISION },
    });
    const container = { name: 'engine', image: 'vllm/vllm-openai:v0.32.0' };
    const labels = { [LABEL.revision]: REVISION };
    const node = { name: nodeName(), labels: { 'cloud.google.com/gke-accelerator': 'nvidia-tesla-t4' } };
    const name = `chat-${REVISION}`;
    const write = (path: string, kind: string, apiVersion: string, object: object) =>
      api.post(path, { apiVersion, kind, ...object }, signal());
    await write('/api/v1/nodes', 'Node', 'v1', { metadata: node });
    await write(children('apis/apps/v1', 'controllerrevisions'), 'ControllerRevision', 'apps/v1', {
      metadata: metadata(name),
      revision: 1,
      data: { version: VERSION, plan: { startupBudgetSeconds: 540, gpusPerReplica: 1 } },
    });
    await write(children('apis/apps/v1', 'deployments'), 'Deployment', 'apps/v1', {
      metadata: metadata(name),
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    });
    await write(children('api/v1', 'pods'), 'Pod', 'v1', {
      metadata: metadata(podName),
      spec: { nodeName: nodeName(), automountServiceAccountToken: false, containers: [container] },
    });
  }

  const setPod = (state: object, isReady: boolean) =>
    api.mergePatch(
      `${children('api/v1', 'pods')}/${podName}/status`,
      {
        status: {
          phase: isReady ? 'Running' : 'Pending',
          conditions: [
            { type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: '2026-11-21T09:00:00Z' },
          ],
          containerStatuses: [
            { name: 'engine', image: 'x', imageID: '', ready: isReady, started: isReady, restartCount: 0, state },
          ],
        },
      },
      signal(),
    );

  it('prints the table and the tree, down to the GPU of the node', async () => {
    await addChildren();
    await report('Available', '1 replica ready.', true);
    await setPod({ running: { startedAt: '2026-11-21T09:00:00Z' } }, true);

    const table = await get('-n', namespace());
    expect(table).toMatchObject({ status: 0, stderr: '' });
    expect(table.stdout).toMatch(new RegExp(`^NAME +READY.*\\nchat +1/1 +${VERSION} +- +- +Available +\\d+m?s\\n$`));

    const tree = await get('chat', '-n', namespace());
    expect(tree).toMatchObject({ status: 0, stderr: '' });
    expect(tree.stdout).toContain(`└─ serving ${REVISION}  ${VERSION}`);
    expect(tree.stdout).toMatch(new RegExp(`${podName}  ✔ Ready.*on ${nodeName()} \\(T4\\)`));

    const json = JSON.parse((await get('chat', '-n', namespace(), '-o', 'json')).stdout) as object;
    expect(json).toMatchObject({ name: 'chat', revisions: [{ pods: [{ name: podName, node: { gpu: 'T4' } }] }] });
  });

  it('ends with 1 and says so when there is none of that name', async () => {
    const { status, stdout, stderr } = await get('other', '-n', namespace());
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain(`there is no DeepSeekDeployment other in namespace ${namespace()}`);
  });

  it('follows: a new page for each change, none without, and Ctrl-C ends it with 0', async () => {
    await addChildren();
    await report('Loading', '0 of 1 replica ready.', false);
    const watch = await start('chat', '-n', namespace(), '--watch');
    await eventually(() => expect(watch.stdout()).toMatch(/Starting/), LIMIT);

    const image = 'vllm/vllm-openai:v0.32.0';
    await setPod({ waiting: { reason: 'ErrImagePull', message: `failed to pull ${image}: not found` } }, false);
    await eventually(() => expect(watch.stdout()).toMatch(/✖ ImageNotFound \(ErrImagePull\)/), LIMIT);
    expect(watch.stdout()).toContain('Correct engine.image');

    await setPod({ running: { startedAt: '2026-11-21T09:00:00Z' } }, true);
    await report('Available', '1 replica ready.', true);
    await eventually(
      () =>
        expect(
          watch
            .stdout()
            .split(/^Name /m)
            .at(-1),
        ).toMatch(/Available[\s\S]*✔ Ready/),
      LIMIT,
    );

    watch.process.kill('SIGINT');
    expect(await watch.ended).toBe(0);
    expect(watch.stderr()).toBe('');
    const pages = watch
      .stdout()
      .split(/^(?=Name )/m)
      .filter((page) => page !== '');
    const withoutAges = pages.map((page) => page.replaceAll(/\b\d+(?:[smhd]\d*)+[smhd]?\b/g, ''));
    // At most one page for each of the four changes, the first, and one that a change of two objects shows half of.
    expect(withoutAges.length).toBeLessThanOrEqual(6);
    withoutAges.slice(1).forEach((page, index) => expect(page).not.toBe(withoutAges[index]));
  });

  it('ends with 1 when what it follows is deleted, and with 0 at its timeout', async () => {
    const watch = await start('chat', '-n', namespace(), '--watch');
    await eventually(() => expect(watch.stdout()).toContain('Serving   nothing'), LIMIT);
    await api.delete(`${deployments()}/chat`, signal());
    expect(await watch.ended).toBe(1);
    expect(watch.stderr()).toContain('there is no DeepSeekDeployment chat');

    expect(await get('-n', namespace(), '--watch', '--timeout', '1s')).toMatchObject({ status: 0 });
  });

  it('ends with 3 when nobody listens there', async () => {
    const kubeconfig = await cluster().kubeconfig('cli');
    const elsewhere = `${kubeconfig}.unreachable`;
    await writeFile(elsewhere, (await readFile(kubeconfig, 'utf8')).replace(cluster().server, 'https://127.0.0.1:1'));
    const { status, stderr } = await get('--kubeconfig', elsewhere);
    await rm(elsewhere);
    expect(status).toBe(3);
    expect(stderr).toContain('the cluster at 127.0.0.1:1 cannot be reached');
  });

  it('shows somebody with rights in one namespace what he may see', async () => {
    await addChildren();
    const kubeconfig = await cluster().kubeconfig('guest', { groups: [] });
    const rules = [
      { apiGroups: ['deepseek-operator.io'], resources: ['deepseekdeployments'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
    ];
    const rbac = (plural: string) => children('apis/rbac.authorization.k8s.io/v1', plural);
    await api.post(
      rbac('roles'),
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'guest' }, rules },
      signal(),
    );
    await api.post(
      rbac('rolebindings'),
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'guest' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'guest' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'guest' }],
      },
      signal(),
    );
    const argv = ['chat', '-n', namespace(), '--kubeconfig', kubeconfig];
    const once = await eventually(async () => {
      const answer = await get(...argv);
      expect(answer.status).toBe(0);
      return answer;
    }, LIMIT);
    const watched = await get(...argv, '--watch', '--timeout', '2s');
    for (const { status, stdout } of [once, watched]) {
      expect(status).toBe(0);
      expect(stdout).toContain(podName);
      expect(stdout).toContain('You may not list nodes');
    }
  });
});
