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
import { load, readUsage, startStage } from '../scale/stage.ts';
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

const SEEN_WITHIN_MS = 300_000;

/** Whether many rollouts hold each other up. */
export const together: Scenario = {
  name: 'together',
  method: `50 models of two replicas, with promotion by itself and proof off. First 10 of them get a new version one after the other, each when the rollout before
is over; then all get another one at once. Every write of a status that changes the phase of a rollout counts, those that begin an attempt
included. The *operator's own time* is from the moment at which the model was due for a pass (a watch had brought something, or a time had
come) until the end of that pass, by the operator's log at the level debug: the wait for a worker, reading caches, deciding, rendering,
and what its event loop did for others meanwhile. Taken off is the time in which the API server had a request of this pass (received to
answered in the audit log, what overlaps once), and, of a pass that counts GPUs, the time before its turn in which other rollouts had
theirs (the admission queue: each turn is from the receipt of its list of pods to the answer of the status that it writes). Pods that
load, the watch and pauses are between passes, and so in none of it. What passes before a model is due (an event that waits in a socket
for a busy event loop) the log cannot know; as a cross-check, where the audit log has a write by somebody else that no earlier pass had
seen, *noticed* is the time from the server's answer to the last such write until the model was due; and the P99 of the event-loop delay is told.`,
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
  const run = async (names: readonly string[], maxModelLen: number, atOnce: boolean): Promise<Measured> => {
    await audit.read();
    states.clear();
    await readUsage(operator);
    const roll = async (name: string): Promise<void> => {
      await fleet.change(name, { model: { maxModelLen } });
      await states.seen(name, 'Switching', signal);
      await fleet.phase([name], 'Idle');
    };
    if (atOnce) await Promise.all(names.map(roll));
    else for (const name of names) await roll(name);
    const { loopDelayMs } = await readUsage(operator);
    await rest();
    const phases = new Map(names.map((name) => [name, states.phases(name)]));
    const log = await readFile(operator.logFile, 'utf8');
    const times = ownTimes({ phases, entries: await audit.read(), operator: OPERATOR, log });
    return { times, loopDelayMs };
  };
  log(`${alone} rollouts, one after the other`);
  const one = await run(fleet.names.slice(0, alone), 4_096, false);
  log(`${models} rollouts at once`);
  const many = await run(fleet.names, 8_192, true);
  await operator.stop();
  return [figureOf(one, many, models)];
}

/** Of one rollout at a time, or of many. */
interface Measured {
  readonly times: readonly OwnTime[];
  readonly loopDelayMs: number;
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

function figureOf(one: Measured, many: Measured, models: number): Figure {
  const own = ({ times }: Measured): number[] => times.map(({ milliseconds }) => milliseconds);
  const p95 = (of: Measured): number => quantile(own(of), 0.95);
  const noticed = ({ times, loopDelayMs }: Measured): string => {
    const late = times.flatMap((time) => time.noticed ?? []);
    const text =
      late.length === 0 ? 'never by a write' : `P95 ${quantile(late, 0.95).toFixed(0)} ms (n ${late.length})`;
    return `${text}, event-loop delay P99 ${loopDelayMs.toFixed(0)} ms`;
  };
  return atMost({
    name: 'together',
    title: `${models} rollouts at once: the operator's own time per phase change, P95, against one alone`,
    value: p95(many) / p95(one),
    limit: 1.5,
    unit: 'x',
    decimals: 2,
    note: `P95 ${p95(many).toFixed(0)} ms (n ${many.times.length}) and ${p95(one).toFixed(0)} ms (n ${one.times.length}); together ${describe(own(many))}; alone ${describe(own(one))}; noticed, together ${noticed(many)}; alone ${noticed(one)}`,
    details: { one, many, load: load() },
  });
}
