import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, openApi } from '../../hack/cluster/index.ts';
import { ANNOTATION, LABEL, MANAGER } from '../../operator/api/index.ts';
import { parseOrder } from '../../operator/rollout/orders.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { testPlugin, withCrd } from './plugin.ts';

const OLD = '7f3c9a1b2c';
const NEW = '9e1d0c22fa';
const LIMIT = { timeoutMs: 60_000 };

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);
const plugin = testPlugin(cluster);
const signal = () => AbortSignal.timeout(30_000);

interface Chat {
  readonly metadata: {
    readonly uid: string;
    readonly generation: number;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly managedFields?: readonly { readonly manager: string; readonly fieldsV1: object }[];
  };
  readonly spec: { readonly rollout?: { readonly paused?: boolean; readonly promotion?: string } };
}

describe('orders on a real API server', () => {
  let api: Api;
  withCrd(cluster);

  beforeEach(async () => {
    api = await openApi(cluster(), 'cli-test');
    await eventually(() => api.post(path(), chat(), signal()), LIMIT);
    for (const [index, revision] of [OLD, NEW].entries()) await store(revision, index + 1);
  });
  afterEach(() => api.close());

  const path = (rest = '') =>
    `/apis/deepseek-operator.io/v1alpha1/namespaces/${namespace()}/deepseekdeployments${rest}`;
  const chat = (metadata: object = {}) => ({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: namespace(), ...metadata },
    spec: { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'T4' }, replicas: 1 },
  });
  const store = (revision: string, number: number) =>
    api.post(
      `/apis/apps/v1/namespaces/${namespace()}/controllerrevisions`,
      {
        apiVersion: 'apps/v1',
        kind: 'ControllerRevision',
        metadata: {
          name: `chat-${revision}`,
          namespace: namespace(),
          labels: { [LABEL.managedBy]: MANAGER, [LABEL.name]: 'chat', [LABEL.revision]: revision },
        },
        revision: number,
        data: { version: `m/FP16/vLLM 0.3${number}`, spec: { engine: { version: `0.3${number}` } } },
      },
      signal(),
    );
  const read = async (): Promise<Chat> => {
    const object = await api.get<Chat>(path('/chat'), signal());
    if (object === undefined) throw new Error('chat is gone');
    return object;
  };
  const orderOf = async () => (await read()).metadata.annotations?.[ANNOTATION.order];
  const setStatus = (status: object) => api.mergePatch(path('/chat/status'), { status }, signal());

  /** The status of a rollout from OLD to NEW, as the operator writes it. */
  const report = (phase: string, rest: object = {}) =>
    setStatus({
      observedGeneration: 1,
      replicas: 1,
      readyReplicas: 1,
      serving: { revision: OLD, version: 'm/FP16/vLLM 0.31', readyReplicas: 1 },
      candidate: { revision: NEW, version: 'm/FP16/vLLM 0.32', readyReplicas: 0 },
      rollout: { attempt: 2, phase, message: `${phase} goes on.` },
      ...rest,
    });

  /** Stands in for the operator: handles the next order of this verb with `result`. */
  const handle = (verb: string, result: string) =>
    eventually(async () => {
      const text = (await orderOf()) ?? '';
      expect(parseOrder(text)?.verb).toBe(verb);
      await setStatus({ handledOrder: text, orderResult: result });
      return text;
    }, LIMIT);

  const command = (...argv: string[]) => plugin.start(...argv, '-n', namespace());
  const run = (...argv: string[]) => plugin.run(...argv, '-n', namespace());

  it('writes the order with the object’s UID and prints what the operator says', async () => {
    await report('AwaitingPromotion');
    const promote = await command('promote', 'chat');
    const text = await handle('promote', `Accepted: Revision ${NEW} gets the traffic.`);
    expect(await promote.ended).toBe(0);
    expect(promote.stdout()).toBe(`Accepted: Revision ${NEW} gets the traffic.\n`);
    expect(parseOrder(text)).toMatchObject({ verb: 'promote', revision: NEW, uid: (await read()).metadata.uid });
    const managers = (await read()).metadata.managedFields?.filter(({ fieldsV1 }) =>
      JSON.stringify(fieldsV1).includes(ANNOTATION.order),
    );
    expect(managers).toEqual([expect.objectContaining({ manager: 'kubectl-deepseek' })]);
  });

  it('ends with 1 when the operator refuses, with its words', async () => {
    await report('Loading');
    const abort = await command('abort', 'chat');
    await handle('abort', 'Refused: it is too late.');
    expect(await abort.ended).toBe(1);
    expect(abort.stderr()).toContain('error: refused: it is too late.');
  });

  it('refuses by the operator’s rule before it writes anything', async () => {
    await report('Idle', { candidate: null });
    expect(await run('promote', 'chat')).toMatchObject({
      status: 1,
      stdout: '',
      stderr: 'error: refused: There is nothing to promote: the rollout is Idle.\n',
    });
    expect(await run('promote', 'other')).toMatchObject({ status: 1 });
    expect(await run('rollback', 'chat', '--to', 'zzz')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining(`there are ${NEW} (m/FP16/vLLM 0.32), ${OLD} (m/FP16/vLLM 0.31)`),
    });
    expect(await orderOf()).toBeUndefined();
  });

  it('takes the beginning of a revision, or its version', async () => {
    const serving = { revision: NEW, version: 'm/FP16/vLLM 0.32', readyReplicas: 1 };
    await report('Idle', { candidate: null, serving });
    expect((await run('rollback', 'chat', '--to', OLD.slice(0, 3), '--no-wait')).status).toBe(0);
    expect(parseOrder((await orderOf()) ?? '')).toMatchObject({ verb: 'rollback', revision: OLD });
    await setStatus({ handledOrder: await orderOf(), orderResult: 'Refused: not now.' });
    const first = await orderOf();
    expect((await run('rollback', 'chat', '--to', 'm/FP16/vLLM 0.31', '--no-wait')).status).toBe(0);
    expect(parseOrder((await orderOf()) ?? '')).toMatchObject({ verb: 'rollback', revision: OLD });
    expect(await orderOf()).not.toBe(first);
  });

  it('waits for an order that is there already, and does not double it', async () => {
    await report('AwaitingPromotion');
    expect((await run('promote', 'chat', '--no-wait')).status).toBe(0);
    const text = await orderOf();
    const again = await command('promote', 'chat');
    await eventually(() => expect(again.stderr()).toContain('Ordered already: promotion of revision'), LIMIT);
    expect(await orderOf()).toBe(text);
    await handle('promote', 'Accepted: done.');
    expect(await again.ended).toBe(0);
    await report('Watching', { serving: { revision: NEW, version: 'm', readyReplicas: 1 }, candidate: null });
    expect(await run('promote', 'chat')).toMatchObject({
      status: 0,
      stdout: `Nothing to do: Revision ${NEW} has the traffic already.\n`,
    });
    expect(await orderOf()).toBe(text);
  });

  it('lets another order finish first, and judges again then', async () => {
    await report('AwaitingPromotion');
    await run('promote', 'chat', '--no-wait');
    expect(await run('abort', 'chat', '--no-wait')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('promotion of revision 9e1d0c22fa has not been handled yet'),
    });
    const abort = await command('abort', 'chat');
    await eventually(() => expect(abort.stderr()).toContain('comes first'), LIMIT);
    await handle('promote', 'Accepted: done.');
    await handle('abort', `Accepted: Revision ${NEW} goes.`);
    expect(await abort.ended).toBe(0);
    expect(abort.stdout()).toContain(`Accepted: Revision ${NEW} goes.`);
  });

  it('loses no order to those who write the object at the same time', async () => {
    await report('AwaitingPromotion');
    const stop = new AbortController();
    const writer = (async () => {
      for (let count = 0; !stop.signal.aborted; count += 1) await report('AwaitingPromotion', { replicas: count % 5 });
    })();
    const orders = await Promise.all([run('promote', 'chat', '--no-wait'), run('promote', 'chat', '--no-wait')]);
    stop.abort();
    await writer;
    const text = (await orderOf()) ?? '';
    expect(parseOrder(text)).toMatchObject({ verb: 'promote', revision: NEW });
    for (const { status, stderr } of orders) {
      // Under such a writer a plugin may give up, and then says that nothing was ordered.
      if (status !== 0) expect(stderr).toContain('nothing was ordered; try again');
    }
    expect(orders.some(({ status }) => status === 0)).toBe(true);
  });

  it('says what to check when nobody handles it, and leaves the order', async () => {
    await report('Loading');
    await api.mergePatch(
      path('/chat'),
      { metadata: { annotations: { [ANNOTATION.reconcile]: 'disabled' } } },
      signal(),
    );
    const { status, stderr } = await run('abort', 'chat', '--timeout', '1s');
    expect(status).toBe(1);
    expect(stderr).toContain('error: no operator has handled the abort of revision 9e1d0c22fa within 1s');
    expect(stderr).toContain(`the annotation ${ANNOTATION.reconcile}: disabled keeps the operator from it`);
    expect(parseOrder((await orderOf()) ?? '')).toMatchObject({ verb: 'abort' });
  });

  it('says so when its order is replaced before it is handled, and when the object goes', async () => {
    await report('AwaitingPromotion');
    const promote = await command('promote', 'chat');
    await eventually(async () => expect(await orderOf()).toBeDefined(), LIMIT);
    const { uid } = (await read()).metadata;
    const other = { metadata: { annotations: { [ANNOTATION.order]: `abort/${NEW}/${uid}/x` } } };
    await api.mergePatch(path('/chat'), other, signal());
    expect(await promote.ended).toBe(1);
    expect(promote.stderr()).toContain(`was replaced by another order (abort of revision ${NEW})`);

    const abort = await command('abort', 'chat');
    await eventually(() => expect(abort.stderr()).toContain('Ordered already'), LIMIT);
    await api.delete(path('/chat'), signal());
    expect(await abort.ended).toBe(1);
    expect(abort.stderr()).toContain('there is no DeepSeekDeployment chat');
  });

  it('is not let by whoever may only read', async () => {
    const kubeconfig = await cluster().kubeconfig('reader', { groups: [] });
    const { status, stderr } = await run('promote', 'chat', '--kubeconfig', kubeconfig);
    expect(status).toBe(3);
    expect(stderr).toContain('the cluster does not let you');
  });

  it('pauses and resumes as the calling user, once, and leaves the rest of the spec', async () => {
    await api.mergePatch(path('/chat'), { spec: { rollout: { promotion: 'Manual' } } }, signal());
    const paused = await run('pause', 'chat');
    expect(paused).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('hint: spec.rollout.paused is desired state'),
    });
    expect(paused.stdout).toContain(`Paused: the rollout of ${namespace()}/chat stays where it is.`);
    const { spec, metadata } = await read();
    expect(spec.rollout).toMatchObject({ paused: true, promotion: 'Manual' });
    const owners = metadata.managedFields?.filter(({ fieldsV1 }) => JSON.stringify(fieldsV1).includes('f:paused'));
    expect(owners?.map(({ manager }) => manager)).toEqual(['kubectl-deepseek']);

    expect(await run('pause', 'chat')).toMatchObject({ status: 0, stdout: expect.stringContaining('Nothing to do') });
    expect((await read()).metadata.generation).toBe(metadata.generation);

    expect((await run('resume', 'chat')).stdout).toContain('Resumed');
    expect((await read()).spec.rollout).toMatchObject({ paused: false, promotion: 'Manual' });
  });

  it('warns that GitOps will take a pause back', async () => {
    const annotations = { 'argocd.argoproj.io/tracking-id': 'shop:deepseek-operator.io/DeepSeekDeployment:x/chat' };
    await api.mergePatch(path('/chat'), { metadata: { annotations } }, signal());
    expect((await run('pause', 'chat')).stderr).toContain(
      'warning: Argo CD application shop applies this object from Git',
    );
  });

  it('waits in status for CI: 0 when Ready, 1 when Held or late, with the reason', async () => {
    const ready = (status: string, reason: string) => ({
      conditions: [
        { type: 'Ready', status, reason, message: `${reason}.`, lastTransitionTime: '2026-11-21T09:00:00Z' },
      ],
    });
    await report('Loading', ready('False', 'Loading'));
    const late = await run('status', 'chat', '--wait', '--timeout', '1s');
    expect(late.status).toBe(1);
    expect(late.stderr).toContain('not Ready within 1s: Loading: Loading.');
    expect(late.stdout).toContain('Waiting');

    const waiting = await command('status', 'chat', '--wait');
    await eventually(() => expect(waiting.stderr()).toMatch(/^\d\d:\d\d:\d\d {2}Loading: 9e1d0c22fa/), LIMIT);
    await report('Proving', ready('False', 'Loading'));
    await eventually(() => expect(waiting.stderr().trimEnd().split('\n')).toHaveLength(2), LIMIT);
    await report('Idle', {
      candidate: null,
      serving: { revision: NEW, version: 'm', readyReplicas: 1 },
      ...ready('True', 'Available'),
    });
    expect(await waiting.ended).toBe(0);
    expect(waiting.stdout()).toContain('✔ Ready');

    await report('Held', ready('False', 'Held'));
    const held = await run('status', 'chat', '--wait');
    expect(held).toMatchObject({ status: 1, stderr: expect.stringContaining('chat is Held: Held: Held.') });
    expect((await run('status', 'chat')).status).toBe(0);
    const json = JSON.parse((await run('status', 'chat', '-o', 'json')).stdout) as object;
    expect(json).toMatchObject({ outcome: 'Held', candidate: { revision: NEW } });
  });

  it('shows the history with what changed', async () => {
    await report('Idle', {
      candidate: null,
      history: [
        {
          revision: NEW,
          version: 'm',
          outcome: 'Promoted',
          startedAt: '2026-11-21T09:00:00Z',
          finishedAt: '2026-11-21T09:20:00Z',
        },
      ],
    });
    const { status, stdout } = await run('history', 'chat');
    expect(status).toBe(0);
    expect(stdout).toMatch(/2026-11-21T09:00:00Z .* 20m +Promoted +9e1d0c22fa/);
    expect(stdout).toContain('engine.version: 0.31 -> 0.32');
    expect((await run('history', 'chat', NEW.slice(0, 4))).stdout).toContain(`Against revision ${OLD}, which serves`);
  });

  it('plans a rollout from what the caller may see', async () => {
    await report('Idle', { candidate: null });
    const { status, stdout, stderr } = await run('plan', '--rollout', 'chat');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain(`${namespace()}/chat`);
    expect(stdout).toMatch(/To +deepseek-r1-distill-qwen-7b\/.*a new revision/);
    expect(await orderOf()).toBeUndefined();
  });
});
