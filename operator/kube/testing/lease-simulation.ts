import { toError } from '../clock.ts';
import { TransportError } from '../errors.ts';
import { LeaderElector } from '../leader-election.ts';
import { holderOf } from '../lease.ts';
import type { Clock } from '../types.ts';
import { FakeClock } from './fake-clock.ts';
import { LeaseServer } from './lease-server.ts';

export interface Fault {
  /** True time, milliseconds. */
  readonly at: number;
  /** Which of the candidates. */
  readonly who: number;
  /**
   * stall: the process stands still and its clock goes on. crash: it dies. stop: SIGTERM. refuse: no connection.
   * lose-requests, lose-answers: they vanish. slow: each way takes up to 4.5 s.
   */
  readonly kind: 'stall' | 'crash' | 'stop' | 'refuse' | 'lose-requests' | 'lose-answers' | 'slow';
  /** How long it lasts, where that means something. */
  readonly ms: number;
}

export interface Schedule {
  /** Of the delays and pauses. */
  readonly seed: number;
  /** One for each candidate: how far its wall clock is off, and how fast its time goes. */
  readonly clocks: readonly { readonly offsetMs: number; readonly rate: number }[];
  readonly faults: readonly Fault[];
}

export interface Outcome {
  /** Writes that arrived while somebody else held the Lease. */
  readonly violations: readonly string[];
  readonly writes: number;
  /** Writes that a fence kept back. */
  readonly fenced: number;
  /** Changes from one holder to another. */
  readonly handovers: number;
  /** Who leads at the end, a while after the last fault. */
  readonly leaders: readonly string[];
}

/** Faults come before this time, and all are over by then. */
export const FAULTS_END_MS = 70_000;

/** A restart, a lease to be waited for, and a request that hung. */
const RECOVERY_MS = 30_000;

/** Longer than this no write is under way: what is left of a lease at the renew deadline, less what clocks may differ. */
const MAX_FLIGHT_MS = 3_500;

/** Lets candidates contend for one Lease through the faults of the schedule, on simulated time. */
export async function simulate(schedule: Schedule): Promise<Outcome> {
  const world = new World(schedule);
  await world.clock.advance(FAULTS_END_MS + RECOVERY_MS);
  return world.outcome();
}

class World {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly server = new LeaseServer();
  readonly violations: string[] = [];
  writes = 0;
  fenced = 0;
  #holder = '';
  #handovers = 0;
  readonly #slots: Slot[];

  constructor({ seed, clocks, faults }: Schedule) {
    this.random = mulberry32(seed);
    this.server.onChange = (lease) => {
      const holder = holderOf(lease);
      if (holder === '' || holder === this.#holder) return;
      this.#holder = holder;
      this.#handovers += 1;
    };
    this.#slots = clocks.map((skew, index) => new Slot(this, 'abc'.charAt(index), skew));
    for (const fault of faults) this.clock.setTimeout(() => this.#slots[fault.who]?.suffer(fault), fault.at);
  }

  between(min: number, max: number): number {
    return min + this.random() * (max - min);
  }

  /** A write reaches the server. */
  land(writer: string): void {
    this.writes += 1;
    if (this.#holder === writer) return;
    this.violations.push(`at ${this.clock.monotonic()} ms ${writer} wrote while ${this.#holder} held the lease`);
  }

  outcome(): Outcome {
    const { violations, writes, fenced } = this;
    const leaders = this.#slots.map((slot) => slot.process).filter(({ elector }) => elector.isLeader);
    return { violations, writes, fenced, handovers: this.#handovers, leaders: leaders.map(({ identity }) => identity) };
  }
}

/** A place where processes run one after the other, on one machine with one clock and one network. */
class Slot {
  readonly world: World;
  readonly skew: Schedule['clocks'][number];
  process: Process;
  readonly #until = { refuse: 0, 'lose-requests': 0, 'lose-answers': 0, slow: 0 };
  readonly #name: string;
  #starts = 0;

  constructor(world: World, name: string, skew: Schedule['clocks'][number]) {
    this.world = world;
    this.skew = skew;
    this.#name = name;
    this.process = this.#start();
  }

  suffer({ kind, ms }: Fault): void {
    const { process } = this;
    const end = Math.min(this.world.clock.monotonic() + ms, FAULTS_END_MS);
    if (kind === 'stall') process.stallUntil(end);
    else if (kind === 'crash') process.end();
    else if (kind === 'stop') process.enter(() => process.stop.abort());
    else this.#until[kind] = Math.max(this.#until[kind], end);
  }

  suffers(kind: 'refuse' | 'lose-requests' | 'lose-answers' | 'slow'): boolean {
    return this.world.clock.monotonic() < this.#until[kind];
  }

  #start(): Process {
    const process = new Process(this, `${this.#name}${++this.#starts}`);
    process.onEnd = () => {
      this.world.clock.setTimeout(() => (this.process = this.#start()), this.world.between(200, 3000));
    };
    return process;
  }
}

/** A candidate that writes whenever its fence lets it. */
class Process {
  readonly identity: string;
  readonly elector: LeaderElector;
  readonly stop = new AbortController();
  onEnd: () => void = () => undefined;
  readonly #slot: Slot;
  readonly #clock: Clock;
  readonly #underWay = new Set<Promise<void>>();
  #alive = true;
  #stalledUntil = 0;

  constructor(slot: Slot, identity: string) {
    this.#slot = slot;
    this.identity = identity;
    this.#clock = this.#skewedClock();
    const client = slot.world.server.client((call) => this.#send(call));
    this.elector = new LeaderElector({ client, clock: this.#clock, identity, lease: { namespace: 'n', name: 'l' } });
    this.elector
      .run(() => this.#lead(), this.stop.signal)
      .catch(() => undefined)
      .finally(() => this.end());
  }

  end(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.onEnd();
  }

  stallUntil(time: number): void {
    this.#stalledUntil = Math.max(this.#stalledUntil, time);
  }

  /** Something happens in this process: now, when its stall is over, or never. */
  enter(callback: () => void): void {
    const { clock } = this.#slot.world;
    if (!this.#alive) return;
    if (clock.monotonic() >= this.#stalledUntil) callback();
    else clock.setTimeout(() => this.enter(callback), this.#stalledUntil - clock.monotonic());
  }

  /** Ends on a stop, when what is under way has arrived. On a lost lease it goes on: the fence alone must hold it. */
  async #lead(): Promise<void> {
    const { world } = this.#slot;
    const never = new AbortController().signal;
    while (!this.stop.signal.aborted) {
      await this.#clock.sleep(world.between(50, 1200), never);
      try {
        this.elector.fence();
      } catch {
        world.fenced += 1;
        continue;
      }
      const write = this.#write().finally(() => this.#underWay.delete(write));
      this.#underWay.add(write);
    }
    await Promise.all(this.#underWay);
  }

  #write(): Promise<void> {
    const { world } = this.#slot;
    return new Promise((resolve) => {
      world.clock.setTimeout(
        () => {
          world.land(this.identity);
          this.enter(resolve);
        },
        world.random() < 0.5 ? 5 : world.between(5, MAX_FLIGHT_MS),
      );
    });
  }

  /** A request that was sent arrives, whatever becomes of the one who sent it. */
  #send<T>(call: () => T): Promise<T> {
    const slot = this.#slot;
    const { clock } = slot.world;
    const delay = (): number => slot.world.between(1, slot.suffers('slow') ? 4500 : 40);
    return new Promise((resolve, reject) => {
      const refused = slot.suffers('refuse');
      if (slot.suffers('lose-requests')) return;
      clock.setTimeout(() => {
        let answer = (): void => reject(new TransportError('connection refused'));
        if (!refused) {
          try {
            const result = call();
            answer = () => resolve(result);
          } catch (error) {
            answer = () => reject(toError(error));
          }
        }
        if (!slot.suffers('lose-answers')) clock.setTimeout(() => this.enter(answer), delay());
      }, delay());
    });
  }

  #skewedClock(): Clock {
    const { clock } = this.#slot.world;
    const { offsetMs, rate } = this.#slot.skew;
    const own: Clock = {
      now: () => clock.now() + offsetMs,
      monotonic: () => clock.monotonic() * rate,
      setTimeout: (callback, ms) => clock.setTimeout(() => this.enter(callback), ms / rate),
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          signal.throwIfAborted();
          const cancel = own.setTimeout(resolve, ms);
          const abort = (): void => {
            cancel();
            reject(toError(signal.reason));
          };
          signal.addEventListener('abort', abort, { once: true });
        }),
    };
    return own;
  }
}

/** A small seeded generator, uniform in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
