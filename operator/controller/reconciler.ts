import { parseDeepSeekDeployment } from '../api/index.ts';
import type { Reconcile } from '../kube/controller.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { invalidSpec } from './decide/obstructed.ts';
import type { Stored } from './look.ts';
import { Pass, type PassContext } from './pass.ts';
import { Remembered } from './remembered.ts';
import { report, type EventSink } from './report.ts';
import { Restless } from './restless.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

/** What a reconciler works with; all of it is passed in. */
export interface ReconcilerContext extends PassContext {
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Changes when the API server turns out to have another history than before (a restored etcd). Default: never. */
  readonly history?: () => number;
}

/** The passes of the loop for all DeepSeekDeployments, by their keys in the work queue. */
export function createReconciler(context: ReconcilerContext): Reconcile {
  const { client, caches, clock, events, metrics } = context;
  const reporting = { client, events, deployments: caches.deepSeekDeployments, metrics: metrics.deployments };
  const restless = new Restless(clock);
  let remembered = new Remembered(clock);
  let history = context.history?.();
  /** By key, the UID and generation whose spec the schema accepts: a pass that was caused by a child need not ask again. */
  const accepted = new Map<string, string>();

  /** Nothing is observed or claimed for an object that nobody moves on. */
  const leave = (uid: string): void => {
    context.observer.forget(uid);
    remembered.forget(uid);
    context.claims.record(uid);
  };

  const reconcile: Reconcile = async (key, signal, { id }) => {
    // What was found, told and measured is of a time that has not been.
    if (context.history?.() !== history) {
      for (const { metadata } of caches.deepSeekDeployments.store.list())
        if (metadata.uid !== undefined) leave(metadata.uid);
      remembered = new Remembered(clock);
      history = context.history?.();
    }
    const [namespace = '', name = ''] = key.split('/');
    const live = caches.deepSeekDeployments.store.get({ namespace, name });
    if (!live) {
      const [uid = ''] = (accepted.get(key) ?? '').split('/');
      leave(uid);
      restless.forget(key);
      accepted.delete(key);
      metrics.deployments.delete({ namespace, name });
      return undefined;
    }
    if (!isStored(live)) return undefined;
    const { uid, generation = 0, deletionTimestamp } = live.metadata;
    if (deletionTimestamp !== undefined) {
      leave(uid);
      return undefined;
    }
    // An object of the same name that was made anew: nobody asks for the one before.
    const [before = uid] = (accepted.get(key) ?? uid).split('/');
    if (before !== uid) leave(before);
    const waitMs = restless.waitMs(key, `${uid}/${generation}`);
    if (waitMs > 0) return { requeueAfterMs: waitMs };

    const log = context.log.child({ namespace, name, generation, reconcileId: id });
    if (accepted.get(key) !== `${uid}/${generation}`) {
      const wrong = whatIsWrong(live);
      if (wrong !== undefined) {
        leave(uid);
        await report(live, invalidSpec(live, wrong, clock.now()), reporting, log, signal);
        return undefined;
      }
      accepted.set(key, `${uid}/${generation}`);
    }
    return new Pass(key, live, context, remembered, reporting, log).run(signal);
  };
  return async (key, signal, pass) => {
    try {
      return await reconcile(key, signal, pass);
    } finally {
      context.admission.passed(key);
    }
  };
}

/** Why the schema does not accept the spec. */
function whatIsWrong(live: LiveDeepSeekDeployment): string | undefined {
  if (live.unwieldy !== undefined) return `spec: ${live.unwieldy}`;
  // The status is ours: what a later operator said in it, before a downgrade, is no fault of the user's.
  const { status: _, ...wish } = live;
  const parsed = parseDeepSeekDeployment(wish);
  return parsed.ok ? undefined : parsed.message;
}

function isStored(object: LiveDeepSeekDeployment): object is Stored {
  return object.metadata.uid !== undefined && object.metadata.namespace !== undefined;
}
