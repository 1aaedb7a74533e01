import { describe, expect, it } from '@jest/globals';
import { PassThrough } from 'node:stream';
import { systemClock } from '../../operator/kube/clock.ts';
import type { DeepSeekDeploymentObject } from '../get/objects.ts';
import { CANDIDATE, deploymentObject, ready } from '../get/test-support.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import type { CommandContext } from '../support/context.ts';
import { CommandError } from '../support/exit-status.ts';
import { statusCommand } from './command.ts';

const at = (resourceVersion: string, object: DeepSeekDeploymentObject): DeepSeekDeploymentObject => ({
  ...object,
  metadata: { ...object.metadata, resourceVersion },
});
const loading = at(
  '1',
  deploymentObject({
    observedGeneration: 3,
    conditions: [ready('False', 'Loading', 'It loads.')],
    candidate: { revision: CANDIDATE, version: 'new', readyReplicas: 0 },
    rollout: { phase: 'Loading' },
  }),
);
const done = at(
  '2',
  deploymentObject({ observedGeneration: 3, conditions: [ready('True', 'Available', 'It serves.')] }),
);

/** A server that shows one object, and sends the second one to those who watch once `shown` resolves. */
type Server = (shown: Promise<unknown>) => ClusterConnection;

const serverWith =
  (first: DeepSeekDeploymentObject, then?: DeepSeekDeploymentObject): Server =>
  (shown) => {
    const client = {
      get: async () => first,
      listPages: async function* () {
        yield { items: [first], resourceVersion: '1' };
      },
      watch: async (_: unknown, { signal }: { readonly signal: AbortSignal }) =>
        (async function* () {
          await Promise.race([
            shown,
            new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true })),
          ]);
          if (then) yield Buffer.from(`${JSON.stringify({ type: 'MODIFIED', object: then })}\n`);
          await new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          });
        })(),
    };
    return { client: client as unknown as ClusterConnection['client'], namespace: 'ai', close: async () => undefined };
  };

async function run(argv: readonly string[], server: Server, terminal: object = {}, stop = new AbortController()) {
  const [stdout, stderr] = [Object.assign(new PassThrough(), terminal), new PassThrough()];
  const context: CommandContext = {
    stdout,
    stderr,
    env: { LANG: 'C.UTF-8', NO_COLOR: '1' },
    clock: systemClock,
    signal: stop.signal,
  };
  const shown = Promise.race(
    [stdout, stderr].map((stream) => new Promise((resolve) => stream.once('readable', resolve))),
  );
  let status: number | undefined;
  let message = '';
  try {
    const command = statusCommand(
      context,
      (ended) => (status = ended),
      async () => server(shown),
    );
    await command.exitOverride().parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    ({ exitStatus: status, message } = error);
  }
  return { status, message, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('status', () => {
  it('ends with 0 without --wait, whatever it says', async () => {
    const { status, stdout } = await run(['chat'], serverWith(loading));
    expect(status).toBe(0);
    expect(stdout).toContain('ai/chat  ◌ Waiting');
  });

  it('follows until it is Ready; in a pipe with a line for each change', async () => {
    const { status, stdout, stderr } = await run(['chat', '--wait'], serverWith(loading, done));
    expect(status).toBe(0);
    expect(stderr).toMatch(/^\d\d:\d\d:\d\d {2}Loading: 9e1d0c22fa, Loading: It loads\.\n$/);
    expect(stdout).toMatch(/^ai\/chat {2}✔ Ready for [^\n]+\n[^]*It serves\.\n/);
  });

  it('repaints a terminal in place, and leaves the last screen there', async () => {
    const terminal = { isTTY: true, columns: 100, rows: 40 };
    const { status, stdout, stderr } = await run(['chat', '--wait'], serverWith(loading, done), terminal);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('◌ Waiting');
    expect(stdout.indexOf('✔ Ready')).toBeGreaterThan(stdout.indexOf('◌ Waiting'));
    expect(stdout.split('✔ Ready')).toHaveLength(2);
  });

  it('says what it waited for at its timeout, and when the user stops it', async () => {
    expect(await run(['chat', '--wait', '--timeout', '10ms'], serverWith(loading))).toMatchObject({
      status: 1,
      message: expect.stringMatching(/^ai\/chat: not Ready within .*: Loading: It loads\.$/),
    });
    const stop = new AbortController();
    const stopped = run(['chat', '--wait'], serverWith(loading), {}, stop);
    setImmediate(() => stop.abort());
    expect((await stopped).status).not.toBe(0);
  });

  it('prints JSON that stays JSON while it waits', async () => {
    const { stdout } = await run(['chat', '--wait', '-o', 'json'], serverWith(loading, done), { isTTY: true });
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'Ready', message: 'It serves.' });
  });

  it('refuses a timeout without --wait', async () => {
    expect(await run(['chat', '--timeout', '1m'], serverWith(loading))).toMatchObject({ status: 2 });
  });
});
