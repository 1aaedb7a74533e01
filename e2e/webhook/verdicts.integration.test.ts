import { beforeEach, describe, expect, it, test } from '@jest/globals';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { plan } from '../../operator/planner/index.ts';
import type { DeepSeekDeploymentSpec } from '../../operator/api/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { ACCEPTED, PATIENCE, REFUSED, type Replica, webhookStage } from './stage.ts';

const cluster = testCluster('control-plane', {});
const stage = webhookStage(cluster);

/** What the planner says of it. */
const WHY = 'deepseek-r1-distill-qwen-7b in FP16 needs 14.2 GiB of weights per GPU; a T4 gives 13.1 GiB';

async function stored(name: string) {
  const { namespace, signal, admin } = stage();
  return admin.get(DEEPSEEK_DEPLOYMENTS, { namespace, name }, { signal });
}

/** The message of PlanAccepted once the operator has judged this generation. */
async function condition(name: string) {
  return eventually(async () => {
    const { metadata, status } = await stored(name);
    const found = status?.conditions?.find(({ type }) => type === 'PlanAccepted');
    if (found?.observedGeneration !== metadata.generation) throw new Error('not judged yet');
    return found;
  }, PATIENCE);
}

describe('with a webhook', () => {
  let replica: Replica;
  beforeEach(async () => {
    replica = await stage().startReplica();
    await stage().install(replica.port);
  }, 60_000);

  it('kubectl apply is told why a spec cannot work, and what would be accepted', async () => {
    const { code, complaint } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', REFUSED));
    const { alternatives } = plan(REFUSED as DeepSeekDeploymentSpec);
    expect(alternatives.length).toBeGreaterThan(2);
    expect(complaint).toBe(
      'Error from server (InsufficientGPUMemory): error when creating "STDIN": ' +
        `admission webhook "plan.deepseek-operator.io" denied the request: ${WHY}. What would be accepted:\n` +
        alternatives.map(({ summary }) => `- ${summary}\n`).join(''),
    );
    expect(code).toBe(1);
    expect(await replica.metrics()).toMatch(/deepseek_operator_admission_reviews_total\{verdict="refused"\} [1-9]/);
    expect(replica.log.find(({ message }) => message === 'a spec is refused')).toMatchObject({
      ...{ name: 'probe', namespace: stage().namespace, operation: 'CREATE', reason: 'InsufficientGPUMemory' },
    });
  });

  it('a dry run is judged as well', async () => {
    const { complaint } = await stage().kubectl(
      ['apply', '--dry-run=server', '-f', '-'],
      stage().model('chat', REFUSED),
    );
    expect(complaint).toContain(WHY);
  });

  it('kubectl shows what is legal and worth a word, once', async () => {
    const spec = {
      ...ACCEPTED,
      engine: { type: 'vLLM', image: 'registry.internal/vllm:1', extraArgs: ['--of-a-fork'] },
    };
    const { out, complaint, code } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', spec));
    expect(code).toBe(0);
    expect(out).toContain('created');
    expect(complaint.trim().split('\n')).toEqual([
      'Warning: the image registry.internal/vllm:1 is taken to have the command line of vLLM 0.32.0; set engine.version to say so',
      'Warning: vLLM 0.32.0 has no flag --of-a-fork; your image has to know it',
      'Warning: No node of the cluster is labelled as L4; it has no node with an accelerator: add such nodes, or change accelerator.type. ' +
        'It waits: a cluster autoscaler may bring such a node.',
    ]);
    // Nothing new is to be said of it.
    const again = await stage().kubectl(
      ['apply', '-f', '-'],
      stage().model('chat', { ...spec, rollout: { paused: true } }),
    );
    expect(again).toMatchObject({ code: 0, complaint: '' });
  });

  it('GPUs that are not there yet refuse nobody', async () => {
    const { code } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', ACCEPTED));
    expect(code).toBe(0);
  });

  it('a change to what cannot work is refused, and one to what works is not', async () => {
    await stage().kubectl(['apply', '-f', '-'], stage().model('chat', ACCEPTED));
    const worse = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', { ...REFUSED, replicas: 1 }));
    expect(worse.complaint).toContain(`denied the request: ${WHY}`);
    expect((await stored('chat')).spec).toMatchObject(ACCEPTED);
    const longer = { ...ACCEPTED, model: { ...ACCEPTED.model, maxModelLen: 4096 } };
    expect(await stage().kubectl(['apply', '-f', '-'], stage().model('chat', longer))).toMatchObject({ code: 0 });
  });

  it('what is no AdmissionReview is answered 400, and other paths 404', async () => {
    const answers: string[] = [];
    const fetchAs = async (path: string, method: string, body?: string) => {
      const { request } = await import('node:https');
      return new Promise<void>((resolve, reject) => {
        const sent = request(
          { host: '127.0.0.1', port: replica.port, path, method, rejectUnauthorized: false },
          (response) => {
            let text = '';
            response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
            response.once('end', () => {
              answers.push(`${String(response.statusCode)} ${text.trim()}`);
              resolve();
            });
          },
        );
        sent.once('error', reject);
        sent.end(body);
      });
    };
    await fetchAs('/validate?timeout=2s', 'POST', '{');
    await fetchAs('/validate', 'POST', '{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1"}');
    await fetchAs('/validate', 'GET');
    await fetchAs('/metrics', 'POST', '{}');
    await fetchAs('/validate', 'POST', `"${'x'.repeat(8 * 2 ** 20)}"`).catch(() => answers.push('413 cut'));
    expect(answers).toEqual([
      expect.stringMatching(/^400 the body is no JSON: /),
      expect.stringMatching(/^400 the body is no AdmissionReview of admission.k8s.io\/v1: apiVersion: /),
      '405 only POST',
      '404 only /validate',
      expect.stringMatching(/^413 /),
    ]);
  });

  it('keeps the connections of those who have asked, until half of its places are taken', async () => {
    const { Agent, request } = await import('node:https');
    const agents = Array.from({ length: 40 }, () => new Agent({ keepAlive: true, rejectUnauthorized: false }));
    const ask = (agent: (typeof agents)[number]) =>
      new Promise<string>((resolve, reject) => {
        const sent = request({ host: '127.0.0.1', port: replica.port, path: '/validate', agent }, (response) => {
          response.resume().once('end', () => resolve(response.headers.connection ?? ''));
        });
        sent.once('error', reject).end();
      });
    const answers: string[] = [];
    for (const agent of agents) answers.push(await ask(agent));
    for (const agent of agents) agent.destroy();
    const kept = answers.filter((answer) => answer === 'keep-alive').length;
    // Of these 24 the API server may have one or two.
    expect(kept).toBeLessThanOrEqual(24);
    expect(kept).toBeGreaterThan(20);
    expect(answers.filter((answer) => answer === 'close')).toHaveLength(40 - kept);
  });

  it('takes no more connections than have room in its memory, and goes on when some have left', async () => {
    const { connect } = await import('node:net');
    const open = () => {
      const socket = connect({ host: '127.0.0.1', port: replica.port });
      const gone = new Promise<boolean>((resolve) =>
        socket.on('error', () => resolve(true)).on('close', () => resolve(true)),
      );
      const stays = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 1_000));
      return { socket, gone: Promise.race([gone, stays]) };
    };
    const connections = Array.from({ length: 60 }, open);
    const refused = (await Promise.all(connections.map(({ gone }) => gone))).filter(Boolean);
    for (const { socket } of connections) socket.destroy();
    // Of the 48 the API server may have one or two.
    expect(60 - refused.length).toBeLessThanOrEqual(48);
    expect(60 - refused.length).toBeGreaterThan(40);
    await eventually(async () => {
      const { complaint } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', REFUSED));
      expect(complaint).toContain('denied the request');
    }, PATIENCE);
  });
});

describe('what is stored and cannot work', () => {
  let replica: Replica;
  beforeEach(async () => {
    replica = await stage().startReplica();
    // Nobody asks yet.
    await stage().kubectl(['apply', '-f', '-'], stage().model('chat', REFUSED));
  }, 60_000);

  it('says of itself in PlanAccepted what the webhook would have said', async () => {
    expect(await condition('chat')).toMatchObject({ status: 'False', reason: 'InsufficientGPUMemory', message: WHY });
  });

  test.each<[string, readonly string[]]>([
    ['a label', ['label', 'dsd/chat', 'team=ml']],
    ['a finalizer', ['patch', 'dsd/chat', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/kept"]}}']],
    ['its status', ['patch', 'dsd/chat', '--subresource=status', '--type=merge', '-p', '{"status":{"replicas":3}}']],
    ['its scale', ['scale', 'dsd/chat', '--replicas=0']],
    ['its deletion', ['delete', 'dsd/chat', '--wait=false']],
  ])('%s is changed without a question', async (_, args) => {
    await stage().install(replica.port);
    const asked = await replica.metrics();
    const { code, complaint } = await stage().kubectl(args);
    expect({ code, complaint }).toEqual({ code: 0, complaint: '' });
    expect(reviews(await replica.metrics())).toBe(reviews(asked));
    await stage().kubectl(['patch', 'dsd/chat', '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  });

  it('may be changed while it stays refused for the same reason, and is let go with a finalizer', async () => {
    await stage().install(replica.port);
    const off = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', { ...REFUSED, replicas: 0 }));
    expect(off).toMatchObject({
      code: 0,
      complaint: expect.stringContaining(`Warning: It stays refused (InsufficientGPUMemory): ${WHY}`),
    });
    const other = { ...REFUSED, quantization: { type: 'BF16' } };
    const { complaint } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', other));
    expect(complaint).toContain('Error from server (UnsupportedQuantization)');
    const good = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', ACCEPTED));
    expect(good.code).toBe(0);
  });
});

/** Reviews that were answered so far. */
function reviews(exposition: string): number {
  const counts = [...exposition.matchAll(/^deepseek_operator_admission_reviews_total\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

describe('the operator as a program', () => {
  it('is asked once it has started, and answers until it is told to stop', async () => {
    const { port, lines, stop } = await stage().startProgram('--webhook-bind-address', '127.0.0.1:0');
    await stage().install(port);
    expect(lines().map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'certificates of the webhook are made',
        'the webhook serves a certificate',
        'the API server is told whom to trust',
        'a spec is refused',
      ]),
    );
    // No key and no certificate is in the log.
    expect(JSON.stringify(lines())).not.toMatch(/-----BEGIN|LS0tLS1/);
    expect(await stop()).toBe(0);
  });

  it('has no webhook and makes no certificate unless it is told to', async () => {
    const { port, stop } = await stage().startProgram();
    expect(port).toBeNaN();
    await expect(stage().secret()).rejects.toThrow('not found');
    expect(await stop()).toBe(0);
  });
});

describe('without an answer', () => {
  it('the operator stands in nobody’s way, and tells it in the condition', async () => {
    const replica = await stage().startReplica();
    await stage().install(replica.port);
    await replica.stop();
    const { code, out } = await stage().kubectl(['apply', '-f', '-'], stage().model('chat', REFUSED));
    expect([code, out]).toEqual([0, 'deepseekdeployment.deepseek-operator.io/chat created\n']);
    await stage().startReplica({ port: replica.port });
    expect(await condition('chat')).toMatchObject({ status: 'False', message: WHY });
    // A version of it that is down for good is asked by nobody any more: the one that came is.
    await eventually(() => stage().refused(), PATIENCE);
  });
});
