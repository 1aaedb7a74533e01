import { expect, it } from '@jest/globals';
import { countWrites } from '../../hack/cluster/index.ts';
import type { TrafficWatch } from '../reconcile/traffic.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { eventually, testCluster } from '../support/index.ts';
import { Backup, type History } from './backup.ts';
import { MODELS, ModelStage, specOf } from './models.ts';
import { standingsOf } from './standing.ts';

// Of its own: its etcd is taken down.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

const TEST_MS = 400_000;
/** How long what came back may take to be looked at by everybody; only a failing test uses it up. */
const PATIENCE = { timeoutMs: 90_000 } as const;
const NAMES = MODELS.map(({ name }) => name);
const LATER = 'made-later';

interface Way {
  readonly what: string;
  readonly history: History;
  /** The operator is stopped before the control plane is, and started after it. */
  readonly restarted: boolean;
  readonly podCidr: string;
}

const WAYS: readonly Way[] = [
  { what: 'the operator is started again', history: { times: 1 }, restarted: true, podCidr: '10.245.0.0/16' },
  { what: 'the operator runs on', history: { times: 1 }, restarted: false, podCidr: '10.246.0.0/16' },
  {
    what: 'the operator runs on, and history goes back',
    history: 'GoesBack',
    restarted: false,
    podCidr: '10.247.0.0/16',
  },
];

/** Models at rest and in the middle of rollouts, as the snapshot is to find them. */
async function play(): Promise<readonly [readonly ModelStage[], ReadonlyMap<string, TrafficWatch>]> {
  // An API server that has just begun knows of nobody's rights yet.
  await bench().stopOperator();
  await bench().startOperator({ mayBeDenied: true });
  const { accelerator } = await bench().pool({ accelerator: 'A100-80GB', nodes: 4, gpusPerNode: 8 });
  const stages = MODELS.map((model) => new ModelStage(bench(), model));
  const watches = new Map<string, TrafficWatch>();
  for (const { name, model } of stages) {
    await bench().create(name, specOf(accelerator, model));
    watches.set(name, await bench().watchTraffic(name));
  }
  await Promise.all(stages.map((stage) => stage.ready()));
  for (const stage of stages) await stage.model.before(stage);
  for (const stage of stages) await stage.until(stage.model.phase);
  await bench().rest();
  return [stages, watches];
}

/** What the operator has sent to Services that carry traffic, refused or not. */
async function writesToActiveServices(since: Date): Promise<readonly string[]> {
  const requests = await bench().requests();
  return requests
    .filter(({ received, resource }) => received >= since && resource === 'services')
    .filter((entry) => [...NAMES, LATER].includes(entry.name ?? '') && countWrites([entry]) === 1)
    .map(({ verb, name = '', code }) => `${verb} ${name} ${code}`);
}

it.each(WAYS)(
  'from an older snapshot of etcd, while $what: all is as it was then, no order is carried out again, and rollouts go on',
  async ({ what, history, restarted, podCidr }) => {
    const [stages, watches] = await play();
    const before = await standingsOf(bench(), NAMES);
    const backup = await Backup.save(cluster(), bench().signal);

    await Promise.all(stages.map((stage) => stage.model.after(stage)));
    const { accelerator } = (await bench().get(stages[0]?.name ?? '')).spec;
    await bench().create(LATER, specOf(accelerator));
    await bench().condition(LATER, 'Ready', 'True');
    const changed = NAMES.filter((name) => !['deleted', 'proving', 'rolling-back'].includes(name));
    const after = await standingsOf(bench(), changed);
    for (const name of changed) expect({ name, ...after[name] }).not.toEqual({ name, ...before[name] });
    if (restarted) await bench().stopOperator();

    const startMs = await backup.restore(history, podCidr, bench().signal);
    const since = Date.now();
    const startedAt = new Date(since - startMs);
    await Promise.all(
      [...watches].map(([name, watch]) => watch.served(before[name]?.status.serving ?? '', 1, PATIENCE.timeoutMs)),
    );
    const servingMs = Date.now() - since;
    // Each watch lists Services and endpoints anew at moments of its own.
    await eventually(() => {
      for (const [name, watch] of watches) expect(watch.now?.selected).toBe(before[name]?.status.serving);
    }, PATIENCE);
    const listed = Date.now();
    if (restarted) await bench().startOperator({ mayBeDenied: true });
    await bench().rest();
    await eventually(async () => expect(await standingsOf(bench(), NAMES)).toEqual(before), PATIENCE);
    // Not for a moment: the watches of this test had to list anew themselves, the audit log has all since the start of etcd.
    expect(await writesToActiveServices(startedAt)).toEqual([]);
    process.stdout.write(
      `restored, ${what}: ${NAMES.length} models serve ${((startMs + servingMs) / 1000).toFixed(1)} s after the start of etcd\n`,
    );

    expect(await bench().pods(LATER)).toEqual([]);
    expect(await bench().deployments(LATER)).toEqual([]);
    for (const [name, watch] of watches) {
      const broken = watch.verdict().filter(({ at }) => at >= listed);
      const switched = watch.switches.filter(({ at }) => at >= listed);
      expect({ name, broken, switched }).toEqual({ name, broken: [], switched: [] });
      expect(watch.now?.selected).toBe(before[name]?.status.serving);
    }
    const [last, ...others] = stages.toReversed();
    await Promise.all(others.map((stage) => stage.model.on(stage)));
    await last?.model.on(last);
    for (const [name, watch] of watches) {
      const broken = watch.verdict().filter(({ at }) => at >= listed);
      expect({ name, broken }).toEqual({ name, broken: [] });
    }
    // By the rollouts that went on: what was looked for is found there.
    expect(await writesToActiveServices(startedAt)).toContain('patch promoted 200');
  },
  TEST_MS,
);
