import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, KIND, MANAGER } from '../api/index.ts';
import { isConflict, isInvalid, isNotFound } from '../kube/errors.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Informer, KubeClient } from '../kube/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DeploymentMetrics } from '../telemetry/deployment-metrics.ts';
import { subjectOf } from './decide/events.ts';
import type { Exported } from './decide/exported.ts';
import type { EventRecord } from './decide/intents.ts';
import type { Status } from './decide/judgement.ts';
import { WRITE_LIMIT_MS } from './failed-writes.ts';
import { rolloutNews } from './rollout-news.ts';
import type { LiveDeepSeekDeployment, LiveMeta } from './snapshot.ts';

/** Writes Events in the background; never waits, never throws. */
export type EventSink = Pick<EventRecorder, 'record'>;

/** What reporting needs. */
export interface ReportContext {
  readonly client: KubeClient;
  readonly deployments: Informer<LiveDeepSeekDeployment>;
  readonly events: EventSink;
  readonly metrics: DeploymentMetrics;
}

/** What a pass has to tell. */
export interface Report {
  readonly status: Status;
  readonly events: readonly EventRecord[];
  readonly exported: Exported;
}

/**
 * Tells the world: one status write if it changed, then events, metrics and a log line. Events follow the status
 * that they belong to, so that a pass that is repeated after a failed write does not announce twice.
 */
export async function report(
  live: LiveDeepSeekDeployment & { readonly metadata: LiveMeta },
  { status, events, exported }: Report,
  context: ReportContext,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name } = live.metadata;
  const before = readyOf(live.status);
  const after = readyOf(status);
  if (!sameStatus(live.status, status)) {
    try {
      context.deployments.observeWrite(await writeStatus(live.metadata, status, context, signal));
    } catch (error) {
      // Deleted, or deleted and made again: there is nobody to report to, and the news is on its way.
      if (!isNotFound(error) && !isConflict(error)) throw error;
      return;
    }
  }
  announce(live, events, context.events);
  context.metrics.observe({ namespace, name }, rolloutNews(live.status, status));
  const { maxReplicas } = live.spec.autoscaling ?? {};
  const until = Date.parse(status.rollback?.until ?? '');
  const { warmGpus, ...beside } = exported;
  context.metrics.set(
    { namespace, name },
    {
      phase: status.rollout?.phase ?? 'Idle',
      reason: after?.reason ?? 'Unknown',
      readyReplicas: status.readyReplicas ?? 0,
      hasServed: status.serving !== undefined,
      isScraped: live.spec.monitoring?.scrape !== 'None',
      ...(maxReplicas !== undefined && { maxReplicas }),
      isAtMaxReplicas: isAtMaxReplicas(status),
      ...beside,
      rollback: {
        warmGpus,
        ...(status.rollback && { readiness: status.rollback.readiness }),
        ...(!Number.isNaN(until) && { until }),
      },
    },
  );
  if (after && (before?.reason !== after.reason || before.status !== after.status)) {
    const fields = { ready: after.status, reason: after.reason, revision: subjectOf(status) };
    log.info(after.message, fields);
  }
}

/** Events on a DeepSeekDeployment. */
export function announce(
  { metadata }: Pick<LiveDeepSeekDeployment, 'metadata'>,
  events: readonly EventRecord[],
  sink: EventSink,
): void {
  for (const event of events) sink.record({ regarding: { apiVersion: API_VERSION, kind: KIND, metadata }, ...event });
}

/**
 * Writes the status. An apply takes nothing away that somebody else has written, too (a backup that was restored with its status,
 * `kubectl edit --subresource=status`): what is left of a condition is refused as invalid then, or stays. So the whole is replaced.
 */
async function writeStatus(
  { namespace, name, uid }: LiveMeta,
  status: Status,
  { client, deployments: { type } }: ReportContext,
  signal: AbortSignal,
): Promise<LiveDeepSeekDeployment> {
  const options = { fieldManager: MANAGER, subresource: 'status', limitMs: WRITE_LIMIT_MS, signal } as const;
  const object = { apiVersion: API_VERSION, kind: KIND, metadata: { namespace, name, uid }, status };
  try {
    const stored = await client.apply(type, object, { ...options, force: true });
    if (sameStatus(stored.status, status)) return stored;
  } catch (error) {
    if (!isInvalid(error)) throw error;
  }
  const steps = [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'add', path: '/status', value: status },
  ];
  return client.patch(type, { namespace, name }, steps, { ...options, type: 'json' });
}

/** The autoscaler would have more replicas than it may. */
function isAtMaxReplicas({ conditions = [] }: Status): boolean {
  return conditions.some(({ type, reason }) => type === 'AutoscalingActive' && reason === 'AtMaxReplicas');
}

/** Conditions are a map by type: their order says nothing, and a merge by the server may change it. */
function sameStatus(a: Status | undefined, b: Status): boolean {
  const sorted = (status: Status | undefined) =>
    status && { ...status, conditions: [...(status.conditions ?? [])].sort((x, y) => (x.type < y.type ? -1 : 1)) };
  return isDeepStrictEqual(sorted(a), sorted(b));
}

function readyOf(status: Status | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
