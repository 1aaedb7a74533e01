import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { GROUP, MANAGER } from './api/index.ts';
import { type Config, ConfigError, parseInvocation } from './config.ts';
import { DefaultsReader } from './controller/defaults-reader.ts';
import { Manager } from './controller/manager.ts';
import { KubeHttpClient } from './kube/client.ts';
import { systemClock } from './kube/clock.ts';
import { loadCredentials } from './kube/credentials.ts';
import { KubeError } from './kube/errors.ts';
import { EventRecorder } from './kube/events.ts';
import { LeaderElector } from './kube/leader-election.ts';
import { ServerClock } from './kube/server-clock.ts';
import { Transport } from './kube/transport.ts';
import { PrometheusClient } from './observe/index.ts';
import { createLogger, type Logger } from './telemetry/logger.ts';
import { Metrics } from './telemetry/metrics.ts';
import { startTelemetryServer } from './telemetry/server.ts';
import type { WebhookServer } from './webhook/index.ts';

/** Set by the build; a run from the sources is `dev`. */
const VERSION = process.env['DEEPSEEK_OPERATOR_VERSION'] ?? 'dev';

/** The longest that a stop may take before the process ends all the same, milliseconds. */
const STOP_LIMIT_MS = 1_800;

async function main(): Promise<number> {
  const invocation = parseInvocation(process.argv.slice(2), process.env);
  if (invocation.command !== 'run') {
    console.log(invocation.command === 'help' ? invocation.text : VERSION);
    return 0;
  }
  const { config } = invocation;
  const log = createLogger({ level: config.logLevel, format: config.logFormat, stream: process.stdout });
  process.on('unhandledRejection', (error) => {
    log.error('a promise was rejected and nobody looked: this is a defect', { error });
    process.exit(1);
  });
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      log.info('stopping', { signal: name });
      stop.abort(new Error(`stopped by ${name}`));
      endInTime();
    });
  }
  try {
    await run(config, log, stop.signal);
    return 0;
  } catch (error) {
    if (stop.signal.aborted) return 0;
    log.error('the operator ends', { error });
    endInTime();
    return 1;
  }
}

/** Whatever is still open then: a process that does nothing any more must not look alive. */
function endInTime(): void {
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref();
}

/** Wires everything together and runs until `signal` aborts. */
async function run(config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  const metrics = new Metrics({ version: VERSION });
  const { kubeconfig } = config;
  const credentials = await loadCredentials({
    clock: systemClock,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
  const serverClock = new ServerClock({
    local: systemClock,
    onStep: (ms) => log.info("the time is the API server's from now on", { stepMs: Math.round(ms) }),
  });
  const transport = new Transport({
    credentials,
    clock: systemClock,
    userAgent: `${MANAGER}/${VERSION}`,
    onRequest: ({ method, host, code, seconds }) => {
      metrics.observeRequest({ method, host, code: code === '<error>' ? code : Number(code), seconds });
    },
    onServerTime: (time) => serverClock.observe(time),
  });
  const unfenced = new KubeHttpClient(transport);
  const identity = `${hostname()}_${randomUUID()}`;
  const elector = config.leaderElect ? createElector(config, unfenced, identity, metrics, log) : undefined;
  const fence = (): void => {
    elector?.fence();
    manager.fence();
  };
  const client = new KubeHttpClient(transport, { fence });
  const events = new EventRecorder({
    client,
    clock: serverClock,
    source: { controller: `${GROUP}/controller`, instance: identity },
    // A rollout tells a dozen; the third within an hour is to be told of as the first.
    burst: 100,
    refillMs: 10_000,
    mayWrite: () => elector?.isLeader ?? true,
    busy: () => manager.backlogged,
  });
  const defaults =
    config.defaultsFile === undefined ? undefined : new DefaultsReader({ path: config.defaultsFile, log });
  // What is wrong with it is told at the start, not with the first model.
  await defaults?.read();
  const prometheus = await createPrometheus(config, serverClock);
  const manager: Manager = new Manager({
    client,
    watchClient: unfenced,
    ...(elector ? { elector } : {}),
    events,
    metrics,
    clock: serverClock,
    log,
    workers: config.workers,
    namespaces: config.watchNamespaces,
    decide: {
      observeOnly: config.observeOnly,
      monitoringLabels: config.monitoringLabels,
      prometheusNamespaces: config.prometheusNamespaces,
      // NetworkPolicies of models admit the operator from where it runs.
      ...(process.env['POD_NAMESPACE'] !== undefined && { operatorNamespace: process.env['POD_NAMESPACE'] }),
      ...(config.prometheusUrl !== undefined && { prometheusUrl: config.prometheusUrl }),
    },
    ...(defaults && { defaults }),
    ...(prometheus && { prometheus }),
  });
  // Also where it ends by itself, as after a lost Lease: whoever still answers probes is not started again.
  const ended = new AbortController();
  const telemetry = await startTelemetryServer({
    ...config.metricsBindAddress,
    live: {},
    ready: {
      caches: () => (manager.unsynced.length === 0 ? undefined : `not complete: ${manager.unsynced.join(', ')}`),
      watches: () => (manager.refused.length === 0 ? undefined : `refused for a minute: ${manager.refused.join(', ')}`),
    },
    registry: metrics.registry,
    signal: AbortSignal.any([signal, ended.signal]),
  });
  let webhook: WebhookServer | undefined;
  try {
    // The last to end: requests come for as long as endpoints say that we are there.
    webhook = await startWebhook(config, { manager, client: unfenced, clock: serverClock, metrics, log }, ended.signal);
    log.info('started', {
      version: VERSION,
      server: credentials.server,
      telemetry: `${telemetry.host}:${telemetry.port}`,
      webhook: webhook?.port,
    });
    await manager.run(signal);
  } finally {
    ended.abort(signal.reason);
    await webhook?.closed;
    await telemetry.closed;
  }
}

/** What the webhook is wired from. */
interface WebhookParts {
  readonly manager: Manager;
  readonly client: KubeHttpClient;
  readonly clock: ServerClock;
  readonly metrics: Metrics;
  readonly log: Logger;
}

async function startWebhook(
  { webhookBindAddress: address, webhookCertDir: dir, webhookName: name, leaderElectionNamespace }: Config,
  { manager, client, clock, metrics, log }: WebhookParts,
  signal: AbortSignal,
): Promise<WebhookServer | undefined> {
  if (address === undefined) return undefined;
  // What issues certificates is a good part of the memory of an operator without a webhook.
  const { CertificateFiles, CertificateKeeper, startWebhookServer } = await import('./webhook/index.ts');
  const namespace = process.env['POD_NAMESPACE'] ?? leaderElectionNamespace;
  return startWebhookServer({
    ...address,
    judge: (object, until) => manager.judge.judge(object, until),
    certificates:
      dir === undefined
        ? new CertificateKeeper({ client, clock, log, ref: { namespace, name } })
        : new CertificateFiles({ dir, clock, log }),
    unready: () =>
      manager.unsynced.length === 0 ? undefined : `caches are not complete: ${manager.unsynced.join(', ')}`,
    log,
    onReview: (review) => metrics.webhook.observe(review),
    onCertificate: (notAfter) => metrics.webhook.setCertificateExpiry(notAfter),
    signal,
  });
}

async function createPrometheus(
  { prometheusUrl: url, prometheusTokenFile }: Config,
  clock: ServerClock,
): Promise<PrometheusClient | undefined> {
  if (url === undefined) return undefined;
  if (prometheusTokenFile === undefined) return new PrometheusClient({ url, clock });
  const bearerToken = (): Promise<string> => readFile(prometheusTokenFile, 'utf8');
  // A path that is wrong is told at the start, not with the first query.
  await bearerToken();
  return new PrometheusClient({ url, clock, bearerToken });
}

function createElector(
  config: Config,
  client: KubeHttpClient,
  identity: string,
  metrics: Metrics,
  log: Logger,
): LeaderElector {
  return new LeaderElector({
    client,
    clock: systemClock,
    lease: { namespace: config.leaderElectionNamespace, name: config.leaseName },
    identity,
    onLeading: (leading) => {
      metrics.setLeader(config.leaseName, leading);
      log.info(leading ? 'leading' : 'no longer leading', { identity });
    },
    onHolder: (holder) => {
      if (holder !== identity) log.info('another process leads', { holder });
    },
    onError: (error) => log.warn('leader election cannot reach the API server', { error }),
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof ConfigError) {
    console.error(error.message);
    process.exitCode = error.exitCode;
  } else {
    console.error(error instanceof KubeError ? error.message : error);
    process.exitCode = 1;
  }
}
