import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { DEFAULTS, type InstallOptions } from '../../cdk8s/install/options.ts';
import { synthesize, synthesizeDefinitions } from '../../cdk8s/install/install.ts';
import { MANAGER } from '../../operator/api/names.ts';
import { GENERATED, type GeneratedFile } from './file.ts';

const CRDS = fileURLToPath(new URL('../../crds/', import.meta.url));
const DEFINITIONS = ['deepseekdeployments.yaml', 'priorityclass.yaml'] as const;

const options = { lineWidth: 0, aliasDuplicateObjects: false } as const;
const yaml = (about: string, ...documents: readonly object[]): string =>
  `# ${GENERATED}\n${about}${documents.map((document) => stringify(document, options)).join('---\n')}`;

const definitions = (wanted: string): readonly object[] =>
  synthesizeDefinitions().filter((object) => 'kind' in object && object.kind === wanted);
const install = (overrides: Partial<InstallOptions> = {}): readonly object[] => synthesize(overrides);

const kustomization = (about: string, content: object): string =>
  yaml(about, { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...content });

/** A namespace with models of its own, for the overlay that keeps to one. */
const ONE_NAMESPACE = 'models';
/** A registry of the cluster's own. */
const REGISTRY = 'registry.internal';

/** All that it is lives in its one namespace: no quota, no class of the cluster's. Its Roles take somebody who has their rights. */
const narrow: Partial<InstallOptions> = {
  namespace: ONE_NAMESPACE,
  watchNamespaces: [ONE_NAMESPACE],
  priorityClassName: '',
};

const operatorPatch = (spec: object): object => ({
  target: { kind: 'Deployment', name: MANAGER },
  patch: stringify({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: MANAGER }, spec }, options),
});

const spread = DEFAULTS.replicas + 1;

/** All ways of an installation that need no program but kubectl, from the one source in cdk8s/install. */
export const installFiles: readonly GeneratedFile[] = [
  {
    path: 'manifests/install.yaml',
    render: () =>
      yaml(
        '# The operator, for all namespaces. CRD and namespace are apart, in kustomize/crds, and come first: deleting this file leaves models alone.\n',
        ...install(),
      ),
  },
  {
    path: 'manifests/kustomize/crds/kustomization.yaml',
    render: () =>
      kustomization(
        '# What the operator needs before, and leaves behind: its namespace, the CRD, the roles of its users and the class of models.\n',
        {
          resources: ['namespace.yaml', ...DEFINITIONS, 'user-roles.yaml'],
        },
      ),
  },
  {
    path: 'manifests/kustomize/crds/namespace.yaml',
    render: () => yaml('', ...definitions('Namespace')),
  },
  {
    path: 'manifests/kustomize/crds/user-roles.yaml',
    render: () => yaml('', ...definitions('ClusterRole')),
  },
  ...DEFINITIONS.map((file) => ({
    path: `manifests/kustomize/crds/${file}`,
    render: () => yaml('', parse(readFileSync(`${CRDS}${file}`, 'utf8')) as object),
  })),
  {
    path: 'manifests/kustomize/base/kustomization.yaml',
    render: () =>
      kustomization(
        '# The operator, for all namespaces. CRD and namespace are in ../crds, so that deleting this leaves models alone.\n',
        {
          resources: ['operator.yaml'],
        },
      ),
  },
  { path: 'manifests/kustomize/base/operator.yaml', render: () => yaml('', ...install()) },
  {
    path: 'manifests/kustomize/overlays/high-availability/kustomization.yaml',
    render: () =>
      kustomization('# Three replicas, each on a node of its own.\n', {
        resources: ['../../base'],
        patches: [
          operatorPatch({
            replicas: spread,
            template: {
              spec: {
                topologySpreadConstraints: [
                  {
                    ...{ maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'DoNotSchedule' },
                    labelSelector: { matchLabels: { 'app.kubernetes.io/name': MANAGER } },
                  },
                ],
              },
            },
          }),
        ],
      }),
  },
  {
    path: 'manifests/kustomize/overlays/air-gapped/kustomization.yaml',
    render: () =>
      kustomization('# The image from a registry of your own, with a pull secret: say which.\n', {
        resources: ['../../base'],
        images: [{ name: MANAGER, newName: `${REGISTRY}/${MANAGER}` }],
        patches: [operatorPatch({ template: { spec: { imagePullSecrets: [{ name: 'registry' }] } } })],
      }),
  },
  {
    path: 'manifests/kustomize/overlays/single-namespace/kustomization.yaml',
    render: () =>
      kustomization(
        `# The operator in and for the namespace \`${ONE_NAMESPACE}\` alone, by Roles: it has no right in any other, and cannot look at nodes.\n`,
        { resources: ['operator.yaml'] },
      ),
  },
  {
    path: 'manifests/kustomize/overlays/single-namespace/operator.yaml',
    render: () => yaml('', ...install(narrow)),
  },
];
