import { describe, expect, it } from '@jest/globals';
import { type DeepSeekDeployment, LABEL, type RolloutPhase } from '../../operator/api/index.ts';
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
  Held: ['Held'],
};

/** With one prompt for a proof instead of 160: that is no part of a version, so that all else would have been stored alike. */
function briefly(golden: Golden): Golden {
  const { spec } = golden.deployment;
  const rollout = { ...spec.rollout, proof: BRIEF.rollout.proof } as NonNullable<DeepSeekDeployment['spec']['rollout']>;
  return { ...golden, deployment: { ...golden.deployment, spec: { ...spec, rollout } } };
}

describe.each(VERSIONS)('an upgrade from version %s, while models are rolled out', (version) => {
  const models = goldenOf(version)
    .filter(({ phase, deployment }) => phase !== 'Idle' && deployment.metadata.name === 'chat')
    .map((golden) => briefly(renamed(golden, golden.phase.toLowerCase())));
  const nameOf = (phase: string): string => phase.toLowerCase();

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
    expect(models.map(({ phase }) => phase).sort()).toEqual(Object.keys(RESTS).sort());
    await bench().stopOperator();
    await bench().pool({ accelerator: 'A100-80GB', nodes: NODES, gpusPerNode: GPUS_PER_NODE, open: true });
    const candidateOf = (phase: string): string => {
      const status = models.find((model) => model.phase === phase)?.deployment.status;
      return status?.candidate?.revision ?? status?.serving?.revision ?? '';
    };
    const loading = nameOf('Loading');
    await bench().simulator.setRule(revisionRule(loading, candidateOf('Loading'), { failure: 'never-ready' }));
    for (const model of models) await restore(bench(), model);
    const isHeldUp = (labels: Readonly<Record<string, string>> = {}): boolean =>
      labels[LABEL.name] === loading && labels[LABEL.revision] === candidateOf('Loading');
    await eventually(async () => {
      const { pods } = await stored();
      const wanted = models.flatMap(({ objects }) =>
        objects.flatMap((object) => (object.kind === 'Deployment' ? [object as { spec?: { replicas?: number } }] : [])),
      );
      expect(pods).toHaveLength(wanted.reduce((sum, { spec }) => sum + (spec?.replicas ?? 0), 0));
      const late = pods.filter((pod) => !isReady(pod) && !isHeldUp(pod.metadata.labels));
      expect(late.map(({ metadata }) => metadata.name)).toEqual([]);
    }, PATIENCE);
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
    for (const [phase, rest] of Object.entries(RESTS))
      if (rest.length > 0) await untilPhase(bench(), nameOf(phase), ...rest);
    await expectNothingNew();

    await bench().simulator.setRule(revisionRule(loading, candidateOf('Loading'), {}));
    await bench().order(nameOf('AwaitingPromotion'), 'promote', candidateOf('AwaitingPromotion'));
    const going = ['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion', 'Switching', 'Watching'];
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
    for (const phase of ['RollingBack', 'Held']) {
      await untilPhase(bench(), nameOf(phase), 'Held');
      const { serving } = await bench().status(nameOf(phase));
      expect(serving?.revision).not.toBe(candidateOf('Watching'));
    }
    const { rollback } = await bench().status(nameOf('Warm'));
    expect(rollback?.readiness).toBe('Warm');
    await expectNothingNew();
  }, 240_000);
});
