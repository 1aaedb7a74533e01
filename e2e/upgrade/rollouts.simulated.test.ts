import { describe, expect, it } from '@jest/globals';
import { type DeepSeekDeployment, LABEL, MANAGER, type RolloutPhase } from '../../operator/api/index.ts';
import { resources } from '../../operator/kube/resources.ts';
import { operatorBench, PATIENCE } from '../reconcile/harness.ts';
import { BRIEF, PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import { revisionRule } from '../simulator/index.ts';
import { eventually, testCluster } from '../support/index.ts';
import { type Golden, goldenOf, VERSIONS } from './golden.ts';
import { isReady, renamed, restore } from './restore.ts';

// Of its own: it has GPUs for many rollouts at once, of models that ask for no pool.
const cluster = testCluster('simulated', {});
const bench = operatorBench(cluster);

/** Of `rollout.watch`, by default. */
const WATCH_MS = 600_000;
const NODES = 3;
const GPUS_PER_NODE = 16;

/** Where each rollout stays until somebody speaks, or minutes are over; empty: it goes on by itself as far as it can. */
const RESTS: Readonly<Record<string, readonly RolloutPhase[]>> = {
  Waiting: [],
  Scheduling: [],
  Loading: ['Loading'],
  Proving: [],
  AwaitingPromotion: ['AwaitingPromotion'],
  Switching: ['Switching', 'Watching'],
  Watching: ['Watching'],
  Warm: ['Idle'],
  RollingBack: [],
  Aborting: ['Aborting'],
  Held: ['Held'],
};

/** Those that end with the candidate serving. */
const GOING = ['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion', 'Switching', 'Watching'];

/** Keeps a pod that has ended in the cluster. */
const HOLD = 'test.deepseek-operator.io/hold';

/** With one prompt for a proof instead of 160: that is no part of a version, so that all else would have been stored alike. */
function briefly(golden: Golden): Golden {
  const { spec } = golden.deployment;
  const rollout = { ...spec.rollout, proof: BRIEF.rollout.proof } as NonNullable<DeepSeekDeployment['spec']['rollout']>;
  return { ...golden, deployment: { ...golden.deployment, spec: { ...spec, rollout } } };
}

/** The same with the pods that its candidate had when it was given up. */
function withPods(golden: Golden): Golden {
  const { metadata, spec, status } = golden.deployment;
  const name = `${metadata.name}-${status?.candidate?.revision ?? ''}`;
  const objects = golden.objects.map((object) =>
    object.kind === 'Deployment' && object.metadata.name === name
      ? { ...object, spec: { ...(object as { spec?: object }).spec, replicas: spec.replicas } }
      : object,
  );
  expect(objects).not.toEqual(golden.objects);
  return { ...golden, objects };
}

/** The pods of a candidate that was given up: they are on their way out from `begin` to `end`. */
class Leaving {
  readonly #model: string;
  readonly #revision: string;

  constructor(model: string, revision: string) {
    this.#model = model;
    this.#revision = revision;
  }

  async begin(): Promise<void> {
    const { client, namespace, signal } = bench();
    await this.#hold([HOLD]);
    const key = { namespace, name: `${this.#model}-${this.#revision}` };
    const options = { type: 'merge', fieldManager: MANAGER, signal } as const;
    await client.patch(resources.deployments, key, { spec: { replicas: 0 } }, options);
    await eventually(async () => {
      const staying = (await this.#pods()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
      expect(staying).toEqual([]);
    }, PATIENCE);
    expect(await this.#pods()).not.toEqual([]);
  }

  end(): Promise<void> {
    return this.#hold(null);
  }

  async #pods() {
    const pods = await bench().pods(this.#model);
    return pods.filter(({ metadata }) => metadata.labels?.[LABEL.revision] === this.#revision);
  }

  async #hold(finalizers: readonly string[] | null): Promise<void> {
    const { client, namespace, signal } = bench();
    const patch = { metadata: { finalizers } };
    for (const { metadata } of await this.#pods())
      await client.patch(resources.pods, { namespace, name: metadata.name }, patch, { type: 'merge', signal });
  }
}

describe.each(VERSIONS)('an upgrade from version %s, while models are rolled out', (version) => {
  const models = goldenOf(version)
    .filter(({ phase, deployment }) => phase !== 'Idle' && deployment.metadata.name === 'chat')
    .map((golden) => briefly(renamed(golden, golden.phase.toLowerCase())));
  const nameOf = (phase: string): string => phase.toLowerCase();
  const among = (phases: readonly string[]): readonly string[] =>
    phases.filter((phase) => models.some((model) => model.phase === phase));

  /** Names and UIDs of what an upgrade must not make again. */
  const stored = async () => {
    const { client, namespace, signal } = bench();
    const [pods, deployments, revisions] = await Promise.all([
      client.list(resources.pods, { namespace, signal }),
      client.list(resources.deployments, { namespace, signal }),
      client.list(resources.controllerRevisions, { namespace, signal }),
    ]);
    return {
      pods: pods.items,
      templates: Object.fromEntries(deployments.items.map(({ metadata, spec }) => [metadata.name, spec?.template])),
      revisions: revisions.items.map(({ metadata }) => metadata.name).sort(),
    };
  };

  it('restarts no pod and makes no revision, and each rollout goes on to its end', async () => {
    expect(models.map(({ phase }) => phase).filter((phase) => !(phase in RESTS))).toEqual([]);
    expect(models).not.toEqual([]);
    await bench().stopOperator();
    await bench().pool({ accelerator: 'A100-80GB', nodes: NODES, gpusPerNode: GPUS_PER_NODE, open: true });
    const candidateOf = (phase: string): string => {
      const status = models.find((model) => model.phase === phase)?.deployment.status;
      return status?.candidate?.revision ?? status?.serving?.revision ?? '';
    };
    const loading = nameOf('Loading');
    await bench().simulator.setRule(revisionRule(loading, candidateOf('Loading'), { failure: 'never-ready' }));
    const restored = models.map((model) => (model.phase === 'Aborting' ? withPods(model) : model));
    for (const model of restored) await restore(bench(), model);
    const isHeldUp = (labels: Readonly<Record<string, string>> = {}): boolean =>
      labels[LABEL.name] === loading && labels[LABEL.revision] === candidateOf('Loading');
    await eventually(async () => {
      const { pods } = await stored();
      const wanted = restored.flatMap(({ objects }) =>
        objects.flatMap((object) => (object.kind === 'Deployment' ? [object as { spec?: { replicas?: number } }] : [])),
      );
      expect(pods).toHaveLength(wanted.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0));
      const late = pods.filter((pod) => !isReady(pod) && !isHeldUp(pod.metadata.labels));
      expect(late.map(({ metadata }) => metadata.name)).toEqual([]);
    }, PATIENCE);
    const aborting = among(['Aborting']).map((phase) => new Leaving(nameOf(phase), candidateOf(phase)));
    for (const candidate of aborting) await candidate.begin();
    const before = await stored();
    const uids = new Set(before.pods.map(({ metadata }) => metadata.uid));
    const attempts = Object.fromEntries(
      models.map(({ phase, deployment }) => [phase, deployment.status?.rollout?.attempt]),
    );

    /** Pods that there were not: only a version that had no Deployment yet may have some. */
    const expectNothingNew = async (): Promise<void> => {
      const now = await stored();
      const made = now.pods.filter(({ metadata }) => !uids.has(metadata.uid));
      expect(made.filter(({ metadata }) => metadata.labels?.[LABEL.name] !== nameOf('Waiting'))).toEqual([]);
      expect(now.revisions).toEqual(before.revisions);
      for (const [name, template] of Object.entries(before.templates))
        expect(now.templates[name] ?? template).toEqual(template);
    };

    await bench().startOperator();
    await bench().rest();
    for (const phase of among(Object.keys(RESTS))) {
      const rest = RESTS[phase] ?? [];
      if (rest.length > 0) await untilPhase(bench(), nameOf(phase), ...rest);
    }
    await expectNothingNew();

    for (const candidate of aborting) await candidate.end();
    await bench().simulator.setRule(revisionRule(loading, candidateOf('Loading'), {}));
    for (const phase of among(['AwaitingPromotion'])) await bench().order(nameOf(phase), 'promote', candidateOf(phase));
    const going = among(GOING);
    for (const phase of going) await untilPhase(bench(), nameOf(phase), 'Switching', 'Watching');
    bench().advance(PROGRAMMING_MS + 1_000);
    for (const phase of going) await untilPhase(bench(), nameOf(phase), 'Watching');
    bench().advance(WATCH_MS);
    for (const phase of going) {
      await untilPhase(bench(), nameOf(phase), 'Idle');
      const { serving, rollout } = await bench().status(nameOf(phase));
      expect({ phase, revision: serving?.revision, attempt: rollout?.attempt }).toEqual({
        ...{ phase, revision: candidateOf(phase), attempt: attempts[phase] },
      });
    }
    for (const phase of among(['RollingBack', 'Aborting', 'Held'])) {
      await untilPhase(bench(), nameOf(phase), 'Held');
      const { serving, candidate } = await bench().status(nameOf(phase));
      expect(candidate?.revision).toBeDefined();
      expect(serving?.revision).not.toBe(candidate?.revision);
    }
    for (const phase of among(['Warm'])) expect((await bench().status(nameOf(phase))).rollback?.readiness).toBe('Warm');
    await expectNothingNew();
  }, 240_000);
});
