import { describe, expect, it } from '@jest/globals';
import type { DeepSeekDeployment, DeepSeekDeploymentSpec } from '../../../operator/api/index.ts';
import { parseDeepSeekDeployment } from '../../../operator/api/index.ts';
import type { ControllerRevision, Node, Pod } from '../../../operator/kube/resources.ts';
import { canonicalSpec } from '../../../operator/rollout/canonical.ts';
import { rolloutSettings } from '../../../operator/rollout/settings.ts';
import { controllerRevision, deploymentObject, plan as planSummary } from '../../get/test-support.ts';
import { CommandError } from '../../support/exit-status.ts';
import { forecastRollout } from './forecast.ts';
import type { RolloutFacts } from './gather.ts';
import { timelineOf } from './timeline.ts';
import { renderForecast } from './view.ts';
import { wayNow } from './way.ts';

const OLD = 'bcdfghjklm';
const terminal = { width: 100, colour: false, unicode: true, interactive: true };

const spec = (change: Partial<DeepSeekDeploymentSpec> = {}): DeepSeekDeploymentSpec => ({
  model: { name: 'deepseek-r1-distill-qwen-7b' },
  accelerator: { type: 'A100-80GB' },
  replicas: 2,
  ...change,
});

function wanted(change: Partial<DeepSeekDeploymentSpec> = {}): DeepSeekDeployment {
  const parsed = parseDeepSeekDeployment(deploymentObject(undefined, spec(change)));
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues));
  return parsed.value;
}

const a100 = (name: string, gpus: number): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'nvidia.com/gpu.product': 'NVIDIA-A100-SXM4-80GB' } },
  status: {
    allocatable: {
      cpu: '64',
      memory: '512Gi',
      'ephemeral-storage': '1Ti',
      pods: '110',
      'nvidia.com/gpu': String(gpus),
    },
  },
});

const podOn = (node: string, index: number, labels: Readonly<Record<string, string>>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `p${index}`, namespace: 'ai', labels },
  spec: { nodeName: node, containers: [{ name: 'engine', resources: { limits: { 'nvidia.com/gpu': '1' } } }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
});

const OWN = { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': OLD };

/** Two replicas of an older version serve on `gpus` GPUs of one node. */
function facts(gpus: number, rest: Partial<RolloutFacts> = {}): RolloutFacts {
  const stored: ControllerRevision = controllerRevision(OLD, 1, 'deepseek-r1-distill-qwen-7b/FP16/vLLM 0.31.0', {
    data: {
      hashVersion: 1,
      spec: canonicalSpec(spec({ quantization: { type: 'FP16' } })) ?? {},
      template: { metadata: {}, spec: { containers: [] } },
      plan: planSummary,
    },
  });
  return {
    deployment: deploymentObject({
      observedGeneration: 3,
      replicas: 2,
      readyReplicas: 2,
      serving: { revision: OLD, version: 'deepseek-r1-distill-qwen-7b/FP16/vLLM 0.31.0', readyReplicas: 2 },
    }),
    revisions: [stored],
    deployments: [],
    nodes: [a100('n0', gpus)],
    pods: [podOn('n0', 0, OWN), podOn('n0', 1, OWN)],
    reservations: [],
    notes: [],
    ...rest,
  };
}

describe('how a rollout would go', () => {
  it.each([
    ['both fit', facts(4), {}, 'Full', { readiness: 'Warm', windowSeconds: 7200 }],
    ['one GPU is free', facts(3), {}, 'Handover', { readiness: 'Partial', windowSeconds: 600 }],
    ['none is free', facts(2), {}, 'Handover', { readiness: 'Partial' }],
    [
      'none is free, and nodes can be bought',
      facts(2, { autoscaler: 'Karpenter' }),
      {},
      'Provision',
      { readiness: 'Warm' },
    ],
    [
      'none is free, and only waiting is allowed',
      facts(2),
      { rollout: { whenCapacityIsShort: ['Wait'] } },
      'Wait',
      undefined,
    ],
    [
      'the old version may stop first',
      facts(2),
      { rollout: { whenCapacityIsShort: ['Recreate'] } },
      'Recreate',
      { readiness: 'Cold', windowSeconds: 0 },
    ],
    [
      'nothing is kept warm after the watch',
      facts(4),
      { rollout: { rollbackWindow: '0s' } },
      'Full',
      { readiness: 'Warm', windowSeconds: 600 },
    ],
    ['nodes may not be listed', facts(4, { nodes: undefined }), {}, 'Full', { readiness: 'Warm' }],
  ] as const)('when %s', (_, known, change, way, rollback) => {
    const forecast = forecastRollout(known, wanted(change as Partial<DeepSeekDeploymentSpec>));
    expect(forecast).toMatchObject({ kind: 'Rollout', way, isNew: true });
    if (rollback === undefined) expect(forecast.rollback).toBeUndefined();
    else expect(forecast.rollback).toMatchObject(rollback);
  });

  it('says what is missing, and what would proceed', () => {
    const { message, gpus } = forecastRollout(
      facts(2),
      wanted({ rollout: { whenCapacityIsShort: ['Wait'] } as never }),
    );
    expect(gpus).toMatchObject({ needed: 2, free: 0, room: 0, perReplica: 1 });
    expect(message).toContain('There is room for 0 of 2 replicas');
    expect(message).toContain('Handover or Recreate would proceed');
  });

  it('counts the GPUs of a candidate that the new spec drops as free', () => {
    const base = facts(4);
    const other = 'nnnnnnnnnn';
    const candidate = [2, 3].map((index) => podOn('n0', index, { ...OWN, 'deepseek-operator.io/revision': other }));
    const deployment = deploymentObject({
      ...base.deployment.status,
      candidate: { revision: other, version: 'x', readyReplicas: 0 },
    });
    const known = { ...base, deployment, pods: [...(base.pods ?? []), ...candidate] };
    expect(forecastRollout(known, wanted())).toMatchObject({ way: 'Full', gpus: { free: 2 } });
  });

  it('counts what others have reserved, and says for whom', () => {
    const template = {
      metadata: {},
      spec: { containers: [{ name: 'engine', resources: { limits: { 'nvidia.com/gpu': '1' } } }] },
    };
    const reservations = [{ holder: 'ai/coder', replicas: 1, template }];
    const forecast = forecastRollout(facts(4, { reservations }), wanted());
    expect(forecast).toMatchObject({ way: 'Handover', gpus: { reservedBy: [{ holder: 'ai/coder', gpus: 1 }] } });
    expect(renderForecast(forecast, terminal)).toContain('1 reserved for the rollout of ai/coder');
  });

  it('has nothing to do for what serves, and no loading for what is kept warm', () => {
    const same = wanted({ quantization: { type: 'FP16' } });
    expect(forecastRollout(facts(2), same)).toMatchObject({ kind: 'None', revision: OLD, stages: [] });

    const base = facts(2);
    const deployment = deploymentObject({
      ...base.deployment.status,
      serving: { revision: 'nnnnnnnnnn', version: 'x', readyReplicas: 2 },
      rollback: { revision: OLD, readiness: 'Warm', estimatedSeconds: 15 },
    });
    expect(forecastRollout({ ...base, deployment }, same)).toMatchObject({
      kind: 'WarmRollback',
      isNew: false,
      stages: [{ what: 'Switch', expectedSeconds: 15 }],
    });
  });

  it('is refused with the planner’s reason', () => {
    const big = wanted({ model: { name: 'deepseek-r1' }, accelerator: { type: 'T4' } });
    expect(() => forecastRollout(facts(4), big)).toThrow(CommandError);
    expect(() => forecastRollout(facts(4), big)).toThrow(/^refused: [A-Z]\w+: /);
  });

  it.each([
    ['default settings', {}, undefined],
    ['a watch of an hour', { watch: { duration: '1h' } }, /62 minutes after the order.*Watch \(60 minutes\)/],
    [
      'a slow canary',
      {
        strategy: 'Canary',
        canary: {
          steps: [
            { weight: 5, pause: '20m' },
            { weight: 50, pause: '20m' },
          ],
        },
      },
      /the longest part is Canary \(40 minutes\)/,
    ],
  ])('warns of what ends later than a quarter of an hour: %s', (_, rollout, warning) => {
    const { warnings } = forecastRollout(facts(4), wanted({ rollout } as never));
    if (warning === undefined) expect(warnings).toEqual([]);
    else expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('is printed on one screen', () => {
    const page = renderForecast(forecastRollout(facts(3), wanted()), terminal);
    expect(page.split('\n').filter((line) => line.length > 100)).toEqual([]);
    expect(page).toMatch(/^ai\/chat {2}Handover\n/);
    expect(page).toContain('quantization.type: FP16 -> (not set)');
    expect(page).toMatch(/GPUs +2 needed \(1 for each of 2 replicas, on one node\), 1 free, room for 1 of 2 replicas/);
    expect(page).toMatch(/Watch +10 min/);
    expect(page).toMatch(/Rollback +Partial for 10 min after the switch/);
  });
});

describe('a handover', () => {
  const settings = (rollout: object) =>
    rolloutSettings(wanted({ replicas: 4, rollout: rollout as NonNullable<DeepSeekDeploymentSpec['rollout']> }).spec);

  it('may take the progress deadline for each replica', () => {
    const given = settings({ progressDeadline: '10m', handover: { minAvailablePercent: 50, mixedVersions: false } });
    const limit = (way: 'Full' | 'Handover') =>
      timelineOf(way, given, 4, { budgetSeconds: 60 }, undefined).find(({ what }) => what === 'Loading')?.limitSeconds;
    expect([limit('Full'), limit('Handover')]).toEqual([600, 1200]);
  });

  it.each([
    [true, 'at least 3 of 4 replicas serve'],
    [false, 'at least 2 of 4 replicas serve'],
  ])('serves with both versions only through a gateway: %s', (hasGateway, message) => {
    const given = settings({ handover: { minAvailablePercent: 50, mixedVersions: false } });
    const mixing = { ...given, handover: { ...given.handover, mixedVersions: true } };
    const slotsWithoutServing = [0, 1, 2, 3, 4];
    const choice = wayNow(mixing, {
      reading: {
        ...{ placed: 0, slots: 0, slotsWithoutServing, slotsWithoutWarm: [0] },
        ...{ gpusPerReplica: 1, freeGpus: 0, reservedBy: [] },
      },
      ...{ replicas: 4, servingReplicas: 4, warmReplicas: 0, hasGateway },
    });
    expect(choice.way).toBe('Handover');
    expect(choice.message).toContain(message);
  });
});
