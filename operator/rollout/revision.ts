import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { DeepSeekDeploymentSpec, DeepSeekDeploymentStatus } from '../api/index.ts';
import {
  type Canonical,
  CANONICAL_FORMS,
  type CanonicalForms,
  canonicalSpec,
  canonicalText,
  revisionHash,
} from './canonical.ts';

/** What status.plan shows of a plan. */
export type PlanSummary = NonNullable<DeepSeekDeploymentStatus['plan']>;

/** `data` of the ControllerRevision: immutable, and all that is needed to run the revision again without rendering it. */
export interface RevisionData {
  /** Version of the canonical form, see canonical.ts. */
  readonly hashVersion: number;
  readonly spec: Canonical;
  /** The pod template, rendered once by the operator that made the revision. Later operators apply it as it is. */
  readonly template: IPodTemplateSpec;
  readonly plan: PlanSummary;
  /** `<model>[@revision]/<quantization>/<engine version>`, for people. */
  readonly version: string;
}

/** A stored revision. */
export interface Revision {
  /** The hash that names its children. */
  readonly hash: string;
  /** Counts up: a later revision has a higher number. */
  readonly number: number;
  readonly data: RevisionData;
  /** When it had shown that it serves: on users’ traffic, or as the first version at full size; absent while it has not. */
  readonly proven?: string;
  /** When it was accepted though there was too little traffic to prove it. */
  readonly accepted?: string;
  /** `<reason>: <message>` of why it was taken back by itself; absent while it was not. */
  readonly failed?: string;
  /** `<reason>: <message>` of the order by which it was taken back; absent while there was none. */
  readonly held?: string;
  /** `metadata.generation` of the DeepSeekDeployment when it was made, marked or forgiven; absent: an earlier operator wrote it, or nobody knows. */
  readonly generation?: number;
}

/** Why the revision was taken back, by itself or by an order, as `<reason>: <message>`; undefined: it was not. */
export function whyTakenBack(revision: Pick<Revision, 'failed' | 'held'> | undefined): string | undefined {
  return revision?.failed ?? revision?.held;
}

/**
 * The stored revision that `spec` asks for. Each is compared by the projection of the hash version that made it, so
 * that an operator with another hash finds the revisions of its predecessor.
 */
export function findRevision(
  revisions: readonly Revision[],
  spec: DeepSeekDeploymentSpec,
  forms: CanonicalForms = CANONICAL_FORMS,
): Revision | undefined {
  return revisions.find((revision) => {
    const wanted = canonicalSpec(spec, revision.data.hashVersion, forms);
    return wanted !== undefined && canonicalText(wanted) === canonicalText(revision.data.spec);
  });
}

/** A new revision for `spec`, numbered after all of `revisions`. `generation`: of that spec. */
export function newRevision(
  revisions: readonly Revision[],
  spec: DeepSeekDeploymentSpec,
  render: (hash: string) => { template: IPodTemplateSpec; plan: PlanSummary; version: string },
  forms: CanonicalForms = CANONICAL_FORMS,
  generation?: number,
): Revision {
  const { current: hashVersion } = forms;
  const canonical = canonicalSpec(spec, hashVersion, forms) ?? {};
  const hash = revisionHash(canonical, hashVersion);
  const number = Math.max(0, ...revisions.map((revision) => revision.number)) + 1;
  const data = { hashVersion, spec: canonical, ...render(hash) };
  return { hash, number, data, ...(generation !== undefined && { generation }) };
}
