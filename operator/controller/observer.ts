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
import type { Assignment, ObservedPod, Observations } from './observations.ts';
import { NOTHING_OBSERVED } from './observations.ts';

export interface ObserverOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where a pod’s address is reached; default: itself. */
  readonly resolve?: Resolve;
  /** For gates on queries; absent: they have no data. */
  readonly prometheus?: PrometheusClient;
  /** Called with the key of a DeepSeekDeployment when there is news of its engines. */
  readonly onNews: (key: string) => void;
}

/** How often the metrics of engines are read while somebody asks. */
const READ_EVERY_MS = 5_000;
/** How long a proof or a warm-up that could not be carried out is left alone. */
const RETRY_MS = 5_000;

/** Something that is being observed: what is known of it, and how it is ended. */
interface Job {
  readonly stop: AbortController;
  assignment: Assignment;
}

/** What is observed for one DeepSeekDeployment. */
interface Subject {
  readonly jobs: Map<string, Job>;
  readonly proofs: Map<string, ProofMeasurements>;
  readonly warmPods: Set<string>;
  readonly traffic: Map<string, TrafficMeasurements>;
  readonly queries: Map<string, QueryResult>;
}

/**
 * Learns in the background what rollouts ask of engines, and says when there is news. What is no longer asked is given
 * up; nothing outlives the process, and whoever leads next asks again.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #engines: EngineClient;
  readonly #signal: AbortSignal;
  readonly #subjects = new Map<string, Subject>();
  readonly #running = new Set<Promise<void>>();

  /** `signal` ends all observing. */
  constructor(options: ObserverOptions, signal: AbortSignal) {
    const { clock, resolve } = options;
    this.#options = options;
    this.#signal = signal;
    this.#engines = new EngineClient({ clock, ...(resolve && { resolve }) });
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
      ...{ jobs: new Map(), proofs: new Map(), warmPods: new Set(), traffic: new Map(), queries: new Map() },
    };
    this.#subjects.set(uid, subject);
    const wanted = new Map(assignments.map((assignment) => [nameOf(assignment), assignment]));
    for (const [name, job] of subject.jobs) {
      if (wanted.has(name)) continue;
      job.stop.abort();
      subject.jobs.delete(name);
      if (job.assignment.question.kind === 'Traffic') subject.traffic.delete(job.assignment.question.revision);
    }
    for (const [name, assignment] of wanted) {
      const job = subject.jobs.get(name);
      if (job) job.assignment = assignment;
      else this.#begin(subject, key, name, assignment);
    }
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
    const job: Job = { stop: new AbortController(), assignment };
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
      await clock.sleep(job.assignment.question.kind === 'Traffic' ? READ_EVERY_MS : RETRY_MS, signal);
    }
  }

  async #readTraffic(
    subject: Subject,
    { assignment }: Job,
    meter: TrafficMeter,
    key: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { question, pods, queries } = assignment;
    if (question.kind !== 'Traffic') return;
    const measured = await meter.read(await this.#endpoints(key, pods, signal), signal);
    const { prometheus } = this.#options;
    const missing: QueryResult = { kind: 'NoData', message: 'the operator was started without --prometheus-url' };
    for (const [gate, query] of queries) {
      subject.queries.set(gate, prometheus ? await prometheus.query(query, signal) : missing);
    }
    subject.traffic.set(question.revision, measured);
    this.#options.onNews(key);
  }

  /** True when it is finished. */
  async #prove(subject: Subject, { assignment }: Job, key: string, signal: AbortSignal): Promise<boolean> {
    const { question, pods, basePods, proof, attempt } = assignment;
    if (question.kind !== 'Proof' || pods.length === 0) return question.kind !== 'Proof';
    const candidate = await this.#endpoints(key, pods, signal);
    const base = await this.#endpoints(key, basePods, signal);
    const { clock } = this.#options;
    const measured = await runProof({ client: this.#engines, candidate, base, proof, clock }, signal);
    subject.proofs.set(`${question.candidate}/${attempt}`, measured);
    for (const { pod, ok } of measured.pods) if (ok) subject.warmPods.add(pod);
    this.#options.onNews(key);
    return true;
  }

  /** Pods that came after the proof generate a token, too. Goes on until nobody asks. */
  async #warmUp(subject: Subject, { assignment }: Job, key: string, signal: AbortSignal): Promise<boolean> {
    const cold = assignment.pods.filter(({ pod }) => !subject.warmPods.has(pod));
    if (cold.length === 0) return false;
    const candidate = await this.#endpoints(key, cold, signal);
    const proof = { ...assignment.proof, smokeTests: [], pairedRequests: 0 };
    const { clock } = this.#options;
    const measured = await runProof({ client: this.#engines, candidate, base: [], proof, clock }, signal);
    for (const { pod, ok } of measured.pods) if (ok) subject.warmPods.add(pod);
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

function nameOf({ question, attempt }: Assignment): string {
  return question.kind === 'Traffic'
    ? `Traffic/${question.revision}/${question.since}`
    : `${question.kind}/${question.candidate}/${attempt}`;
}
