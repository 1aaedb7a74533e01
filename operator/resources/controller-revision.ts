import type { IControllerRevision } from 'kubernetes-models/apps/v1/ControllerRevision';
import { ANNOTATION } from '../api/index.ts';
import { type Child, childMetadata, childNames, type Owner } from './names.ts';

/** What a revision is to the API server: its data never changes, the verdicts on it do. */
export interface StoredRevision<Data extends object> {
  readonly hash: string;
  readonly number: number;
  readonly data: Data;
  readonly proven?: string | undefined;
  readonly accepted?: string | undefined;
  readonly failed?: string | undefined;
  readonly held?: string | undefined;
  readonly generation?: number | undefined;
}

/** The ControllerRevision that keeps a revision: canonical spec, rendered template and plan in `data`, verdicts as annotations. */
export function controllerRevision<Data extends object>(
  deployment: Owner,
  revision: StoredRevision<Data>,
): Child<IControllerRevision> {
  const { hash, number, data, proven, accepted, failed, held, generation } = revision;
  return {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: childMetadata(deployment, childNames(deployment.metadata.name, hash).controllerRevision, {
      revision: hash,
      annotations: {
        ...(proven !== undefined && { [ANNOTATION.proven]: proven }),
        ...(accepted !== undefined && { [ANNOTATION.accepted]: accepted }),
        ...(failed !== undefined && { [ANNOTATION.failed]: failed }),
        ...(held !== undefined && { [ANNOTATION.held]: held }),
        ...(generation !== undefined && { [ANNOTATION.generation]: String(generation) }),
      },
    }),
    revision: number,
    data,
  };
}
