import { isDeepStrictEqual } from 'node:util';
import { AuditReader } from '../../cluster/index.ts';
import type { LiveModel } from '../../demo/manifests.ts';
import { waitFor } from '../../cluster/wait.ts';
import { waitForRest } from '../audit.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { Fleet } from '../rollouts/fleet.ts';
import { describe } from '../rollouts/latency.ts';
import { type OwnTime, ownTimes } from '../rollouts/own-time.ts';
import { load, startStage } from '../scale/stage.ts';
import { quantile } from '../statistics.ts';

const OPERATOR = 'together-operator';
const NAMESPACE = 'default';
const SPEC = {
  replicas: 2,
  termination: { preStopDelay: '0s', drainDeadline: '1s', rollbackDrain: '1s' },
  rollout: {
    promotion: 'Automatic',
    proof: { warmUpRequests: 0, pairedRequests: 0 },
    watch: { duration: '5s' },
    rollbackWindow: '30m',
  },
};

/** Into these an event leads: pods that are available, endpoints that have followed. */
const COUNTED: readonly string[] = ['Switching', 'Watching'];
const SEEN_WITHIN_MS = 300_000;

/** Whether many rollouts hold each other up. */
export const together: Scenario = {
  name: 'together',
  method: `50 models of two replicas, with promotion by itself and proof off. First 20 of them get a new version one after the other, each when the rollout before
is over; then all get another one within a second. For each write of a status that changes the phase of a rollout the *operator's own time* is,
by the API server's clock: from the end of whatever the operator waited for last (somebody's write of one of the model's objects, or
an earlier write of its own for this model) to the server's receipt of this one. What others take is not in it (pods that load, the server's own time for the
operator's other requests), nor are phases that end by the clock (the watch) or begin with the count of GPUs, which rollouts make in turn.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  const { models, alone } = sizes.together;
  await using stage = await startStage(context);
  const { cluster } = stage;
  const operator = await stage.start(OPERATOR, ['--no-leader-elect']);
  log(`creating ${models} models`);
  await using fleet = await Fleet.create(stage, { namespace: NAMESPACE, count: models, spec: SPEC, signal });
  const rest = (): Promise<void> => waitForRest(cluster, OPERATOR, { quietMs: 3_000, signal });
  await rest();
  const audit = new AuditReader(cluster.auditLog);
  const states = new States(fleet);
  const run = async (names: readonly string[], maxModelLen: number, atOnce: boolean): Promise<OwnTime[]> => {
    await audit.read();
    states.clear();
    const roll = async (name: string): Promise<void> => {
      await fleet.change(name, { model: { maxModelLen } });
      if (atOnce) return;
      await fleet.phase([name], 'Watching');
      await fleet.phase([name], 'Idle');
    };
    if (atOnce) await Promise.all(names.map(roll));
    else for (const name of names) await roll(name);
    if (atOnce) await states.seen(names, 'Watching', signal);
    await fleet.phase(names, 'Idle');
    await rest();
    const phases = new Map(names.map((name) => [name, states.phases(name)]));
    return ownTimes({ phases, entries: await audit.read(), operator: OPERATOR }).filter(({ phase }) =>
      COUNTED.includes(phase),
    );
  };
  log(`${alone} rollouts, one after the other`);
  const one = await run(fleet.names.slice(0, alone), 4_096, false);
  log(`${models} rollouts at once`);
  const many = await run(fleet.names, 8_192, true);
  await operator.stop();
  return [figureOf(one, many, models)];
}

/** The states that the statuses of a fleet's models have had. */
class States {
  readonly #fleet: Fleet;
  readonly #states = new Map<string, LiveModel['status'][]>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    for (const name of fleet.names) {
      fleet.follow(name, ({ status }) => {
        const known = this.#states.get(name);
        if (known && !isDeepStrictEqual(status, known.at(-1))) known.push(status);
      });
    }
    this.clear();
  }

  /** From now on. */
  clear(): void {
    for (const name of this.#fleet.names) this.#states.set(name, [this.#fleet.model(name).status]);
  }

  /** The phase in each state that came since. */
  phases(name: string): readonly string[] {
    return (this.#states.get(name) ?? []).slice(1).map((status) => status?.rollout?.phase ?? 'Idle');
  }

  /** Waits until each has been in this phase. */
  async seen(names: readonly string[], phase: string, signal: AbortSignal): Promise<void> {
    await waitFor(async () => (names.every((name) => this.phases(name).includes(phase)) ? true : undefined), {
      what: `${names.length} models to have been ${phase}`,
      timeoutMs: SEEN_WITHIN_MS,
      signal,
    });
  }
}

function figureOf(one: readonly OwnTime[], many: readonly OwnTime[], models: number): Figure {
  const times = (of: readonly OwnTime[]): number[] => of.map(({ milliseconds }) => milliseconds);
  const p95 = (of: readonly OwnTime[]): number => quantile(times(of), 0.95);
  return atMost({
    name: 'together',
    title: `${models} rollouts at once: the operator's own time per phase change, P95, against one alone`,
    value: p95(many) / p95(one),
    limit: 1.5,
    unit: 'x',
    decimals: 2,
    note: `P95 ${p95(many).toFixed(0)} ms (n ${many.length}) and ${p95(one).toFixed(0)} ms (n ${one.length}); together ${describe(times(many))}; alone ${describe(times(one))}`,
    details: { one, many, load: load() },
  });
}
