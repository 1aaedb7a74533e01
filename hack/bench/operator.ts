import { randomUUID } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../cluster/index.ts';
import { forgetProcess, recordProcess } from '../cluster/folder.ts';
import { layout } from '../cluster/layout.ts';
import { isAlive, spawnLogged, type ProcessIdentity } from '../cluster/process.ts';
import { waitFor } from '../cluster/wait.ts';

/** What is measured is what ships: the bundle behind its launcher, in a process of its own. */
const LAUNCHER = fileURLToPath(new URL('../../dist/deepseek-operator', import.meta.url));
/** Limits, milliseconds: many times what a busy machine needs. */
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 20_000;

export interface OperatorOptions {
  readonly cluster: Cluster;
  /** Common name of its certificate: the user that it is in the audit log. */
  readonly user: string;
  readonly args?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** A running operator. */
export interface OperatorProcess {
  readonly pid: number;
  /** From the start of the process until /readyz answered 200, seconds. */
  readonly readySeconds: number;
  /** Where /metrics is. */
  readonly telemetry: string;
  /** Where its log is, a JSON object a line. */
  readonly logFile: string;
  /** SIGTERM; resolves when the process is gone. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** Starts the built operator and waits until it is ready. It belongs to the cluster: when that goes, it goes. */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const { cluster, user, args = [], env = {}, signal } = options;
  await access(LAUNCHER).catch((cause: unknown) => {
    throw new Error('There is no dist/deepseek-operator: run `npm run build`.', { cause });
  });
  const name = `operator-${randomUUID()}`;
  const logFile = join(layout(cluster.dir).logs, `${name}.log`);
  const kubeconfig = await cluster.kubeconfig(user);
  const startedAt = performance.now();
  const identity = await spawnLogged({
    command: LAUNCHER,
    args: [`--kubeconfig=${kubeconfig}`, '--metrics-bind-address=127.0.0.1:0', '--log-format=json', ...args],
    logFile,
    // The launcher takes `node` from the PATH; it is to be the one that runs this.
    env: { PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, ...env },
  });
  await recordProcess(cluster.dir, name, identity);
  const waiting = { timeoutMs: START_TIMEOUT_MS, intervalMs: 20, signal, details: () => `See ${logFile}` };
  const telemetry = await waitFor(
    async () => {
      if (!isAlive(identity)) throw new Error(`The operator exited:\n${await readFile(logFile, 'utf8')}`);
      return findTelemetry(await readFile(logFile, 'utf8'));
    },
    { what: 'the operator to say where its telemetry is', ...waiting },
  );
  await waitFor(async () => ((await isReady(telemetry)) ? true : undefined), { what: 'its /readyz', ...waiting });
  const readySeconds = (performance.now() - startedAt) / 1000;
  const end = async (by: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    await terminate(identity, by, signal);
    await forgetProcess(cluster.dir, name);
  };
  const ends = { stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  return { pid: identity.pid, readySeconds, telemetry, logFile, ...ends };
}

/** The address in the line that the operator logs when it has started. */
function findTelemetry(log: string): string | undefined {
  return /"telemetry":"([^"]+)"/.exec(log)?.[1];
}

async function isReady(telemetry: string): Promise<boolean> {
  const response = await fetch(`http://${telemetry}/readyz`);
  await response.arrayBuffer();
  return response.status === 200;
}

async function terminate(identity: ProcessIdentity, by: 'SIGTERM' | 'SIGKILL', signal: AbortSignal): Promise<void> {
  if (isAlive(identity)) process.kill(identity.pid, by);
  await waitFor(async () => (isAlive(identity) ? undefined : true), {
    what: 'the operator to stop',
    timeoutMs: STOP_TIMEOUT_MS,
    signal,
  });
}

/** What /metrics said at one moment. */
export interface Metrics {
  /** The value of a metric without labels. */
  value(name: string): number;
  /** The sum of all series of a metric; 0 without any. */
  sum(name: string): number;
}

/** Asks an operator for its metrics, once: event-loop delays are counted from one time to the next. */
export async function readMetrics({ telemetry }: OperatorProcess): Promise<Metrics> {
  return parseMetrics(await (await fetch(`http://${telemetry}/metrics`)).text());
}

export function parseMetrics(text: string): Metrics {
  return {
    value: (name) => {
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
      if (value === undefined) throw new Error(`/metrics has no ${name}`);
      return Number(value);
    },
    sum: (name) => {
      const series = text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'));
      return [...series].reduce((sum, [, value]) => sum + Number(value), 0);
    },
  };
}
