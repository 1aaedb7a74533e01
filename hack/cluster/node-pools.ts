import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { ClusterError, systemCode } from './errors.ts';
import { GPU_MODELS } from './gpu-models.ts';

/**
 * Who labels the nodes of a pool, and so what a scheduler can know about their GPUs. `NodeFeatureDiscovery` is the one
 * for nodes without an NVIDIA card: it describes the CPU.
 */
export const DIALECTS = ['GPUFeatureDiscovery', 'GKE', 'Karpenter', 'AKS', 'NodeFeatureDiscovery'] as const;
export type Dialect = (typeof DIALECTS)[number];

const label = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([\w.-]*[A-Za-z0-9])?)?$/, 'is not a label value');
const quantity = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(/^\d+(\.\d+)?(m|k|[KMGT]i?)?$/, 'is not a quantity such as 96 or 1100Gi'));
const resources = z.strictObject({ cpu: quantity, memory: quantity, ephemeralStorage: quantity });

const Pool = z
  .strictObject({
    /** Nodes are called `<name>-<number>`, from 0. */
    name: z
      .string()
      .max(55)
      .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'is not a DNS label (a-z, 0-9, -)'),
    nodes: z.int().min(1).max(5_000),
    dialect: z.enum(DIALECTS),
    /** Absent: a pool without GPUs. */
    gpu: z
      .strictObject({
        model: z.string(),
        count: z.int().min(1).max(100),
        /**
         * MIG slices that the node offers in place of whole GPUs, how many by profile (`3g.40gb: 2`), each profile as a
         * resource of its own (strategy "mixed").
         */
        mig: z.record(z.string().regex(/^\d+g\.\d+gb$/, 'is not a profile such as 3g.40gb'), z.int().min(1)).optional(),
      })
      .optional(),
    architecture: z.enum(['amd64', 'arm64']).default('amd64'),
    instanceType: label.optional(),
    region: label.default('local'),
    /** The nodes are spread over them in turn. */
    zones: z.array(label).min(1).default(['local-a']),
    capacity: resources,
    /** What pods can have of it. */
    allocatable: resources,
    labels: z.record(z.string(), label).default({}),
    taints: z
      .array(
        z.strictObject({
          key: z.string(),
          value: label.default(''),
          effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']),
        }),
      )
      .default([]),
  })
  .superRefine((pool, context) => {
    if (!pool.gpu) return;
    const model = GPU_MODELS[pool.gpu.model];
    if (!model) {
      const known = Object.keys(GPU_MODELS).join(', ');
      context.addIssue({
        code: 'custom',
        path: ['gpu', 'model'],
        message: `is "${pool.gpu.model}", not one of ${known}`,
      });
    } else if (!(pool.dialect in model)) {
      context.addIssue({
        code: 'custom',
        path: ['dialect'],
        message: `${pool.dialect} has no labels for ${pool.gpu.model}`,
      });
    }
  });

export type NodePool = z.infer<typeof Pool>;

const NodePoolFile = z.strictObject({ pools: z.array(Pool).min(1) }).superRefine(({ pools }, context) => {
  const seen = new Set<string>();
  pools.forEach(({ name }, index) => {
    if (seen.has(name))
      context.addIssue({ code: 'custom', path: ['pools', index, 'name'], message: `"${name}" is used twice` });
    seen.add(name);
  });
});

/** Parses a node pool file. Throws INVALID_NODE_POOLS that names the file and every wrong field. */
export function parseNodePools(text: string, file: string): NodePool[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    throw new ClusterError(
      'INVALID_NODE_POOLS',
      `${file} is not YAML: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  const result = NodePoolFile.safeParse(content);
  if (result.success) return result.data.pools;
  const problems = result.error.issues.map(
    ({ path, message }) => `  ${path.map(String).join('.') || 'file'}: ${message}`,
  );
  throw new ClusterError('INVALID_NODE_POOLS', `${file} does not describe node pools:\n${problems.join('\n')}`);
}

export async function loadNodePools(file: string): Promise<NodePool[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new ClusterError('INVALID_NODE_POOLS', `There is no node pool file ${file}.`, { cause });
  }
  return parseNodePools(text, file);
}
