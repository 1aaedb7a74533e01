import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL, MANAGER } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import { formatOrder } from '../../operator/rollout/orders.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, endRollout } from '../reconcile/rollouts.ts';
import { eventually, testCluster } from '../support/index.ts';
import { MODEL, testAttacker } from './attacker.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);
const attack = testAttacker(cluster);

const NEXT = { spec: { model: { name: 'deepseek-r1-distill-qwen-7b' } } };

/** A model of somebody else that serves; its revision. */
async function victim(): Promise<string> {
  await bench().create('chat', { ...MODEL, replicas: 1, ...BRIEF });
  await bench().condition('chat', 'Ready', 'True');
  return (await bench().status('chat')).serving?.revision ?? '';
}

const service = (name: string) =>
  bench().client.get(resources.services, { namespace: bench().namespace, name }, { signal: bench().signal });

/** What the victim has, by kind and name, with the versions of what nobody may have touched. */
async function belongings(): Promise<readonly string[]> {
  const { client, namespace, signal } = bench();
  const kinds = [resources.services, resources.deployments, resources.controllerRevisions, resources.serviceAccounts];
  const found = await Promise.all(kinds.map((kind) => client.list<KubeObject>(kind, { namespace, signal })));
  return found
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === 'chat') === true)
    .map(
      ({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid ?? ''} ${metadata.labels?.[LABEL.name] ?? ''}`,
    )
    .sort();
}

describe('a model that is called like a child of another one', () => {
  it('takes none of the children that are there, and says whose they are', async () => {
    const revision = await victim();
    const before = await belongings();
    const { create } = await attack(bench());
    await create(`chat-${revision}`);
    const message = await bench().condition(`chat-${revision}`, 'Ready', 'False', 'NameConflict');
    expect(message).toContain(`Service chat-${revision} exists and belongs to DeepSeekDeployment chat`);
    expect(await belongings()).toEqual(before);
    await bench().condition('chat', 'Ready', 'True');
  });

  it('that is not there yet holds up one version of the other, which says so, serves on, and goes on without it', async () => {
    const { create, client, namespace } = await attack(bench());
    // Whoever knows the spec of the next version knows its hash.
    await victim();
    await bench().edit('chat', NEXT);
    const next = await endRollout(bench(), 'chat');
    const { signal } = bench();
    await bench().client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, { signal });
    await eventually(async () => expect(await belongings()).toEqual([]), PATIENCE);
    await create(`chat-${next}`, { replicas: 0 });
    await eventually(() => service(`chat-${next}`), PATIENCE);

    const serving = await victim();
    await bench().edit('chat', NEXT);
    const message = await bench().condition('chat', 'Ready', 'False', 'NameConflict');
    expect(message).toContain(`chat-${next} exists and belongs to DeepSeekDeployment chat-${next}`);
    expect((await service('chat')).spec?.selector).toMatchObject({ [LABEL.revision]: serving });
    await bench().condition('chat', 'Available', 'True');
    await client.delete(DEEPSEEK_DEPLOYMENTS, { namespace, name: `chat-${next}` }, { signal });
    expect(await endRollout(bench(), 'chat')).toBe(next);
  });

  it.each(['chat-preview', 'chat-rules'])('%s is refused', async (name) => {
    const { create } = await attack(bench());
    await expect(create(name)).rejects.toThrow('may not end in -preview, -rules');
  });

  it.each(['kube-dns', 'postgres'])('nor one that is called like somebody’s Service: %s', async (name) => {
    const { client, namespace, signal } = bench();
    const spec = { selector: { app: 'bank' }, ports: [{ port: 5432 }] };
    await client.create(
      resources.services,
      { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec },
      { signal },
    );
    const { create } = await attack(bench());
    await create(name);
    const message = await bench().condition(name, 'Ready', 'False', 'NameConflict');
    expect(message).toContain('It is not taken over');
    expect((await service(name)).spec?.selector).toEqual({ app: 'bank' });
  });
});

describe('labels and annotations', () => {
  it('of the operator cannot be given to pods: they stay out of the Service of another model', async () => {
    const revision = await victim();
    const { create } = await attack(bench());
    const labels = { [LABEL.name]: 'chat', [LABEL.revision]: revision, [LABEL.managedBy]: 'mallory', team: 'a' };
    const annotations = { [ANNOTATION.drainProxy]: 'forged', [ANNOTATION.record]: 'forged', note: 'mine' };
    await create('evil', { podTemplate: { metadata: { labels, annotations } } }, { labels, annotations });
    await bench().condition('evil', 'Ready', 'True');
    const [pod] = await bench().pods('evil');
    expect(pod?.metadata.labels).toMatchObject({ [LABEL.name]: 'evil', [LABEL.managedBy]: MANAGER, team: 'a' });
    expect(pod?.metadata.labels?.[LABEL.revision]).not.toBe(revision);
    expect(JSON.stringify(pod?.metadata.annotations)).not.toContain('forged');
    const { client, namespace, signal } = bench();
    await eventually(async () => {
      const { items } = await client.list(resources.endpointSlices, { namespace, signal });
      const behind = items
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'chat')
        .flatMap(({ endpoints }) => (endpoints ?? []).map(({ targetRef }) => targetRef?.name));
      expect(behind).toEqual((await bench().pods('chat')).map(({ metadata }) => metadata.name));
    }, PATIENCE);
  });

  it('of children in another namespace concern nobody here', async () => {
    const revision = await victim();
    await bench().rest();
    const seen = (await bench().requests()).length;
    // Somebody who may do anything in a namespace of his own.
    const { client, namespace, signal } = bench();
    const own = `${namespace}-mallory`;
    await client.create(
      resources.namespaces,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: own } },
      { signal },
    );
    try {
      const { metadata } = await bench().get('chat');
      const labels = { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat', [LABEL.revision]: revision };
      const owner = {
        apiVersion: 'deepseek-operator.io/v1alpha1',
        kind: 'DeepSeekDeployment',
        name: 'chat',
        uid: metadata.uid ?? '',
        controller: true,
      };
      const forged = { name: 'chat', namespace: own, labels, ownerReferences: [owner] };
      const spec = { selector: { app: 'mallory' }, ports: [{ port: 80 }] };
      await client.create(
        resources.services,
        { apiVersion: 'v1', kind: 'Service', metadata: forged, spec },
        { signal },
      );
      await bench().rest();
      const asked = (await bench().requests()).slice(seen).filter(({ verb }) => verb !== 'watch');
      expect(asked.map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
      await bench().condition('chat', 'Ready', 'True');
    } finally {
      await client.delete(resources.namespaces, { name: own }, { signal });
    }
  });
});

describe('an order', () => {
  it('that was written for another object, or for one of the same name before, does nothing', async () => {
    const revision = await victim();
    const { client, namespace, create } = await attack(bench());
    const { signal } = bench();
    const before = await create('evil', { ...BRIEF });
    const order = formatOrder({ verb: 'abort', revision, uid: before.metadata.uid ?? '', nonce: 'a1' });
    const annotations = { [ANNOTATION.order]: order };
    await client.patch(
      DEEPSEEK_DEPLOYMENTS,
      { namespace, name: 'chat' },
      { metadata: { annotations } },
      { type: 'merge', signal },
    );
    await bench().rest();
    expect((await bench().status('chat')).serving?.revision).toBe(revision);
    await bench().condition('chat', 'Ready', 'True');
  });

  it.each(['promote/'.repeat(2_000), 'rollback/../../x/y', 'restart/a\n\u0000/b/c', '{"verb":"abort"}', '🙂/🙂/🙂/🙂'])(
    'that is none does nothing, and breaks nothing (%#)',
    async (order) => {
      const revision = await victim();
      const { client, namespace } = await attack(bench());
      const { signal } = bench();
      const patch = { metadata: { annotations: { [ANNOTATION.order]: order } } };
      await client.patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, patch, { type: 'merge', signal });
      await bench().rest();
      expect((await bench().status('chat')).serving?.revision).toBe(revision);
      await bench().condition('chat', 'Ready', 'True');
      expect((await bench().deployments('chat')).map(({ spec }) => spec?.replicas)).toEqual([1]);
    },
  );
});
