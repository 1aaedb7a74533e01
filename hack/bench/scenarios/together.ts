import { readFile } from 'node:fs/promises';
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

/** Where an attempt begins: GPUs are counted, one rollout after the other. */
const COUNTING: readonly string[] = ['Waiting', 'Scheduling'];
const SEEN_WITHIN_MS = 300_000;

/** Whether many rollouts hold each other up. */
export const together: Scenario = {
  name: 'together',
  method: `50 models of two replicas, with promotion by itself and proof off. First 10 of them get a new version one after the other, each when the rollout before
is over; then all get another one at once. For each write of a status that changes the phase of a rollout the *operator's own time* is
counted: from the moment at which the model was due for a pass until the end of the pass (the operator's log at the level debug), less
what the API server took for the requests in it (audit log). What others take is in none of it: pods that load, the
watch, pauses. Passes that begin an attempt are left out: they count GPUs, for which rollouts queue.`,
  run: measure,
};

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, log, sizes } = context;
  const { models, alone } = sizes.together;
  await using stage = await startStage(context);
  const { cluster } = stage;
  const operator = await stage.start(OPERATOR, ['--no-leader-elect', '--log-level=debug']);
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
      await states.seen(name, 'Switching', signal);
      await fleet.phase([name], 'Idle');
    };
    if (atOnce) await Promise.all(names.map(roll));
    else for (const name of names) await roll(name);
    await rest();
    const phases = new Map(names.map((name) => [name, states.phases(name)]));
    const log = await readFile(operator.logFile, 'utf8');
    const times = ownTimes({ phases, entries: await audit.read(), operator: OPERATOR, log });
    return times.filter(({ phase }) => !COUNTING.includes(phase));
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

  /** Waits until a model has been in this phase. */
  async seen(name: string, phase: string, signal: AbortSignal): Promise<void> {
    await waitFor(async () => (this.phases(name).includes(phase) ? true : undefined), {
      what: `${name} to have been ${phase}`,
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
