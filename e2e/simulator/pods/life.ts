import type { Clock } from '../../../operator/kube/types.ts';
import { personaOf } from '../engines/index.ts';
import type { Engine, EnginePersona, Latency, Launch, RequestCounters } from '../engines/types.ts';
import type { PodState } from '../names.ts';
import { seededRandom } from '../random.ts';
import type { Random } from '../random.ts';
import type { PodBehaviour } from '../rules.ts';
import { ContainerConfigError } from './environment.ts';
import type { ReadKey } from './environment.ts';
import { START_ERROR, executableNotFound, imageNotFound, prepareLaunch } from './launch.ts';
import type { NodeHardware } from './launch.ts';
import { KILLED, failureEnding, messageOf, planLoad } from './load.ts';
import type { Ending } from './load.ts';
import { gracePeriodSeconds, preStopSeconds, restartBackOffSeconds, startupBudgetSeconds } from './seconds.ts';
import { engineContainer } from './types.ts';
import { countsRequests, failsNow, isLeakOver, isUnready, requestBehaviour, untilNextTurn } from './wear.ts';
import type { Served } from './wear.ts';
import type { Container, Pod } from './types.ts';

/** What the pod's status should say next; see hack/cluster/kwok for what becomes of it. */
export interface PodReport {
  readonly state: PodState;
  readonly restarts: number;
  readonly exitCode?: number;
  readonly message?: string;
}

export interface LifeOptions {
  readonly clock: Clock;
  readonly seed: number;
  /** Factor on load times, startup budgets and restart back-offs. Stopping is never scaled: its clock is the API server's. */
  readonly timeScale: number;
  readonly latency: Latency;
  /** Where the engine of a pod address listens. */
  readonly addressOf: (podIP: string) => { readonly host: string; readonly port: number };
  readonly readKey: ReadKey;
}

/** What one pod's life asks of its surroundings. */
export interface LifeHooks {
  /** The rules as they are now. */
  readonly behaviour: () => PodBehaviour;
  readonly hardware: () => NodeHardware;
  readonly report: (report: PodReport) => void;
  /** The pod was deleted and its engine has ended. */
  readonly drained: () => void;
}

/** A model's load time, as a share of its startup budget. */
const shortestLoad = 0.2;
const longestLoad = 0.6;

/** Seconds until an engine has read its command line and configuration: Python imports a lot first. */
const importSeconds = 10;

/** How a leak ends. */
const OUT_OF_MEMORY: Ending = { state: 'oom-killed', exitCode: KILLED, message: '' };

/** No restart comes sooner, whatever the time scale: the API server would see nothing else. */
const shortestBackOffSeconds = 1;

/**
 * The kubelet and the container runtime for one engine pod: pulls, starts, restarts and stops its engine, and reports
 * what a kubelet would. Readiness is the engine's own: KWOK runs no probes, so a pod is ready once its engine listens.
 */
export class PodLife {
  readonly #options: LifeOptions;
  readonly #hooks: LifeHooks;
  readonly #random: Random;
  readonly #key: string;
  #pod: Pod;
  #report: PodReport;
  #engine: Engine | undefined;
  #finished = { total: 0, errors: 0 };
  /** Monotonic time at which the container became ready. */
  #readySince: number | undefined;
  /** Aborted and replaced whenever something changes that a waiting step may care about. */
  #wake = new AbortController();
  /** Aborted when the container is to stop; a node that comes back starts a new one. */
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #deleting = false;

  /**
   * @param key what the load times are drawn by, beside the seed: the same for the same history
   * @param adopted what an earlier simulator has reported of this pod: a ready one is ready again at once
   */
  constructor(pod: Pod, key: string, adopted: PodReport | undefined, options: LifeOptions, hooks: LifeHooks) {
    this.#pod = pod;
    this.#options = options;
    this.#hooks = hooks;
    this.#random = seededRandom(options.seed, key);
    this.#key = key;
    this.#report = adopted ?? { state: 'pending', restarts: 0 };
  }

  get report(): PodReport {
    return this.#report;
  }

  /** Requests of all containers that this pod has run. */
  get requests(): RequestCounters {
    const now = this.#engine?.requests ?? { total: 0, errors: 0, inFlight: 0 };
    return {
      total: this.#finished.total + now.total,
      errors: this.#finished.errors + now.errors,
      inFlight: now.inFlight,
    };
  }

  start(): void {
    this.#running = this.#run(this.#stop.signal);
    if (this.#pod.metadata.deletionTimestamp !== undefined) this.update(this.#pod);
  }

  /** A newer version of the pod: an address, a deletion. */
  update(pod: Pod): void {
    this.#pod = pod;
    if (pod.metadata.deletionTimestamp !== undefined && !this.#deleting) {
      this.#deleting = true;
      this.#running = Promise.all([this.#running, this.#terminate()]).then(() => undefined);
    }
    this.changed();
  }

  /** The rules have changed. */
  changed(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** The node is gone, or the pod: everything ends without a word. */
  async kill(): Promise<void> {
    this.#stop.abort();
    this.changed();
    await this.#endEngine((engine) => engine.kill());
    await this.#running;
  }

  /** The node is back: its containers start again, unless the pod was deleted meanwhile. */
  revive(): void {
    this.#stop = new AbortController();
    if (this.#deleting) {
      this.#hooks.drained();
      return;
    }
    const { restarts } = this.#report;
    this.#report = { state: 'pending', restarts: this.#isServing() ? restarts + 1 : restarts };
    this.start();
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const container = engineContainer(this.#pod);
      if (container === undefined) return;
      const launch = await this.#prepare(container, signal);
      if (launch === undefined) continue;
      const ending = await this.#runContainer(container, launch, signal);
      if (ending === undefined) return;
      const restarts = this.#report.restarts + 1;
      this.#say({ ...ending, restarts });
      const backOff = Math.max(shortestBackOffSeconds, restartBackOffSeconds(restarts) * this.#options.timeScale);
      await this.#pause(backOff, signal);
    }
  }

  /** Everything before the first instruction of the container; undefined when it has failed and is to be tried again. */
  async #prepare(container: Container, signal: AbortSignal): Promise<Launch | undefined> {
    const { failure, message } = this.#hooks.behaviour();
    const restarts = this.#report.restarts;
    if (failure === 'image-pull') {
      this.#say({ state: 'image-pull-failed', restarts, message: message ?? imageNotFound(container.image ?? '') });
      await this.#pauseUntilChange(signal);
      return undefined;
    }
    try {
      return await prepareLaunch(this.#pod, container, this.#hooks.hardware(), this.#options.readKey);
    } catch (error) {
      if (!(error instanceof ContainerConfigError)) throw error;
      this.#say({ state: 'config-error', restarts, message: error.message });
      await this.#pause(Math.max(shortestBackOffSeconds, 10 * this.#options.timeScale), signal);
      return undefined;
    }
  }

  /** From start to end of one container; undefined when it was stopped from outside. */
  async #runContainer(container: Container, launch: Launch, signal: AbortSignal): Promise<Ending | undefined> {
    const adopted = this.#isServing();
    if (!adopted) this.#say({ ...this.#lastState(), state: 'loading' });
    const persona = personaOf(launch);
    if (persona === undefined) {
      return { state: 'crashed', exitCode: START_ERROR, message: executableNotFound(launch.command[0] ?? '') };
    }
    const started = persona.start(launch);
    if (!started.accepted) {
      if (!(await this.#sleep(importSeconds * this.#options.timeScale, signal))) return undefined;
      const { exitCode, log, oomKilled = false } = started;
      return { state: oomKilled ? 'oom-killed' : 'crashed', exitCode, message: messageOf(container, log) };
    }
    const { clock, seed, latency } = this.#options;
    this.#readySince = undefined;
    const engine: Engine = persona.serve(started.engine, {
      clock,
      seed,
      key: this.#key,
      latency,
      behaviour: () => requestBehaviour(this.#hooks.behaviour(), this.#served(engine)),
      onRequest: () => countsRequests(this.#hooks.behaviour()) && this.changed(),
    });
    const ending = adopted ? 'loaded' : await this.#load(container, persona, launch, engine, signal);
    if (ending === 'loaded') return this.#serve(container, persona, launch, engine, signal);
    if (ending !== undefined) await this.#endEngine((failed) => failed.kill());
    return ending;
  }

  /** Takes the load time. Rules that change meanwhile are obeyed; what has passed has passed. */
  async #load(
    container: Container,
    persona: EnginePersona,
    launch: Launch,
    engine: Engine,
    signal: AbortSignal,
  ): Promise<'loaded' | Ending | undefined> {
    const { clock, timeScale } = this.#options;
    const budget = startupBudgetSeconds(container);
    const drawn = budget * (shortestLoad + (longestLoad - shortestLoad) * this.#random());
    const begun = clock.monotonic();
    while (!signal.aborted) {
      const plan = planLoad(this.#hooks.behaviour(), drawn, budget, container, persona, launch);
      const passed = (clock.monotonic() - begun) / 1000;
      const remaining = plan.seconds * timeScale - passed;
      if (remaining <= 0) return plan.ending ?? 'loaded';
      const mayListen = persona.listensAt < 1 && this.#engine === undefined && this.#pod.status?.podIP !== undefined;
      const untilListening = plan.seconds * timeScale * persona.listensAt - passed;
      if (mayListen && untilListening <= 0) {
        const failed = await this.#listen(container, engine, signal);
        if (failed !== undefined) return failed;
      } else await this.#pause(mayListen ? untilListening : remaining, signal);
    }
    return undefined;
  }

  /** Undefined when it listens, or was stopped. */
  async #listen(container: Container, engine: Engine, signal: AbortSignal): Promise<Ending | undefined> {
    while (this.#pod.status?.podIP === undefined) {
      if (!(await this.#pauseUntilChange(signal))) return undefined;
    }
    const { host, port } = this.#options.addressOf(this.#pod.status.podIP);
    try {
      await engine.listen(host, port);
    } catch (error) {
      return { state: 'crashed', exitCode: 1, message: messageOf(container, `OSError: ${String(error)}\n`) };
    }
    if (signal.aborted) await engine.kill();
    else this.#engine = engine;
    return undefined;
  }

  async #serve(
    container: Container,
    persona: EnginePersona,
    launch: Launch,
    engine: Engine,
    signal: AbortSignal,
  ): Promise<Ending | undefined> {
    if (this.#engine === undefined) {
      const failed = await this.#listen(container, engine, signal);
      if (failed !== undefined) return failed;
    }
    if (signal.aborted) return undefined;
    engine.loaded();
    this.#readySince = this.#options.clock.monotonic();
    let first = true; // An adopted container is reported again.
    for (;;) {
      const behaviour = this.#hooks.behaviour();
      const served = this.#served(engine);
      const ending = isLeakOver(behaviour, served)
        ? OUT_OF_MEMORY
        : behaviour.failure === 'gated' || !failsNow(behaviour, served)
          ? undefined
          : failureEnding(behaviour, container, persona, launch);
      if (ending !== undefined) {
        await this.#endEngine((failed) => failed.kill());
        return ending;
      }
      const state = isUnready(behaviour, served) ? 'unready' : 'ready';
      if (this.#report.state !== state || first) this.#say({ ...this.#lastState(), state });
      first = false;
      const turn = untilNextTurn(behaviour, served);
      const goesOn =
        turn < Infinity
          ? await this.#pause(turn * this.#options.timeScale, signal)
          : await this.#pauseUntilChange(signal);
      if (!goesOn) return undefined;
    }
  }

  /** What the container has served since it became ready. */
  #served(engine: Engine): Served {
    const { clock, timeScale } = this.#options;
    const passed = this.#readySince === undefined ? 0 : (clock.monotonic() - this.#readySince) / 1000;
    return { seconds: timeScale > 0 ? passed / timeScale : passed, requests: engine.requests.total };
  }

  #isServing(): boolean {
    return this.#report.state === 'ready' || this.#report.state === 'unready';
  }

  /** Deletion, as the kubelet does it: preStop, SIGTERM, and SIGKILL when the grace period is over. */
  async #terminate(): Promise<void> {
    const { clock } = this.#options;
    const container = engineContainer(this.#pod);
    const begun = clock.monotonic();
    const grace = gracePeriodSeconds(this.#pod);
    const runs = this.#report.state === 'loading' || this.#isServing();
    const lost = this.#stop.signal;
    if (runs && container !== undefined && !(await this.#sleep(Math.min(preStopSeconds(container), grace), lost)))
      return;
    const rest = Math.max(0, grace - (clock.monotonic() - begun) / 1000);
    await this.#endEngine(async (engine) => {
      const outOfTime = new AbortController();
      await Promise.race([engine.terminate(rest), clock.sleep(rest * 1000, outOfTime.signal).catch(() => KILLED)]);
      outOfTime.abort();
      await engine.kill();
    });
    if (lost.aborted) return;
    this.#stop.abort();
    this.#hooks.drained();
  }

  async #endEngine(end: (engine: Engine) => Promise<unknown>): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return;
    await end(engine);
    if (this.#engine !== engine) return;
    this.#engine = undefined;
    this.#finished = {
      total: this.#finished.total + engine.requests.total,
      errors: this.#finished.errors + engine.requests.errors,
    };
  }

  #lastState(): Omit<PodReport, 'state'> {
    const { restarts, exitCode, message } = this.#report;
    if (restarts === 0) return { restarts };
    return { restarts, ...(exitCode !== undefined && { exitCode }), ...(message !== undefined && { message }) };
  }

  #say(report: PodReport): void {
    this.#report = report;
    this.#hooks.report(report);
  }

  /** Waits, but not beyond a change (of rules, of the pod) or the end; false when the end has come. */
  async #pause(seconds: number, signal: AbortSignal): Promise<boolean> {
    await this.#sleep(seconds, AbortSignal.any([signal, this.#wake.signal]));
    return !signal.aborted;
  }

  /** False when the end has come. */
  async #pauseUntilChange(signal: AbortSignal): Promise<boolean> {
    const change = AbortSignal.any([signal, this.#wake.signal]);
    if (!change.aborted) await new Promise((resolve) => change.addEventListener('abort', resolve, { once: true }));
    return !signal.aborted;
  }

  /** False when the signal aborted first. */
  async #sleep(seconds: number, signal: AbortSignal): Promise<boolean> {
    try {
      await this.#options.clock.sleep(seconds * 1000, signal);
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
  }
}
