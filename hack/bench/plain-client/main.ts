/**
 * What an operator is measured against: a process that is told of each model and makes the operator's writes for it, from
 * texts prepared before, over one pool of kept connections. It watches nothing, decides nothing, and reads no answer.
 */
import type { Agent } from 'undici';
import { systemClock } from '../../../operator/kube/clock.ts';
import { loadCredentials } from '../../../operator/kube/credentials.ts';
import { plainAgent } from './agent.ts';
import { fill, type Message, type Target, type WriteTemplate } from './protocol.ts';

/** Targets in the order of arrival; `take` waits for the next. */
class Mailbox {
  readonly #targets: Target[] = [];
  readonly #waiting: ((target: Target) => void)[] = [];

  put(target: Target): void {
    const next = this.#waiting.shift();
    if (next) next(target);
    else this.#targets.push(target);
  }

  async take(): Promise<Target> {
    const target = this.#targets.shift();
    return target ?? new Promise((resolve) => this.#waiting.push(resolve));
  }
}

async function work(agent: Agent, origin: string, writes: readonly WriteTemplate[], mailbox: Mailbox): Promise<never> {
  const headers = { 'content-type': 'application/apply-patch+yaml', accept: 'application/json' };
  for (;;) {
    const target = await mailbox.take();
    for (const write of writes) {
      const { path, body } = fill(write, target);
      const response = await agent.request({ origin, path, method: 'PATCH', headers, body });
      if (response.statusCode >= 300) throw new Error(`${path}: ${response.statusCode} ${await response.body.text()}`);
      await response.body.dump();
    }
  }
}

const mailbox = new Mailbox();

process.on('message', (message: Message) => {
  if (message.type === 'target') mailbox.put(message.target);
  else void start(message);
});

async function start({ kubeconfig, workers, writes }: Message & { readonly type: 'start' }): Promise<void> {
  const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
  const agent = plainAgent(await credentials.tls(), workers);
  const origin = new URL(credentials.server).origin;
  process.send?.('ready');
  await Promise.all(Array.from({ length: workers }, () => work(agent, origin, writes, mailbox)));
}
