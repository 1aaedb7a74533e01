import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { synthesize, synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import { type Cluster, findTool } from '../../hack/cluster/index.ts';
import { kubectl as runKubectl } from '../support/index.ts';
import type { Scratch } from './scratch.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFESTS = join(ROOT, 'manifests');
export const CHART = join(ROOT, 'charts/deepseek-operator');

/** Where the operator is installed. */
export const OPERATOR = { namespace: 'deepseek-system', name: 'deepseek-operator' } as const;

/** An object of the installation as the API server has it. */
export interface Stored {
  readonly kind: string;
  readonly metadata: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly managedFields: readonly { readonly subresource?: string }[];
  };
  readonly status?: unknown;
}

/** A way of installing the operator, as a platform engineer does it. */
export interface Way {
  /** Installs, or installs again. */
  apply(): Promise<void>;
  /** Its objects, as they are stored: what outlives the operator included. */
  objects(): Promise<readonly Stored[]>;
  remove(): Promise<void>;
  /** Whether it has rights in one namespace alone. */
  readonly isNarrow: boolean;
  /** Where it puts the operator. */
  readonly namespace: string;
}

const run = promisify(execFile);
const LIMIT_MS = 180_000;

/** Who installs, as the audit log names the user. */
export const PERSON = 'platform-engineer';

/** Runs kubectl as somebody who may do everything. */
export async function kubectl(cluster: Cluster, ...args: readonly string[]): Promise<string> {
  return runKubectl(cluster, PERSON, args, { signal: AbortSignal.timeout(LIMIT_MS) });
}

/** Runs Helm as the same person. */
export async function helm(cluster: Cluster, ...args: readonly string[]): Promise<string> {
  const command = await findTool('helm', { signal: AbortSignal.timeout(LIMIT_MS) });
  const KUBECONFIG = await cluster.kubeconfig(PERSON);
  const options = { timeout: LIMIT_MS, maxBuffer: 1 << 25, env: { ...process.env, KUBECONFIG } };
  return (await run(command, args, options)).stdout;
}

interface KubectlWay {
  readonly isNarrow?: boolean;
  readonly namespace?: string;
  /** What has to be there before, and stays. Default: as kustomize has it. */
  readonly definitions?: () => Promise<readonly string[]>;
  /** More flags of `kubectl apply`. */
  readonly flags?: readonly string[];
}

function byKubectl(
  cluster: Cluster,
  source: () => Promise<readonly string[]>,
  {
    isNarrow = false,
    namespace = OPERATOR.namespace,
    definitions = () => Promise.resolve(['-k', join(MANIFESTS, 'kustomize/crds')]),
    flags = [],
  }: KubectlWay = {},
): Way {
  return {
    isNarrow,
    namespace,
    async apply() {
      // As docs/install.md says: the CRD is too large for the annotation of the other kind of apply.
      await kubectl(cluster, 'apply', '--server-side', ...(await definitions()));
      await kubectl(cluster, 'apply', ...flags, ...(await source()));
    },
    objects: async () => [
      ...(await stored(cluster, ...(await definitions()))),
      ...(await stored(cluster, ...(await source()))),
    ],
    async remove() {
      await kubectl(cluster, 'delete', '--wait', '--timeout=45s', ...(await source()));
    },
  };
}

function byHelm(cluster: Cluster, scratch: Scratch): Way {
  const { namespace, name } = OPERATOR;
  // The CRD is there already, by other tests' hands.
  const flags = ['--namespace', namespace, '--create-namespace', '--take-ownership'];
  return {
    isNarrow: false,
    namespace,
    async apply() {
      await helm(cluster, 'upgrade', '--install', name, CHART, ...flags);
    },
    async objects() {
      const file = await scratch('chart.yaml', await helm(cluster, 'get', 'manifest', name, '--namespace', namespace));
      const own = await stored(cluster, 'namespace', namespace);
      return [...own, ...(await stored(cluster, '-f', file))];
    },
    async remove() {
      await helm(cluster, 'uninstall', name, '--namespace', namespace, '--wait');
      await kubectl(cluster, 'delete', 'namespace', namespace, '--wait', '--timeout=45s');
    },
  };
}

/** What the API server has of these. */
async function stored(cluster: Cluster, ...which: readonly string[]): Promise<readonly Stored[]> {
  const text = await kubectl(cluster, 'get', '-o', 'json', '--show-managed-fields', ...which);
  const found = JSON.parse(text) as Stored | { readonly kind: 'List'; readonly items: readonly Stored[] };
  return 'items' in found ? found.items : [found];
}

/** Objects without what changes by itself: their status, and the version of those that have one. */
export function atRest(objects: readonly Stored[]): readonly object[] {
  return objects.map(({ status, ...object }) => {
    const { resourceVersion, managedFields, ...metadata } = object.metadata;
    const fields = managedFields.filter(({ subresource }) => subresource === undefined);
    return { ...object, metadata: { ...metadata, fields, ...(status === undefined && { resourceVersion }) } };
  });
}

/** All ways, by what people call them. `watched` is the namespace of the narrow one. */
export function ways(cluster: Cluster, watched: string, scratch: Scratch): Readonly<Record<WayName, Way>> {
  const listOf = async (name: string, items: readonly object[]): Promise<readonly string[]> => [
    '-f',
    await scratch(name, JSON.stringify({ apiVersion: 'v1', kind: 'List', items })),
  ];
  const byCdk8s = (watchNamespaces: readonly string[]): Way =>
    byKubectl(cluster, () => listOf('operator.json', synthesize({ watchNamespaces })), {
      isNarrow: watchNamespaces.length > 0,
      definitions: () => listOf('definitions.json', synthesizeDefinitions()),
    });
  const overlay = (path: string) => () => Promise.resolve(['-k', join(MANIFESTS, 'kustomize', path)]);
  return {
    helm: byHelm(cluster, scratch),
    'install.yaml': byKubectl(cluster, () => Promise.resolve(['-f', join(MANIFESTS, 'install.yaml')])),
    'install.yaml, server-side': byKubectl(cluster, () => Promise.resolve(['-f', join(MANIFESTS, 'install.yaml')]), {
      flags: ['--server-side'],
    }),
    'kustomize, the base': byKubectl(cluster, overlay('base')),
    'kustomize, server-side': byKubectl(cluster, overlay('base'), { flags: ['--server-side'] }),
    'kustomize, high availability': byKubectl(cluster, overlay('overlays/high-availability')),
    'kustomize, air-gapped': byKubectl(cluster, overlay('overlays/air-gapped')),
    'kustomize, one namespace': byKubectl(
      cluster,
      async () => {
        // As docs/multi-tenancy.md says: another name for its namespace.
        const text = await kubectl(cluster, 'kustomize', join(MANIFESTS, 'kustomize/overlays/single-namespace'));
        return ['-f', await scratch('operator.yaml', text.replaceAll(/\bmodels$/gm, watched))];
      },
      { isNarrow: true, namespace: watched },
    ),
    cdk8s: byCdk8s([]),
    'cdk8s, one namespace': byCdk8s([watched]),
  };
}

export const WAY_NAMES = [
  'helm',
  'install.yaml',
  'install.yaml, server-side',
  'kustomize, the base',
  'kustomize, high availability',
  'kustomize, air-gapped',
  'kustomize, one namespace',
  'cdk8s',
  'cdk8s, one namespace',
] as const;
export type WayName = (typeof WAY_NAMES)[number] | 'kustomize, server-side';
