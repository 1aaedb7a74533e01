import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type DeepSeekDeploymentStatus, ROLLOUT_PHASES } from '../../operator/api/index.ts';
import { ApiError, TimeoutError } from '../../operator/kube/errors.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { ORDER_VERBS, type OrderVerb, parseOrder } from '../../operator/rollout/orders.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { CANDIDATE, controllerRevision, deploymentObject, SERVING } from '../get/test-support.ts';
import { resolveRevision } from '../support/revisions.ts';
import { sendOrder } from './send.ts';
import { orderAnswer, pendingOrder } from './standing.ts';

const UID = '6a1f0c9e-2b7d-4e07-9a51-000000000001';
const signal = new AbortController().signal;
const ref = { namespace: 'ai', name: 'chat' };

type Phase = (typeof ROLLOUT_PHASES)[number];

function chat(phase: Phase, status: Partial<DeepSeekDeploymentStatus> = {}, order?: string): DeepSeekDeploymentObject {
  const object = deploymentObject({
    serving: { revision: SERVING, version: 'old', readyReplicas: 2 },
    candidate: { revision: CANDIDATE, version: 'new', readyReplicas: 0 },
    rollout: { attempt: 2, phase },
    ...status,
  });
  const annotations = order === undefined ? {} : { [ANNOTATION.order]: order };
  return { ...object, metadata: { ...object.metadata, resourceVersion: '7', annotations } };
}

/** A server that gives one object after the other, and answers patches with what `answers` says. */
function serverWith(objects: readonly DeepSeekDeploymentObject[], answers: readonly (Error | undefined)[] = []) {
  const patches: {
    readonly metadata: {
      readonly uid: string;
      readonly resourceVersion: string;
      readonly annotations: Record<string, string>;
    };
  }[] = [];
  let reads = 0;
  const client = {
    get: async () => objects[Math.min(reads++, objects.length - 1)],
    list: async () => ({
      items: [controllerRevision(SERVING, 1, 'old'), controllerRevision(CANDIDATE, 2, 'new')],
      resourceVersion: '1',
    }),
    patch: async (_type: unknown, _ref: unknown, patch: (typeof patches)[number]) => {
      const error = answers[patches.length];
      patches.push(patch);
      if (error) throw error;
    },
  } as unknown as KubeClient;
  return { client, patches };
}

const send = (client: KubeClient, verb: OrderVerb, revision?: string) =>
  sendOrder(client, { verb, ref, nonce: 'n1', revision }, signal);

const conflict = () => new ApiError(409, { kind: 'Status', reason: 'Conflict', message: 'changed' });
const rollback = { revision: SERVING, readiness: 'Warm' } as const;
const switched: Partial<DeepSeekDeploymentStatus> = {
  serving: { revision: CANDIDATE, version: 'new', readyReplicas: 2 },
  rollback,
};

describe('an order', () => {
  it.each([
    ['promote', chat('AwaitingPromotion'), CANDIDATE],
    ['abort', chat('Loading'), CANDIDATE],
    ['abort', chat('Watching', switched), CANDIDATE],
    ['retry', chat('Held'), CANDIDATE],
    ['rollback', chat('Watching', switched), SERVING],
    ['restart', chat('Idle'), SERVING],
    ['release', chat('Idle', switched), SERVING],
  ] as const)('is about the revision that %s means', async (verb, object, revision) => {
    const { client, patches } = serverWith([object]);
    expect(await send(client, verb)).toMatchObject({ kind: 'Ordered', joined: false });
    const [patch] = patches;
    expect(patch?.metadata).toMatchObject({ uid: UID, resourceVersion: '7' });
    expect(parseOrder(patch?.metadata.annotations[ANNOTATION.order] ?? '')).toEqual({
      verb,
      revision,
      uid: UID,
      nonce: 'n1',
    });
  });

  it.each([
    ['promote', chat('Watching', switched), 'has the traffic already'],
    ['promote', chat('Proving', { rollout: { phase: 'Proving', promoted: true } }), 'is promoted already'],
    ['abort', chat('Held'), 'is aborted already'],
    ['retry', chat('Loading'), 'is being rolled out already'],
    [
      'rollback',
      chat('RollingBack', { rollback, rollout: { phase: 'RollingBack', target: SERVING } }),
      'under way already',
    ],
    ['release', chat('Idle', { rollback: { ...rollback, readiness: 'Cold' } }), 'no GPUs to give back'],
  ] as const)('is not written when it is so already: %s', async (verb, object, message) => {
    const { client, patches } = serverWith([object]);
    expect(await send(client, verb)).toMatchObject({ kind: 'Already', message: expect.stringContaining(message) });
    expect(patches).toEqual([]);
  });

  it('releases pods that are kept, though none of them is ready', async () => {
    const kept = { revision: SERVING, readiness: 'Cold', until: '2099-01-01T00:00:00Z' } as const;
    const { client, patches } = serverWith([chat('Idle', { ...switched, rollback: kept })]);
    expect(await send(client, 'release')).toMatchObject({ kind: 'Ordered' });
    expect(patches).toHaveLength(1);
  });

  it.each([
    ['promote', chat('Held'), undefined, 'There is nothing to promote: the rollout is Held.'],
    ['abort', chat('Idle', { candidate: undefined as never }), undefined, 'There is nothing to abort'],
    ['retry', chat('Idle'), undefined, 'There is nothing to retry'],
    ['rollback', chat('Loading'), undefined, '`kubectl deepseek abort` takes the candidate'],
    ['rollback', chat('Idle'), undefined, 'name one with --to'],
    ['restart', chat('Idle', { serving: undefined as never }), undefined, 'Nothing serves yet'],
    ['release', chat('Idle'), undefined, 'No version is kept warm'],
    ['promote', chat('Loading'), 'zz', 'there is no revision "zz" of chat'],
  ] as const)('is refused before anything is written: %s', async (verb, object, revision, message) => {
    const { client, patches } = serverWith([object]);
    await expect(send(client, verb, revision)).rejects.toThrow(message);
    expect(patches).toEqual([]);
  });

  it('refuses what the operator would refuse, in every phase', async () => {
    for (const verb of ORDER_VERBS) {
      for (const phase of ROLLOUT_PHASES) {
        const { client, patches } = serverWith([chat(phase, { rollback: { ...rollback, revision: '5c0e77aa01' } })]);
        const ended = await send(client, verb).then(
          ({ kind }) => kind,
          (error: unknown) => (error instanceof Error ? error.message : ''),
        );
        expect(patches).toHaveLength(ended === 'Ordered' ? 1 : 0);
        if (ended !== 'Ordered' && ended !== 'Already') expect(ended).toMatch(/^refused: .+\.$/);
      }
    }
  });

  it('is judged again after a conflict, by what stands there then', async () => {
    const again = serverWith([chat('AwaitingPromotion')], [conflict(), conflict()]);
    expect(await send(again.client, 'promote')).toMatchObject({ kind: 'Ordered' });
    expect(again.patches).toHaveLength(3);

    const gone = serverWith([chat('AwaitingPromotion'), chat('Held')], [conflict()]);
    await expect(send(gone.client, 'promote')).rejects.toThrow('There is nothing to promote');
    expect(gone.patches).toHaveLength(1);

    const never = serverWith([chat('AwaitingPromotion')], Array.from({ length: 40 }, conflict));
    await expect(send(never.client, 'promote')).rejects.toThrow('nothing was ordered; try again');
  });

  it('is not written twice after an answer that was lost', async () => {
    const text = `promote/${CANDIDATE}/${UID}/n1`;
    const handled = chat('Watching', { ...switched, handledOrder: text }, text);
    for (const then of [chat('AwaitingPromotion', {}, text), handled]) {
      const { client, patches } = serverWith([chat('AwaitingPromotion'), then], [new TimeoutError('no answer')]);
      expect(await send(client, 'promote')).toEqual({ kind: 'Ordered', text, joined: false });
      expect(patches).toHaveLength(1);
    }
  });

  it('joins the same order, and stands behind another one', async () => {
    const pending = `abort/${CANDIDATE}/${UID}/other`;
    const { client, patches } = serverWith([chat('Loading', {}, pending)]);
    expect(await send(client, 'abort')).toEqual({ kind: 'Ordered', text: pending, joined: true });
    expect(await send(client, 'promote')).toEqual({ kind: 'Busy', text: pending });
    expect(patches).toEqual([]);
  });

  it.each([
    ['handled', `abort/${CANDIDATE}/${UID}/x`, `abort/${CANDIDATE}/${UID}/x`],
    ['of another object', `abort/${CANDIDATE}/another-uid/x`, undefined],
    ['no order', 'abort everything', undefined],
  ])('is pending no more when it is %s', (_, text, handledOrder) => {
    expect(pendingOrder(chat('Loading', handledOrder === undefined ? {} : { handledOrder }, text))).toBeUndefined();
  });

  it.each([
    ['Accepted: it goes.', { accepted: true, message: 'it goes.' }],
    ['Refused: because: of that.', { accepted: false, message: 'because: of that.' }],
    [undefined, { accepted: true, message: 'the operator has handled it, and said nothing of it.' }],
  ])('is answered with %s', (result, answer) => {
    expect(orderAnswer(result)).toEqual(answer);
  });
});

describe('a revision', () => {
  const known = [
    { hash: 'bcd1', version: 'a/FP16/1' },
    { hash: 'bcd2', version: 'b/FP16/1' },
    { hash: 'bcd', version: 'b/FP16/1' },
    { hash: 'xyz' },
  ];
  it.each([
    ['xyz', 'xyz'],
    ['x', 'xyz'],
    ['bcd', 'bcd'],
    ['bcd2', 'bcd2'],
    ['a/FP16/1', 'bcd1'],
  ])('is meant by %s', (text, hash) => {
    expect(resolveRevision(text, known, 'chat')).toBe(hash);
  });
  it.each([
    ['bc', '"bc" is more than one revision of chat: bcd1 (a/FP16/1), bcd2 (b/FP16/1), bcd (b/FP16/1)'],
    ['b/FP16/1', 'is more than one revision of chat: bcd2 (b/FP16/1), bcd (b/FP16/1)'],
    ['', 'there is no revision "" of chat'],
    ['q', 'there is no revision "q" of chat: there are bcd1 (a/FP16/1)'],
  ])('is not meant by %j', (text, message) => {
    expect(() => resolveRevision(text, known, 'chat')).toThrow(message);
  });
});
