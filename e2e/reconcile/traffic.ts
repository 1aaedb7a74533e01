import { LABEL } from '../../operator/api/index.ts';
import { HTTP_ROUTES, type LiveHttpRoute } from '../../operator/controller/gateway.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import {
  resources,
  type Deployment,
  type EndpointSlice,
  type Pod,
  type Service,
} from '../../operator/kube/resources.ts';
import type { Informer, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import type { Endpoint } from '../simulator/index.ts';
import { eventually } from '../support/eventually.ts';
import { lostShares, type Shares, unansweredShares, weightsOf } from './traffic-weights.ts';
import { gpusOf, holdsGpus, revisionOf } from './tenants.ts';

/** How things stood from one moment on, as an independent client saw it. */
export interface Moment {
  /** Wall clock, milliseconds. */
  readonly at: number;
  /** Revision that the active Service selects. */
  readonly selected: string | undefined;
  /** Ready endpoints of the active Service, by revision. */
  readonly ready: Readonly<Record<string, number>>;
  /** GPUs of pods that have a node, by revision. */
  readonly gpus: Readonly<Record<string, number>>;
  /** Those of them whose pods are to stay. */
  readonly staying: Readonly<Record<string, number>>;
  /** Of its HTTPRoute; absent: there is none. */
  readonly shares?: Shares;
}

export interface Violation {
  readonly promise:
    | 'min-ready'
    | 'one-revision'
    | 'max-gpus'
    | 'fixed-template'
    | 'kept-pods'
    | 'kept-service'
    | 'answered-share'
    | 'kept-share';
  readonly at: number;
  /** How long it lasted; absent: it goes on, or is no state. */
  readonly forMs?: number;
  readonly detail: string;
}

export interface Promises {
  /** Ready endpoints at each moment after the first; default 1. */
  readonly minReady?: number;
  /** No pod of the version that the Service selects is told to go, and no container of one is started again. */
  readonly keepsPods?: boolean;
  /** The active Service is never deleted: clients keep its address. */
  readonly keepsService?: boolean;
  /** An HTTPRoute sends nothing to a version without a ready pod, and takes nothing from one that is yet to be selected. */
  readonly keepsShares?: boolean;
  /** Somebody else puts several versions behind the Service. */
  readonly mayMix?: boolean;
  /** GPUs of all revisions together. */
  readonly maxGpus?: number;
  /** The same without those of pods on their way out: an autoscaler may want others before they are gone. */
  readonly maxStayingGpus?: number;
}

/** A pod was told to go, or a container of it started again. */
interface Interruption {
  readonly at: number;
  readonly pod: string;
  readonly revision: string;
  readonly what: string;
}

/** So long after its pod was told to go a version has to be selected still: watches are no snapshot. */
const STILL_MS = 500;

/**
 * Follows the active Service of a DeepSeekDeployment, its EndpointSlices, pods and Deployments on a client of its own, and
 * keeps every moment that differed from the one before.
 */
export class TrafficWatch {
  readonly moments: Moment[] = [];
  readonly #name: string;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #pods: Informer<Pod>;
  readonly #deployments: Informer<Deployment>;
  readonly #routes: Informer<LiveHttpRoute>;
  readonly #hasRoutes: (signal: AbortSignal) => Promise<boolean>;
  /** Of pods that are gone, too: an EndpointSlice may name one for a moment longer. */
  readonly #revisions = new Map<string, string>();
  readonly #templates = new Map<string, string>();
  readonly #changedTemplates: Violation[] = [];
  readonly #interruptions = new Map<string, Interruption>();
  readonly #deletedServices: Violation[] = [];
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  /** An endpoint that is seen before its pod is of no revision: nothing counts until all have been listed. */
  #complete = false;

  constructor(client: KubeHttpClient, namespace: string, name: string) {
    const follow = <T extends KubeObject>(type: ResourceType<T>): Informer<T> =>
      new ReflectingInformer<T>({ client, type, clock: systemClock, namespaces: [namespace] });
    this.#name = name;
    this.#services = follow(resources.services);
    this.#slices = follow(resources.endpointSlices);
    this.#pods = follow(resources.pods);
    this.#deployments = follow(resources.deployments);
    this.#routes = follow(HTTP_ROUTES);
    this.#hasRoutes = (signal) =>
      client.list(HTTP_ROUTES, { namespace, signal }).then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      );
  }

  async start(signal: AbortSignal): Promise<this> {
    const routes = (await this.#hasRoutes(signal)) ? [this.#routes] : [];
    const all = [this.#services, this.#slices, this.#pods, this.#deployments, ...routes] as const;
    this.#pods.onEvent(({ object }) => {
      const revision = revisionOf(object);
      if (revision !== undefined) this.#revisions.set(object.metadata.name, revision);
    });
    this.#pods.onEvent(({ type, object }) => this.#noteInterruption(object, type === 'deleted'));
    this.#services.onEvent(({ type, object }) => type === 'deleted' && this.#noteDeleted(object));
    this.#deployments.onEvent(({ type, object }) => type === 'deleted' || this.#checkTemplate(object));
    for (const informer of all) informer.onEvent(() => this.#look());
    const ended = AbortSignal.any([this.#stop.signal, signal]);
    this.#running = Promise.all(all.map((informer) => informer.run(ended)));
    await Promise.all(all.map((informer) => informer.waitForSync(ended)));
    this.#complete = true;
    this.#look();
    return this;
  }

  /** Ends watching; what was seen stays. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** From now on promises hold: what was seen before is forgotten. */
  beginHere(): void {
    this.moments.splice(0, this.moments.length - 1);
  }

  /** Ready endpoints of the active Service as they are now. */
  endpoints(): readonly Endpoint[] {
    return this.#behind(this.#name);
  }

  #behind(service: string): readonly Endpoint[] {
    return this.#slices.store
      .list()
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .map(({ addresses, targetRef }) => {
        const pod = targetRef?.name ?? '';
        return { address: addresses[0] ?? '', pod, revision: this.#revisions.get(pod) ?? 'unknown' };
      });
  }

  #shares(): Shares | undefined {
    const route = this.#routes.store.list().find(({ metadata }) => metadata.name === this.#name);
    if (route === undefined) return undefined;
    const weights = weightsOf(route, this.#name);
    const behind = Object.keys(weights).map((revision) => [revision, this.#behind(`${this.#name}-${revision}`).length]);
    return { weights, behind: Object.fromEntries(behind) as Record<string, number> };
  }

  /** The last moment. */
  get now(): Moment | undefined {
    return this.moments.at(-1);
  }

  /** Waits until the ready endpoints are all of this revision, and at least so many. */
  served(revision: string, atLeast = 1, timeoutMs = 60_000): Promise<void> {
    return eventually(
      () => {
        const ready = this.now?.ready ?? {};
        const others = Object.keys(ready).filter((other) => other !== revision);
        if (others.length > 0 || (ready[revision] ?? 0) < atLeast)
          throw new Error(`ready endpoints are ${JSON.stringify(ready)}, not ${atLeast} of ${revision}`);
      },
      { timeoutMs, intervalMs: 20 },
    );
  }

  /** The moments at which the selector changed, with the revision that it came to name. */
  get switches(): readonly { readonly at: number; readonly to: string }[] {
    const named = this.moments.filter(({ selected }) => selected !== undefined);
    return named
      .filter((moment, index) => moment.selected !== named[index - 1]?.selected)
      .map(({ at, selected = '' }) => ({ at, to: selected }));
  }

  /** The most GPUs of all revisions at one moment. */
  get maxGpus(): number {
    return Math.max(0, ...this.moments.map(({ gpus }) => sum(gpus)));
  }

  /** The fewest ready endpoints at one moment after the first of them. */
  get minReady(): number {
    return Math.min(...this.#served().map(({ ready }) => sum(ready)));
  }

  /** Every time that a promise was broken, in the order of time; empty: kept. */
  verdict({
    minReady = 1,
    keepsPods = false,
    keepsService = false,
    keepsShares = false,
    mayMix = false,
    maxGpus = Infinity,
    maxStayingGpus = Infinity,
  }: Promises = {}): readonly Violation[] {
    const served = this.#served();
    return [
      ...spells(served, 'min-ready', ({ ready }) =>
        sum(ready) < minReady ? `${sum(ready)} ready endpoints, ${minReady} promised` : undefined,
      ),
      ...spells(served, 'one-revision', ({ ready }) =>
        Object.keys(ready).length > 1 && !mayMix
          ? `ready endpoints of several revisions: ${JSON.stringify(ready)}`
          : undefined,
      ),
      ...spells(this.moments, 'max-gpus', ({ gpus }) =>
        sum(gpus) > maxGpus ? `${sum(gpus)} GPUs in use (${JSON.stringify(gpus)}), ${maxGpus} promised` : undefined,
      ),
      ...spells(this.moments, 'max-gpus', ({ staying }) =>
        sum(staying) > maxStayingGpus
          ? `${sum(staying)} GPUs of pods that stay (${JSON.stringify(staying)}), ${maxStayingGpus} promised`
          : undefined,
      ),
      ...this.#changedTemplates,
      ...(keepsPods ? this.#interrupted() : []),
      ...(keepsService ? this.#deletedServices : []),
      ...(keepsShares ? [...unansweredShares(this.moments), ...lostShares(this.moments)] : []),
    ].sort((a, b) => a.at - b.at);
  }

  #served(): readonly Moment[] {
    const first = this.moments.findIndex(({ ready }) => sum(ready) > 0);
    return first === -1 ? [] : this.moments.slice(first);
  }

  #look(): void {
    if (!this.#complete) return;
    const selector = this.#services.store.list().find(({ metadata }) => metadata.name === this.#name)?.spec?.selector;
    const held = this.#pods.store
      .list()
      .filter((pod) => pod.metadata.labels?.[LABEL.name] === this.#name && holdsGpus(pod));
    const gpusByRevision = (pods: readonly Pod[]) =>
      countBy(pods, (pod) => [revisionOf(pod) ?? 'unknown', gpusOf(pod)]);
    const shares = this.#shares();
    const moment = {
      at: Date.now(),
      ...(shares && { shares }),
      selected: selector?.[LABEL.revision],
      ready: countBy(this.endpoints(), ({ revision }) => [revision, 1]),
      gpus: gpusByRevision(held),
      staying: gpusByRevision(held.filter(({ metadata }) => metadata.deletionTimestamp === undefined)),
    };
    const { at: _, ...last } = this.moments.at(-1) ?? { at: 0 };
    const { at: __, ...next } = moment;
    if (JSON.stringify(last) !== JSON.stringify(next)) this.moments.push(moment);
  }

  #noteInterruption(pod: Pod, isGone: boolean): void {
    const { name, deletionTimestamp } = pod.metadata;
    const revision = revisionOf(pod);
    if (pod.metadata.labels?.[LABEL.name] !== this.#name || revision === undefined) return;
    const at = Date.now();
    const note = (what: string): void => {
      const key = `${name} ${what}`;
      if (!this.#interruptions.has(key)) this.#interruptions.set(key, { at, pod: name, revision, what });
    };
    if (isGone || deletionTimestamp !== undefined) note('was told to go');
    const restarts = Math.max(0, ...(pod.status?.containerStatuses ?? []).map(({ restartCount }) => restartCount));
    if (restarts > 0) note(`was restarted (${restarts})`);
  }

  /** What befell pods of the version that the Service went on to select. */
  #interrupted(): Violation[] {
    const [first] = this.moments;
    const selectedAt = (at: number) => this.moments.findLast((moment) => moment.at <= at)?.selected;
    return [...this.#interruptions.values()]
      .filter(({ at, revision }) => at >= (first?.at ?? Infinity) && selectedAt(at) === revision)
      .filter(({ at, revision }) => selectedAt(at + STILL_MS) === revision)
      .map(({ at, pod, what }) => ({ promise: 'kept-pods', at, detail: `pod ${pod} of what serves ${what}` }));
  }

  #noteDeleted({ metadata }: Service): void {
    if (metadata.name !== this.#name) return;
    const detail = `the Service ${metadata.name} with UID ${metadata.uid ?? ''} was deleted`;
    this.#deletedServices.push({ promise: 'kept-service', at: Date.now(), detail });
  }

  #checkTemplate({ metadata, spec }: Deployment): void {
    if (metadata.labels?.[LABEL.name] !== this.#name) return;
    const template = JSON.stringify(spec?.template);
    const before = this.#templates.get(metadata.name);
    this.#templates.set(metadata.name, template);
    if (before === undefined || before === template) return;
    const detail = `the pod template of ${metadata.name} changed from ${before} to ${template}`;
    this.#changedTemplates.push({ promise: 'fixed-template', at: Date.now(), detail });
  }
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

/** Sums by key, keys in order, so that equal counts are equal text. */
function countBy<T>(items: readonly T[], entry: (item: T) => readonly [string, number]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const [key, count] = entry(item);
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Moments in a row at which the same promise is broken, as one violation each. */
function spells(
  moments: readonly Moment[],
  promise: Violation['promise'],
  broken: (moment: Moment) => string | undefined,
): Violation[] {
  const violations: Violation[] = [];
  let open: { at: number; detail: string } | undefined;
  for (const moment of moments) {
    const detail = broken(moment);
    if (detail !== undefined) open ??= { at: moment.at, detail };
    else if (open !== undefined) {
      violations.push({ promise, ...open, forMs: moment.at - open.at });
      open = undefined;
    }
  }
  return open === undefined ? violations : [...violations, { promise, ...open }];
}
