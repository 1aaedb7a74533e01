import { AuditReader, type AuditEntry } from '../../cluster/index.ts';
import { changeModels, changeToChild, createNamespaces, flap } from '../attack/hostile.ts';
import { countRequests, waitForRest } from '../audit.ts';
import { startBenchCluster, type BenchCluster } from '../bench-cluster.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';
import { createModel, createModels } from '../models.ts';
import { type OperatorProcess, startOperator } from '../operator.ts';
import { readMemory } from '../proc.ts';
import { describe } from '../rollouts/latency.ts';
import { quantile } from '../statistics.ts';

const OPERATOR = 'attack-operator';
/** Whose changes are measured. */
const OTHERS = { namespace: 'others', models: 20 };
const MALLORY = 'mallory';
/** The operator does not look after it: what happens there weighs on the API server and the machine alone. */
const NOBODY = 'nobody';
const CHANGES_A_ROUND = 20;
const EVERY_MS = 200;
/** During the flood, so that the changes last as long as it does. */
const FLOOD_EVERY_MS = 500;

/** What somebody who may create models in one namespace can do to the models of others. */
export const attack: Scenario = {
  name: 'attack',
  method: `${OTHERS.models} models of one namespace are changed one after the other, every ${EVERY_MS} ms, each to a version that has never been, and
measured is the time from the change, as the API server received it, to the operator's first new child (audit log). In turns, ${CHANGES_A_ROUND}
changes each: with nobody else; with a model of another namespace that changes 50 times a second; with such a model in their own
namespace; and, as the control, with one in a namespace that the operator does not look after, which weighs on the API server and the
machine alone. The P99 with a changing model is held against the control, which tells what the operator makes of it, and against nobody
else, which is what users see, the API server's part included. Then the same
while somebody creates models in another namespace as fast as the server takes them. The control plane alone: no controllers, no
nodes.`,
  run: measure,
};

/** Where a model changes all the time; undefined: nowhere. */
const FLAPS_IN = { alone: undefined, control: NOBODY, flapping: MALLORY, neighbour: OTHERS.namespace } as const;
type Situation = keyof typeof FLAPS_IN;
const SITUATIONS = Object.keys(FLAPS_IN) as readonly Situation[];

async function measure(context: BenchContext): Promise<readonly Figure[]> {
  const { signal, sizes } = context;
  await using bench = await startBenchCluster('control-plane', context);
  const { cluster, client } = bench;
  await createNamespaces(bench, [OTHERS.namespace, MALLORY, NOBODY], signal);
  const watched = `--watch-namespaces=${OTHERS.namespace},${MALLORY}`;
  const operator = await startOperator({ cluster, user: OPERATOR, args: ['--no-leader-elect', watched], signal });
  try {
    await createModels(client, { namespace: OTHERS.namespace, count: OTHERS.models, spec: { replicas: 1 }, signal });
    for (const namespace of Object.values(FLAPS_IN).filter((found) => found !== undefined))
      await createModel(client, { namespace, name: 'flapping', spec: { replicas: 1 }, signal });
    await waitForRest(cluster, OPERATOR, { quietMs: 2_000, signal });
    return [...(await flapping(bench, context)), await flood(bench, operator, sizes.attack.flood, context)];
  } finally {
    await operator.stop();
  }
}

/** What a situation is, to be held against. */
const AGAINST = { control: 'the control', alone: 'nobody else' } as const;

async function flapping(bench: BenchCluster, { signal, log, sizes }: BenchContext): Promise<readonly Figure[]> {
  const took: Record<Situation, number[]> = { alone: [], control: [], flapping: [], neighbour: [] };
  const others = { ...OTHERS, count: CHANGES_A_ROUND, everyMs: EVERY_MS, signal };
  const ofFlapping: AuditEntry[] = [];
  let flaps = 0;
  for (let round = 1; round <= sizes.attack.rounds; round++) {
    for (const situation of SITUATIONS) {
      const audit = new AuditReader(bench.cluster.auditLog);
      await audit.read();
      const namespace = FLAPS_IN[situation];
      const flapper = namespace === undefined ? undefined : flap(bench, { namespace, name: 'flapping', signal });
      const runs = await changeModels(bench, others);
      const changed = (await flapper?.stop()) ?? 0;
      await waitForRest(bench.cluster, OPERATOR, { quietMs: 1_500, signal });
      const entries = await audit.read();
      took[situation].push(...changeToChild(runs, entries, { ...OTHERS, operator: OPERATOR }));
      if (situation !== 'flapping') continue;
      flaps += changed;
      ofFlapping.push(...entries.filter(({ user, namespace: where }) => user === OPERATOR && where === MALLORY));
    }
    log(
      `round ${round}: ${Object.entries(took)
        .map(([name, all]) => `${name} ${describe(all)}`)
        .join('; ')}`,
    );
  }
  const { writes, events } = countRequests(ofFlapping);
  const p99 = (situation: Situation): number => quantile(took[situation], 0.99);
  const ratio = (situation: Situation, where: string, against: keyof typeof AGAINST, note: string): Figure =>
    atMost({
      name: `attack-${situation}-${against}`,
      title: `A model of ${where} changes 50 times a second: change -> child of the others, P99 against ${AGAINST[against]}`,
      ...{ value: p99(situation) / p99(against), limit: 1.5, unit: 'x', decimals: 2, note },
      details: { ...took },
    });
  const said = (situation: Situation): string => `${situation} ${describe(took[situation])}`;
  const n = `n ${took.alone.length} each`;
  return [
    ratio(
      'flapping',
      'another namespace',
      'control',
      `${said('alone')}; ${said('control')}; ${said('flapping')}; ${n}`,
    ),
    ratio('flapping', 'another namespace', 'alone', n),
    ratio('neighbour', 'their own namespace', 'control', `${said('neighbour')}; ${n}`),
    ratio('neighbour', 'their own namespace', 'alone', n),
    atMost({
      ...{
        name: 'attack-flapping-writes',
        title: 'Writes of the operator for each change of the model of another namespace',
      },
      ...{ value: writes / flaps, limit: 1, decimals: 2 },
      note: `${writes} and ${events} Events for ${flaps} changes`,
    }),
  ];
}

async function flood(
  bench: BenchCluster,
  operator: OperatorProcess,
  count: number,
  { signal, log }: BenchContext,
): Promise<Figure> {
  const before = await readMemory(operator.pid);
  const audit = new AuditReader(bench.cluster.auditLog);
  await audit.read();
  log(`${count} models at once in another namespace`);
  const over = new AbortController();
  const flooding = { namespace: MALLORY, count, spec: { replicas: 0 }, signal };
  const creating = createModels(bench.client, flooding).finally(() => over.abort());
  const runs = [];
  do runs.push(...(await changeModels(bench, { ...OTHERS, count: OTHERS.models, everyMs: FLOOD_EVERY_MS, signal })));
  while (!over.signal.aborted);
  await creating;
  await waitForRest(bench.cluster, OPERATOR, { quietMs: 3_000, signal });
  const took = changeToChild(runs, await audit.read(), { ...OTHERS, operator: OPERATOR });
  const after = await readMemory(operator.pid);
  return atMost({
    ...{
      name: 'attack-flood',
      title: `${count.toLocaleString('en-US')} models at once in another namespace: change -> child of the others, P99`,
    },
    ...{ value: quantile(took, 0.99) / 1000, limit: 5, unit: ' s', decimals: 2 },
    note: `${describe(took)}, n ${took.length}; RSS ${before.rss.toFixed(0)} to ${after.rss.toFixed(0)} MB`,
    details: { took, before, after },
  });
}
