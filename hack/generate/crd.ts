import { stringify } from 'yaml';
import {
  API_VERSION,
  deepSeekDeployment,
  GROUP,
  KIND,
  PLURAL,
  SHORT_NAME,
  SINGULAR,
  VERSION,
} from '../../operator/api/index.ts';
import { problemsOf } from './check.ts';
import { GENERATED, type GeneratedFile } from './file.ts';
import type { StructuralSchema } from './schema.ts';
import { toStructural } from './structural.ts';

/** What the API server knows of an object without us, in the words of `kubectl explain`. */
const ENVELOPE: Record<'apiVersion' | 'kind' | 'metadata', StructuralSchema> = {
  apiVersion: { description: `Version of the API: ${API_VERSION}.`, type: 'string' },
  kind: { description: `Kind of the object: ${KIND}.`, type: 'string' },
  // The API server allows nothing about metadata but bounds of the name; a rule over the name needs one.
  metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
};

interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 0: always; 1: with `-o wide`. */
  readonly priority?: 1;
}

const ready = (field: string): string => `.status.conditions[?(@.type=="Ready")].${field}`;

/** `kubectl get dsd` answers: what serves, what is next, why waiting. */
const COLUMNS: readonly PrinterColumn[] = [
  {
    name: 'Serving',
    type: 'string',
    jsonPath: '.status.serving.version',
    description: 'Version that answers requests.',
  },
  { name: 'Ready', type: 'integer', jsonPath: '.status.readyReplicas', description: 'Its pods that are ready.' },
  { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Pods that are wanted.' },
  { name: 'Next', type: 'string', jsonPath: '.status.candidate.version', description: 'Version that is to take over.' },
  { name: 'Phase', type: 'string', jsonPath: '.status.rollout.phase', description: 'Where the rollout is.' },
  { name: 'Reason', type: 'string', jsonPath: ready('reason'), description: 'Why it is ready or not.' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Age of the object.' },
  { name: 'Accelerator', type: 'string', jsonPath: '.spec.accelerator.type', description: 'Kind of GPU.', priority: 1 },
  {
    name: 'GPUs',
    type: 'integer',
    jsonPath: '.status.plan.gpusPerReplica',
    description: 'GPUs of one replica.',
    priority: 1,
  },
  {
    name: 'Revision',
    type: 'string',
    jsonPath: '.status.serving.revision',
    description: 'Revision that serves.',
    priority: 1,
  },
  {
    name: 'Rollback',
    type: 'string',
    jsonPath: '.status.rollback.readiness',
    description: 'How a rollback would be.',
    priority: 1,
  },
  { name: 'Message', type: 'string', jsonPath: ready('message'), description: 'Reason, for people.', priority: 1 },
];

/** The schema of a whole object. Throws an Error that lists every problem. */
export function openAPIV3Schema(): StructuralSchema {
  const { properties = {}, ...root } = toStructural(deepSeekDeployment);
  const { spec, status } = properties;
  if (!spec || !status) throw new Error('the object has neither spec nor status');
  const problems = [...problemsOf(spec, 'spec'), ...problemsOf(status, 'status')];
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('\n'));
  return {
    description: 'A DeepSeek model that is served on GPUs.',
    ...root,
    required: ['spec'],
    properties: {
      ...ENVELOPE,
      spec,
      // Before the operator has looked, observedGeneration is not the generation: kstatus calls the object in progress.
      status: { ...status, default: { observedGeneration: -1 } },
    },
  };
}

/**
 * Neither Argo CD nor Flux deletes it, whatever becomes of the repository or of their own objects: every model of the cluster would go
 * with it. `Prune` is about what has left the repository, `Delete` about an Application that is deleted.
 */
const KEPT_BY_GITOPS = {
  'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
  'kustomize.toolkit.fluxcd.io/prune': 'disabled',
} as const;

/** The CustomResourceDefinition, as an object. */
export function buildCustomResourceDefinition() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${PLURAL}.${GROUP}`, annotations: KEPT_BY_GITOPS },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: KIND,
        listKind: `${KIND}List`,
        plural: PLURAL,
        singular: SINGULAR,
        shortNames: [SHORT_NAME],
        // Not `all`: `kubectl delete all --all` must not reach models.
        categories: ['ai'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: COLUMNS,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.replicas',
              statusReplicasPath: '.status.replicas',
              labelSelectorPath: '.status.selector',
            },
          },
          schema: { openAPIV3Schema: openAPIV3Schema() },
        },
      ],
    },
  };
}

export const customResourceDefinition: GeneratedFile = {
  path: `crds/${PLURAL}.yaml`,
  render: () =>
    `# ${GENERATED}\n${stringify(buildCustomResourceDefinition(), { lineWidth: 120, aliasDuplicateObjects: false })}`,
};
