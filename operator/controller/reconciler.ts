import { parseDeepSeekDeployment, type DeepSeekDeployment } from '../api/index.ts';
import type { Reconcile } from '../kube/controller.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { act } from './act.ts';
import { decide } from './decide/decide.ts';
import type { DecideOptions } from './decide/judgement.ts';
import { describeIntent, type Intent, revisionOf } from './decide/intents.ts';
import { invalidSpec, obstructed } from './decide/obstructed.ts';
import type { EngineLogs } from './engine-logs.ts';
import type { ServerVersionReader } from './server-version.ts';
import { gather } from './gather.ts';
import type { Caches } from './caches.ts';
import { report, type EventSink } from './report.ts';
import type { LiveDeepSeekDeployment, LiveMeta } from './snapshot.ts';

/** What a reconciler works with; all of it is passed in. */
export interface ReconcilerContext {
  readonly client: KubeClient;
  readonly caches: Caches;
  readonly engineLogs: EngineLogs;
  readonly serverVersion: ServerVersionReader;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: DecideOptions;
}

/** One pass of the loop for one DeepSeekDeployment: gather -> decide -> act -> report. */
export function createReconciler(context: ReconcilerContext): Reconcile {
  const { caches, client, clock, metrics } = context;
  /** By key, the UID and generation whose spec the schema accepts: a pass that was caused by a child need not ask again. */
  const accepted = new Map<string, string>();

  return async (key, signal, pass) => {
    const [namespace = '', name = ''] = key.split('/');
    const live = caches.deepSeekDeployments.store.get({ namespace, name });
    if (!live) {
      accepted.delete(key);
      metrics.deployments.delete({ namespace, name });
      return undefined;
    }
    if (!isComplete(live) || live.metadata.deletionTimestamp !== undefined) return undefined;
    const log = context.log.child({ namespace, name, generation: live.metadata.generation, reconcileId: pass.id });
    const reporting = {
      client,
      deployments: caches.deepSeekDeployments,
      events: context.events,
      metrics: metrics.deployments,
    };

    const generation = `${live.metadata.uid}/${live.metadata.generation ?? 0}`;
    if (accepted.get(key) !== generation) {
      // The status is ours: what a later operator said in it, before a downgrade, is no fault of the user's.
      const { status: _, ...wish } = live;
      const parsed = parseDeepSeekDeployment(wish);
      if (!parsed.ok) {
        await report(live, invalidSpec(live, parsed.message, clock.now()), reporting, log, signal);
        return undefined;
      }
      accepted.set(key, generation);
    }
    // The object as it is on the wire, without defaults that this operator's schema fills in: those are not what the
    // user asked for, and would make another revision of it.
    const deployment = live as unknown as DeepSeekDeployment & { readonly metadata: LiveMeta };
    const onImage = deployment.spec.model.source?.image !== undefined;
    const serverVersion = onImage ? await context.serverVersion.read(signal) : undefined;
    const look = () => {
      const cluster = { nodes: caches.nodes.nodes, version: serverVersion };
      return gather(deployment, caches.childStores, context.engineLogs, cluster, clock.now());
    };
    let snapshot = look();
    let decision = decide(snapshot, context.options);
    const mute = snapshot.pods.filter((pod) => decision.logsWanted.includes(pod.metadata.name));
    if (await context.engineLogs.read(mute, signal)) {
      snapshot = look();
      decision = decide(snapshot, context.options);
    }
    const acting = {
      client,
      children: caches.children,
      onWrite: (intent: Intent) => log.info(describeIntent(intent), { revision: revisionOf(name, intent) }),
    };
    const { done, obstacle } = await act(live.metadata, decision.intents, acting, signal);
    if (decision.specFirst && !obstacle) return undefined;
    const told = obstacle ? obstructed(snapshot, decision, obstacle, done) : decision;
    const wantedReplicas = decision.replicas;
    await report(live, { status: told.status, events: told.events, wantedReplicas }, reporting, log, signal);
    // An obstacle is somebody else's object or rule, which no cache of ours follows: look again, with backoff.
    if (obstacle) throw new ObstacleError(obstacle.message);
    return decision.requeueAfterMs === undefined ? undefined : { requeueAfterMs: decision.requeueAfterMs };
  };
}

/** A write met an obstacle that is reported; the pass is repeated with backoff until it is gone. */
export class ObstacleError extends Error {
  readonly code = 'OBSTACLE';
  override readonly name = 'ObstacleError';
}

function isComplete(
  object: LiveDeepSeekDeployment,
): object is LiveDeepSeekDeployment & { readonly metadata: LiveMeta } {
  return object.metadata.uid !== undefined && object.metadata.namespace !== undefined;
}
