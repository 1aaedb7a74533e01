import { beforeEach, describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '../../api/index.ts';
import type { MonitoringKind } from '../../monitoring/index.ts';
import { World } from '../testing/world.ts';
import { decide } from './decide.ts';
import { monitoredRevision } from './monitoring.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };
const ALL = { PodMonitor: true, ScrapeConfig: true, PrometheusRule: true };

let world: World;
beforeEach(() => {
  world = new World(SPEC);
});
const monitoring = (value: object | undefined) =>
  world.edit((spec) => (value === undefined ? spec : { ...spec, monitoring: value }));
const made = () =>
  (['PodMonitor', 'ScrapeConfig', 'PrometheusRule'] as const).filter((kind: MonitoringKind) =>
    [...world.objects.keys()].some((key) => key.startsWith(`${kind}/`)),
  );
const serving = () => world.deployment.status?.serving?.revision ?? '';
const annotations = () => world.service(`chat-${serving()}`)?.metadata.annotations ?? {};

describe('scraping', () => {
  it('is told by annotations of the Service of each revision, never of the pods, where there is no prometheus-operator', () => {
    world.conclude();
    expect(annotations()).toMatchObject({
      'prometheus.io/scrape': 'true',
      'prometheus.io/path': '/metrics',
      'prometheus.io/port': '9000',
      [ANNOTATION.model]: SPEC.model.name,
      [ANNOTATION.accelerator]: 'A100-80GB',
    });
    expect(made()).toEqual([]);
    const [deployment] = world.snapshot().deployments;
    expect(JSON.stringify(deployment?.spec?.template.metadata)).not.toContain('prometheus.io');
  });

  it.each<[string, object, object | undefined, MonitoringKind[]]>([
    ['by a PodMonitor', ALL, undefined, ['PodMonitor', 'PrometheusRule']],
    ['by a ScrapeConfig', { ScrapeConfig: true }, undefined, ['ScrapeConfig']],
    ['by a ScrapeConfig that is asked for', ALL, { scrape: 'ScrapeConfig' }, ['ScrapeConfig', 'PrometheusRule']],
    ['by nothing', ALL, { scrape: 'None' }, ['PrometheusRule']],
    ['without rules', ALL, { rules: false }, ['PodMonitor']],
  ])('%s', (_, kinds, spec, objects) => {
    world.monitoringKinds = kinds;
    monitoring(spec);
    world.conclude();
    expect(made()).toEqual(objects);
    expect(annotations()).not.toHaveProperty(['prometheus.io/scrape']);
    expect(annotations()).toHaveProperty([ANNOTATION.model]);
    expect(world.settle().intents).toEqual([]);
  });

  it('follows the versions that have pods', () => {
    world.monitoringKinds = ALL;
    world.conclude();
    const first = serving();
    const monitored = () => JSON.stringify(world.objects.get('PodMonitor/chat'));
    world.edit((spec) => ({ ...spec, model: { name: 'deepseek-r1-distill-qwen-14b' } }));
    world.settle();
    expect(monitored()).toContain(first);
    expect(monitored()).toContain('deepseek-r1-distill-qwen-14b');
    world.conclude();
    world.rollbackWindowEnds();
    expect(monitored()).not.toContain(first);
  });

  it('ends with what the spec does not ask for any more, and begins with a prometheus-operator that comes later', () => {
    world.conclude();
    world.monitoringKinds = ALL;
    world.settle();
    expect(made()).toEqual(['PodMonitor', 'PrometheusRule']);
    expect(annotations()).not.toHaveProperty(['prometheus.io/scrape']);
    monitoring({ scrape: 'None', rules: false });
    world.settle();
    expect(made()).toEqual([]);
  });

  it('by a kind that the cluster lacks is told of, with what to do', () => {
    monitoring({ scrape: 'PodMonitor' });
    world.conclude();
    expect(world.condition('Monitored')).toMatchObject({ status: 'False', reason: 'MonitoringKindMissing' });
    expect(world.condition('Ready')?.status).toBe('True');
    world.monitoringKinds = ALL;
    world.settle();
    expect(world.condition('Monitored')).toBeUndefined();
  });
});

describe('what is exported of a revision', () => {
  it('is what its arguments say, where the user has added some', () => {
    world.conclude();
    world.edit((spec) => ({ ...spec, engine: { extraArgs: ['--max-num-seqs=8'] } }));
    world.conclude();
    expect(decide(world.snapshot()).exported.revisions).toContainEqual(
      expect.objectContaining({ revision: serving(), maxNumSeqs: 8 }),
    );
  });

  it('is what its plan says', () => {
    world.conclude();
    const { revisions } = decide(world.snapshot()).exported;
    expect(revisions).toEqual([
      { revision: serving(), maxNumSeqs: expect.any(Number), gpuMemoryFraction: expect.any(Number) },
    ]);
    expect(revisions[0]?.gpuMemoryFraction).toBeGreaterThan(0.5);
    expect(revisions[0]?.gpuMemoryFraction).toBeLessThanOrEqual(1);
  });

  it('is what the arguments say alone, where an earlier operator has not stored the plan’s numbers', () => {
    world.conclude();
    const [stored] = world.snapshot().revisions;
    if (stored === undefined) throw new Error('no revision');
    const { maxNumSeqs: _, gpuMemoryFraction: __, ...plan } = stored.data.plan;
    const revision = { ...stored, data: { ...stored.data, plan } };
    const found = monitoredRevision(revision);
    expect(found).toMatchObject({ revision: stored.hash, engine: 'vLLM', port: 9000, maxNumSeqs: 256 });
    expect(found).not.toHaveProperty('gpuMemoryFraction');
    expect(monitoredRevision({ ...revision, data: { ...revision.data, version: 'an/engine/of tomorrow 1' } })).toBe(
      undefined,
    );
  });
});

it('objects of ours are known by their label', () => {
  world.monitoringKinds = ALL;
  world.conclude();
  expect(world.objects.get('PodMonitor/chat')?.metadata.labels).toMatchObject({ [LABEL.name]: 'chat' });
});
