import { describe, expect, it } from '@jest/globals';
import { LABEL } from '../../operator/api/index.ts';
import { resources, type Service } from '../../operator/kube/resources.ts';
import type { ResourceType } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';
import { operatorBench, PATIENCE, writesOf } from './harness.ts';
import { BRIEF, endRollout } from './rollouts.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const CHAT = {
  model: { name: 'deepseek-r1-distill-qwen-1.5b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 1,
  ...BRIEF,
};
const OTHER = { model: { name: 'deepseek-r1-distill-qwen-7b' } };

const service = (name = 'chat'): Promise<Service> => {
  const { client, namespace, signal } = bench();
  return client.get(resources.services, { namespace, name }, { signal });
};
const serving = async () => (await bench().status('chat')).serving?.revision ?? '';

async function ready(spec: object = CHAT): Promise<string> {
  await bench().create('chat', spec);
  await bench().condition('chat', 'Ready', 'True');
  return serving();
}

/** Waits until an Event has told what others did. */
const told = (reason: string, start: string): Promise<void> =>
  eventually(async () => {
    const notes = await bench().eventNotes('chat', reason);
    expect(notes.filter((note) => note.startsWith(start))).toHaveLength(1);
  }, PATIENCE);

describe('a change of the model', () => {
  it('switches the Service once the new revision is available, and never selects pods that are not ready', async () => {
    const old = await ready();
    const { client, namespace, signal } = bench();
    const empty: string[] = [];
    const watching = new AbortController();
    const labelSelector = 'kubernetes.io/service-name=chat';
    const observer = (async () => {
      while (!watching.signal.aborted) {
        const { items } = await client.list(resources.endpointSlices, { namespace, labelSelector, signal });
        const endpoints = items.flatMap(({ endpoints: found }) => found ?? []);
        const usable = endpoints.filter(({ conditions }) => conditions?.ready === true);
        if (usable.length === 0) empty.push(JSON.stringify(items));
      }
    })();
    await bench().edit('chat', { spec: OTHER });
    await endRollout(bench(), 'chat');
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(1), PATIENCE);
    watching.abort();
    await observer;
    expect(empty).toEqual([]);
    const now = await serving();
    expect(now).not.toBe(old);
    expect((await service()).spec?.selector).toEqual({ [LABEL.name]: 'chat', [LABEL.revision]: now });
    const flips = writesOf(await bench().requests()).filter((write) => write === 'patch services chat');
    expect(flips).toHaveLength(2);
  });

  it('comes back to a stored revision with its stored template', async () => {
    const old = await ready();
    const template = async () => (await bench().deployments('chat'))[0]?.spec?.template;
    const before = await template();
    await bench().edit('chat', { spec: OTHER });
    await endRollout(bench(), 'chat');
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(1), PATIENCE);
    await bench().edit('chat', { spec: { model: CHAT.model } });
    await endRollout(bench(), 'chat');
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(1), PATIENCE);
    expect(await serving()).toBe(old);
    expect(await template()).toEqual(before);
  });

  it('keeps what serves when the candidate fails, says why, and heals when the spec is corrected', async () => {
    const old = await ready();
    await bench().simulator.setRule({ name: 'bad', match: { deployment: 'chat' }, behaviour: { failure: 'gated' } });
    await bench().edit('chat', { spec: OTHER });
    const message = await bench().condition('chat', 'Ready', 'False', 'ModelGated');
    expect(message).toMatch(/token/i);
    expect(await bench().condition('chat', 'Available', 'True')).toContain(old);
    expect((await service()).spec?.selector?.[LABEL.revision]).toBe(old);
    await bench().edit('chat', { spec: { model: CHAT.model } });
    await bench().condition('chat', 'Ready', 'True');
    expect(await serving()).toBe(old);
    await eventually(async () => expect(await bench().deployments('chat')).toHaveLength(1), PATIENCE);
  });

  it('is refused by the planner without a write to any child, and what serves stays', async () => {
    const old = await ready();
    await bench().rest();
    const before = writesOf(await bench().requests()).length;
    await bench().edit('chat', { spec: { model: { name: 'no-such-model' } } });
    await bench().condition('chat', 'PlanAccepted', 'False', 'ModelNotFound');
    await bench().rest();
    expect(writesOf(await bench().requests()).slice(before)).toEqual(['patch deepseekdeployments/status chat']);
    expect((await service()).spec?.selector?.[LABEL.revision]).toBe(old);
  });
});

describe('what others do', () => {
  it('does not take a foreign object over, says whose name it is, and goes on when it is gone', async () => {
    const { client, namespace, signal } = bench();
    const foreign = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'chat', namespace } };
    const made = await client.create(resources.serviceAccounts, foreign, { signal });
    await bench().create('chat', CHAT);
    const message = await bench().condition('chat', 'Ready', 'False', 'NameConflict');
    expect(message).toContain('ServiceAccount chat');
    const kept = await client.get(resources.serviceAccounts, { namespace, name: 'chat' }, { signal });
    expect(kept.metadata).toMatchObject({ uid: made.metadata.uid });
    expect(kept.metadata.ownerReferences).toBeUndefined();
    expect(kept.metadata.labels).toBeUndefined();
    await client.delete(resources.serviceAccounts, { namespace, name: 'chat' }, { signal });
    await bench().condition('chat', 'Ready', 'True');
  });

  it('undoes an annotation that kubectl rollout restart writes into a template', async () => {
    const revision = await ready();
    const { client, namespace, signal } = bench();
    const name = `chat-${revision}`;
    const annotations = async () => (await bench().deployments('chat'))[0]?.spec?.template.metadata?.annotations;
    const before = await annotations();
    const patch = { spec: { template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } } };
    await client.patch(resources.deployments, { namespace, name }, patch, {
      type: 'merge',
      fieldManager: 'kubectl-rollout',
      signal,
    });
    await eventually(async () => expect(await annotations()).toEqual(before), PATIENCE);
    await told('ForeignEdit', `Deployment ${name} was changed by kubectl-rollout (spec.template)`);
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
  });

  it('gives children the labels back that they were stripped of, and does not make them again', async () => {
    const revision = await ready();
    const { client, namespace, signal } = bench();
    const options = { type: 'merge', fieldManager: 'someone', signal } as const;
    const children: [ResourceType, string, string][] = [
      [resources.deployments, `chat-${revision}`, LABEL.managedBy],
      [resources.services, 'chat', LABEL.name],
      [resources.controllerRevisions, `chat-${revision}`, LABEL.managedBy],
    ];
    for (const [type, name, label] of children) {
      const { uid } = (await client.get(type, { namespace, name }, { signal })).metadata;
      await client.patch(type, { namespace, name }, { metadata: { labels: { [label]: null } } }, options);
      await eventually(async () => {
        const { metadata } = await client.get(type, { namespace, name }, { signal });
        expect(metadata.labels).toHaveProperty([label]);
        expect(metadata.uid).toBe(uid);
      }, PATIENCE);
      await told('ForeignEdit', `${type.kind} ${name} was changed by somebody else (metadata.labels)`);
    }
    await bench().condition('chat', 'Ready', 'True');
    await bench().rest();
    expect(await bench().eventNotes('chat', 'ForeignEdit')).toHaveLength(children.length);
    expect(await bench().eventNotes('chat', 'ForeignDelete')).toEqual([]);
  });

  it('puts back an edited selector, and makes a deleted child again', async () => {
    const revision = await ready();
    const { client, namespace, signal } = bench();
    const patch = { spec: { selector: { app: 'mine' } } };
    await client.patch(resources.services, { namespace, name: 'chat' }, patch, {
      type: 'merge',
      fieldManager: 'someone',
      signal,
    });
    const selector = { [LABEL.name]: 'chat', [LABEL.revision]: revision };
    await eventually(async () => expect((await service()).spec?.selector).toEqual(selector), PATIENCE);
    await told('ForeignEdit', 'Service chat was changed by someone (spec.selector');
    for (const type of [resources.services, resources.deployments, resources.podDisruptionBudgets] as ResourceType[]) {
      const ref = { namespace, name: type.kind === 'Service' ? 'chat' : `chat-${revision}` };
      const { uid } = (await client.get(type, ref, { signal })).metadata;
      await client.delete(type, ref, { signal });
      await eventually(
        async () => expect((await client.get(type, ref, { signal })).metadata.uid).not.toBe(uid),
        PATIENCE,
      );
      await told('ForeignDelete', `${type.kind} ${ref.name} was deleted by somebody else.`);
    }
    await bench().condition('chat', 'Ready', 'True');
    expect(await serving()).toBe(revision);
  });

  it('removes an annotation from the Service when the spec no longer has it', async () => {
    await ready({ ...CHAT, traffic: { service: { annotations: { team: 'bank' } } } });
    expect((await service()).metadata.annotations).toMatchObject({ team: 'bank' });
    await bench().edit('chat', { spec: { traffic: null } });
    await eventually(async () => expect((await service()).metadata.annotations).not.toHaveProperty('team'), PATIENCE);
  });
});
