import {
  EngineClient,
  type EngineEndpoint,
  PrometheusClient,
  type Resolve,
  runProof,
  TrafficMeter,
} from '../observe/index.ts';
import { isNotFound } from '../kube/errors.ts';
import { resources } from '../kube/resources.ts';
import type { Clock, KubeClient } from '../kube/types.ts';
import type { ProofMeasurements, QueryResult, TrafficMeasurements } from '../rollout/measurements.ts';
import type { Logger } from '../telemetry/logger.ts';
import { inParallel } from '../observe/in-parallel.ts';
import type { Assignment, ObservedPod, Observations } from './observations.ts';
import { engineId, NOTHING_OBSERVED } from './observations.ts';

export interface ObserverOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where a pod’s address is reached; default: itself. */
  readonly resolve?: Resolve;
  /** For gates on queries; absent: they have no data. */
  readonly prometheus?: Pick<PrometheusClient, 'query'>;
  /** Default: over HTTP. */
  readonly engines?: Pick<EngineClient, 'generate' | 'scrape' | 'close'>;
  /** Called with the key of a DeepSeekDeployment when there is news of its engines. */
  readonly onNews: (key: string) => void;
}

/** How often the metrics of engines are read while somebody asks. */
const READ_EVERY_MS = 5_000;
/** How long a proof or a warm-up that could not be carried out is left alone. */
const RETRY_MS = 5_000;
/** How long an engine that cannot be reached is waited for to be told of as lost: the control plane takes its time with nodes. */
const UNREACHABLE_MS = 60_000;
const LOOK_AGAIN_MS = 1_000;
/** How long a scale-down waits to learn which engines are idle. */
const LOADS_LIMIT_MS = 2_000;
const LOADS_PARALLEL = 16;

/** Something that is being observed: what is known of it, and how it is ended. */
interface Job {
  readonly stop: AbortController;
  assignment: Assignment;
  /** There are pods that it has not been told of before. */
  news: boolean;
  /** Ends the pause that it is in. */
  wake?: (() => void) | undefined;
}

/** What is observed for one DeepSeekDeployment. */
interface Subject {
  readonly jobs: Map<string, Job>;
  readonly proofs: Map<string, ProofMeasurements>;
  readonly warmPods: Set<string>;
  readonly coldPods: Map<string, string>;
  readonly traffic: Map<string, TrafficMeasurements>;
  readonly queries: Map<string, Map<string, QueryResult>>;
}

/**
 * Learns in the background what rollouts ask of engines, and says when there is news. What is no longer asked is given
 * up; nothing outlives the process, and whoever leads next asks again.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #engines: Pick<EngineClient, 'generate' | 'scrape' | 'close'>;
  readonly #signal: AbortSignal;
  readonly #subjects = new Map<string, Subject>();
  readonly #running = new Set<Promise<void>>();

  /** `signal` ends all observing. */
  constructor(options: ObserverOptions, signal: AbortSignal) {
    const { clock, resolve, engines } = options;
    this.#options = options;
    this.#signal = signal;
    this.#engines = engines ?? new EngineClient({ clock, ...(resolve && { resolve }) });
  }

  /** What is known so far for the DeepSeekDeployment with this UID. */
  known(uid: string): Observations {
    return this.#subjects.get(uid) ?? NOTHING_OBSERVED;
  }

  /** From now on these things are observed for a DeepSeekDeployment, and nothing else. */
  want(uid: string, key: string, assignments: readonly Assignment[]): void {
    const found = this.#subjects.get(uid);
    if (assignments.length === 0) {
      if (found === undefined) return;
      for (const { stop } of found.jobs.values()) stop.abort();
      this.#subjects.delete(uid);
      return;
    }
    const subject: Subject = found ?? {
      ...{ jobs: new Map(), proofs: new Map(), warmPods: new Set(), coldPods: new Map() },
      ...{ traffic: new Map(), queries: new Map() },
    };
    this.#subjects.set(uid, subject);
    const wanted = new Map(assignments.map((assignment) => [nameOf(assignment), assignment]));
    for (const [name, job] of subject.jobs) {
      if (wanted.has(name)) continue;
      job.stop.abort();
      subject.jobs.delete(name);
      const { question, attempt } = job.assignment;
      if (question.kind === 'Traffic') {
        subject.traffic.delete(question.revision);
        subject.queries.delete(question.revision);
      }
      if (question.kind === 'Proof') subject.proofs.delete(`${question.candidate}/${attempt}`);
    }
    for (const [name, assignment] of wanted) {
      const job = subject.jobs.get(name);
      if (job) {
        forgetOtherQueries(subject, job, assignment);
        retask(job, assignment);
      } else this.#begin(subject, key, name, assignment);
    }
  }

  /**
   * Requests that run or wait in each of these engines now, by pod. One that does not answer within two seconds is left out:
   * nobody knows what it does.
   */
  async loads(key: string, pods: readonly ObservedPod[], signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(LOADS_LIMIT_MS)]);
    const loads = new Map<string, number>();
    try {
      const endpoints = await this.#endpoints(key, pods, limited);
      await inParallel(endpoints, LOADS_PARALLEL, async (endpoint) => {
        const result = await this.#engines.scrape(endpoint, limited);
        if (!result.ok) return;
        loads.set(endpoint.pod, (result.metrics.running ?? 0) + (result.metrics.waiting ?? 0));
      });
    } catch (error) {
      if (signal.aborted) throw error;
    }
    return loads;
  }

  /** Forgets a DeepSeekDeployment that is gone. */
  forget(uid: string): void {
    this.want(uid, '', []);
  }

  /** Resolves once everything that was begun has ended; the signal has to have aborted. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
    await this.#engines.close();
  }

  #begin(subject: Subject, key: string, name: string, assignment: Assignment): void {
    const job: Job = { stop: new AbortController(), assignment, news: false };
    subject.jobs.set(name, job);
    const signal = AbortSignal.any([this.#signal, job.stop.signal]);
    const running = this.#run(subject, job, key, signal).catch((error: unknown) => {
      if (!signal.aborted) this.#options.log.warn('observing engines failed', { key, observing: name, error });
    });
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async #run(subject: Subject, job: Job, key: string, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const meter = new TrafficMeter({ client: this.#engines, clock });
    for (;;) {
      job.news = false;
      try {
        const { kind } = job.assignment.question;
        if (kind === 'Traffic') await this.#readTraffic(subject, job, meter, key, signal);
        else if (
          kind === 'Proof'
            ? await this.#prove(subject, job, key, signal)
            : await this.#warmUp(subject, job, key, signal)
        )
          return;
      } catch (error) {
        if (signal.aborted) return;
        log.warn('engines could not be observed', { key, error });
      }
      // Rejects when it is no longer wanted, which ends the job.
      await this.#pause(job, job.assignment.question.kind === 'Traffic' ? READ_EVERY_MS : RETRY_MS, signal);
    }
  }

  /** Waits; pods that come meanwhile are warmed up at once, or a rollout that is scaled all the time would never be ready. */
  async #pause(job: Job, ms: number, signal: AbortSignal): Promise<void> {
    if (job.news && job.assignment.question.kind === 'WarmUp') return;
    const woken = new AbortController();
    job.wake = () => woken.abort();
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      job.wake = undefined;
    }
  }

  async #readTraffic(subject: Subject, job: Job, meter: TrafficMeter, key: string, signal: AbortSignal): Promise<void> {
    const { question, pods, queries } = job.assignment;
    if (question.kind !== 'Traffic') return;
    const measured = await meter.read(await this.#endpoints(key, pods, signal), signal);
    const before = subject.traffic.get(question.revision);
    subject.traffic.set(question.revision, measured);
    const isNews = question.background !== true && !isStill(before, measured);
    if (before === undefined || isNews) this.#options.onNews(key);
    if (queries.size === 0) return;
    // A Prometheus that does not answer keeps nobody from what the engines say.
    const { prometheus } = this.#options;
    const missing: QueryResult = { kind: 'NoData', message: 'the operator was started without --prometheus-url' };
    const answers = [...queries].map(async ([gate, query]) => {
      const answer = prometheus ? await prometheus.query(query, signal) : missing;
      signal.throwIfAborted();
      if (job.assignment.queries.get(gate) !== query) return;
      const known = subject.queries.get(question.revision) ?? new Map<string, QueryResult>();
      subject.queries.set(question.revision, known.set(gate, answer));
    });
    await Promise.all(answers);
    this.#options.onNews(key);
  }

  /** True when it is finished. */
  async #prove(subject: Subject, job: Job, key: string, signal: AbortSignal): Promise<boolean> {
    const { assignment } = job;
    const { question, pods, basePods, proof, attempt } = assignment;
    if (question.kind !== 'Proof' || pods.length === 0) return question.kind !== 'Proof';
    const candidate = await this.#endpoints(key, pods, signal);
    const base = await this.#endpoints(key, basePods, signal);
    const { clock, log } = this.#options;
    const measured = await runProof({ client: this.#engines, candidate, base, proof, clock }, signal);
    if (!(await this.#counts(job, pods, measured, signal))) {
      log.info('the proof is repeated: pods of the candidate were lost in the middle of it', { key });
      return false;
    }
    subject.proofs.set(`${question.candidate}/${attempt}`, measured);
    noteWarm(subject, pods, measured);
    this.#options.onNews(key);
    return true;
  }

  /**
   * Whether what was measured is the version’s own doing. Of pods that are gone, or on a node that is, nothing counts; where
   * nothing answered, what became of them is waited for.
   */
  async #counts(job: Job, used: readonly ObservedPod[], measured: ProofMeasurements, signal: AbortSignal) {
    const { clock } = this.#options;
    const until = clock.monotonic() + UNREACHABLE_MS;
    for (;;) {
      const { standing, pods } = job.assignment;
      if (used.some(({ pod }) => !standing.has(pod))) return false;
      const ready = new Set(pods.map(engineId));
      const settled = used.some((pod) => !ready.has(engineId(pod))) || clock.monotonic() >= until;
      if (settled || !metNobody(measured)) return true;
      await clock.sleep(LOOK_AGAIN_MS, signal);
    }
  }

  /** Pods that came after the proof generate a token, too. Goes on until nobody asks. */
  async #warmUp(subject: Subject, job: Job, key: string, signal: AbortSignal): Promise<boolean> {
    const { assignment } = job;
    const cold = assignment.pods.filter((pod) => !subject.warmPods.has(engineId(pod)));
    if (cold.length === 0) return false;
    const candidate = await this.#endpoints(key, cold, signal);
    const proof = { ...assignment.proof, smokeTests: [], pairedRequests: 0 };
    const { clock } = this.#options;
    const measured = await runProof({ client: this.#engines, candidate, base: [], proof, clock }, signal);
    if (!(await this.#counts(job, cold, measured, signal))) return false;
    noteWarm(subject, cold, measured);
    this.#options.onNews(key);
    return false;
  }

  /** The engines with their API keys, each Secret read once. */
  async #endpoints(key: string, pods: readonly ObservedPod[], signal: AbortSignal): Promise<EngineEndpoint[]> {
    const [namespace = ''] = key.split('/');
    const keys = new Map<string, string | undefined>();
    const endpoints: EngineEndpoint[] = [];
    for (const { apiKeySecret, ...pod } of pods) {
      if (apiKeySecret === undefined) {
        endpoints.push(pod);
        continue;
      }
      const { name, key: field } = apiKeySecret;
      const id = `${name}/${field}`;
      if (!keys.has(id)) keys.set(id, await this.#secret(namespace, name, field, signal));
      const apiKey = keys.get(id);
      endpoints.push({ ...pod, ...(apiKey !== undefined && { apiKey }) });
    }
    return endpoints;
  }

  async #secret(namespace: string, name: string, field: string, signal: AbortSignal): Promise<string | undefined> {
    try {
      const value = (await this.#options.client.get(resources.secrets, { namespace, name }, { signal })).data?.[field];
      return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8').trim();
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function noteWarm(subject: Subject, asked: readonly ObservedPod[], { pods }: ProofMeasurements): void {
  for (const engine of asked) {
    const found = pods.find(({ pod }) => pod === engine.pod);
    if (found?.ok === true) subject.warmPods.add(engineId(engine));
    else if (found !== undefined) subject.coldPods.set(engineId(engine), found.error ?? 'no token');
  }
}

/** So long after the last request, everybody who waits for quiet has seen it. */
const STILL_MS = 60_000;

/** Whether a reading says nothing that the one before did not: nobody asks these engines. */
function isStill(before: TrafficMeasurements | undefined, now: TrafficMeasurements): boolean {
  if (before === undefined || now.idleSince === undefined || now.idleSince > now.to - STILL_MS) return false;
  return before.requests === now.requests && before.podsRead === now.podsRead;
}

/** Whether some prompt to the candidate found nobody who answered. */
function metNobody({ pods, pairs }: ProofMeasurements): boolean {
  return (
    pods.some(({ unreachable }) => unreachable === true) ||
    pairs.some(({ candidate }) => candidate.unreachable === true)
  );
}

/** An answer to a query that is no longer asked is none to the gate of the same name. */
function forgetOtherQueries(subject: Subject, { assignment: before }: Job, { question, queries }: Assignment): void {
  if (question.kind !== 'Traffic') return;
  for (const [gate, query] of before.queries)
    if (queries.get(gate) !== query) subject.queries.get(question.revision)?.delete(gate);
}

function retask(job: Job, assignment: Assignment): void {
  const known = new Set(job.assignment.pods.map(({ pod }) => pod));
  job.assignment = assignment;
  if (assignment.question.kind !== 'WarmUp' || assignment.pods.every(({ pod }) => known.has(pod))) return;
  job.news = true;
  job.wake?.();
}

function nameOf({ question, attempt }: Assignment): string {
  return question.kind === 'Traffic'
    ? `Traffic/${question.revision}/${question.stage ?? question.since}`
    : `${question.kind}/${question.candidate}/${attempt}`;
}
