import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { World } from '../../operator/controller/testing/world.ts';
import { FurnishedWorld } from './furnished-world.ts';
import { FLEET_POOL, GOLDEN_NAMESPACE } from './golden.ts';

/** A model as its user writes it. */
export interface Model {
  readonly metadata: { readonly name: string };
  readonly spec: object;
}

const SAMPLES = new URL('../../manifests/samples/', import.meta.url);
const SMALL = { model: { name: 'deepseek-r1-distill-qwen-1.5b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };

const samples = (): readonly Model[] =>
  readdirSync(SAMPLES)
    .filter((name) => name.endsWith('.yaml'))
    .map((file) => parse(readFileSync(new URL(file, SAMPLES), 'utf8')) as Model);

/** A model of which a test makes many, on nodes that it adds: see FLEET_POOL. */
const FLEET: Model = {
  metadata: { name: 'fleet' },
  spec: {
    model: { name: 'deepseek-r1-distill-qwen-7b' },
    accelerator: {
      ...{ type: 'A100-80GB', nodeSelector: { 'test.deepseek-operator.io/pool': FLEET_POOL } },
      tolerations: [{ key: 'test.deepseek-operator.io/pool', operator: 'Exists', effect: 'NoSchedule' }],
    },
    replicas: 1,
  },
};

/** With an API key, which SGLang was once given as an argument. */
const KEYED: Model = {
  metadata: { name: 'keyed' },
  spec: { ...SMALL, engine: { type: 'SGLang', apiKeySecretRef: { name: 'keys', key: 'api' } } },
};

/** With every kind of child between them that needs something beside Kubernetes. */
const FURNISHED: readonly Model[] = [
  {
    metadata: { name: 'everything' },
    spec: {
      ...SMALL,
      autoscaling: { minReplicas: 1, maxReplicas: 2, metrics: [{ type: 'QueueDepth', target: '5' }] },
      traffic: { gateway: { parentRefs: [{ name: 'public' }], hostnames: ['chat.example.com'] } },
      networkPolicy: { enabled: true, allowFrom: [{ namespaceSelector: { matchLabels: { team: 'web' } } }] },
    },
  },
  {
    metadata: { name: 'keda' },
    spec: {
      ...SMALL,
      autoscaling: {
        ...{ provider: 'KEDA', minReplicas: 1, maxReplicas: 2 },
        metrics: [
          { type: 'QueueDepth', target: '5' },
          { type: 'KVCacheUtilization', target: '80' },
        ],
      },
      monitoring: { scrape: 'ScrapeConfig' },
    },
  },
];

/** Worlds in which models serve that a version is recorded by, by the models' names. */
export function worlds(): readonly (readonly [string, World])[] {
  return [
    ...[...samples(), FLEET, KEYED].map(({ metadata: { name }, spec }) => [name, new World(spec, { name })] as const),
    ...FURNISHED.map(
      ({ metadata: { name }, spec }) =>
        [name, new FurnishedWorld(spec, { name, namespace: GOLDEN_NAMESPACE })] as const,
    ),
  ];
}
