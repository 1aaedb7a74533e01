import { LABEL } from '../../operator/api/index.ts';
import { isForbidden } from '../../operator/kube/errors.ts';
import { type ControllerRevision, resources } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import type { RevisionData } from '../../operator/rollout/revision.ts';
import { childSelector, type DeepSeekDeploymentObject } from '../get/objects.ts';
import type { DeploymentRef } from '../get/read.ts';
import { CommandError, EXIT } from './exit-status.ts';

/** A revision by its names. */
export interface NamedRevision {
  readonly hash: string;
  /** For people; absent where nobody says. */
  readonly version?: string | undefined;
}

/** The stored revisions of a DeepSeekDeployment, newest first; undefined when they may not be listed. */
export async function readRevisions(
  client: KubeClient,
  { namespace, name }: DeploymentRef,
  signal: AbortSignal,
): Promise<ControllerRevision[] | undefined> {
  try {
    const options = { namespace, labelSelector: childSelector(name), signal };
    const { items } = await client.list(resources.controllerRevisions, options);
    return items.filter((item) => hashOf(item) !== '').toSorted((a, b) => b.revision - a.revision);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}

/** The hash that names a stored revision. */
export function hashOf({ metadata }: { readonly metadata: ControllerRevision['metadata'] }): string {
  return metadata.labels?.[LABEL.revision] ?? '';
}

/** What the operator stored in a ControllerRevision; any part of it may be missing when somebody else made it. */
export function dataOf(stored: ControllerRevision | undefined): Partial<RevisionData> | undefined {
  return stored?.data;
}

/** Every revision that is known: those that are stored, and those that the status names. */
export function knownRevisions(
  { status }: Pick<DeepSeekDeploymentObject, 'status'>,
  stored: readonly ControllerRevision[],
): NamedRevision[] {
  const { serving, candidate, rollback, history = [] } = status ?? {};
  const known = new Map<string, NamedRevision>();
  for (const item of stored) known.set(hashOf(item), { hash: hashOf(item), version: dataOf(item)?.version });
  const versions = new Map(
    [...history, serving, candidate].flatMap((named) => (named ? [[named.revision, named.version] as const] : [])),
  );
  for (const revision of [serving?.revision, candidate?.revision, rollback?.revision]) {
    if (revision === undefined || known.has(revision)) continue;
    known.set(revision, { hash: revision, version: versions.get(revision) });
  }
  return [...known.values()];
}

/**
 * The revision that a person means: by its whole name, by the beginning of it, or by its version. Throws a CommandError
 * when there is none, or more than one.
 */
export function resolveRevision(text: string, known: readonly NamedRevision[], name: string): string {
  const exact = known.find(({ hash }) => hash === text);
  if (exact) return exact.hash;
  const matches = text === '' ? [] : known.filter(({ hash, version }) => hash.startsWith(text) || version === text);
  const [match, ...others] = matches;
  if (match !== undefined && others.length === 0) return match.hash;
  const listed = (revisions: readonly NamedRevision[]): string =>
    revisions.map(({ hash, version }) => (version === undefined ? hash : `${hash} (${version})`)).join(', ');
  throw new CommandError(
    'NOT_FOUND',
    EXIT.no,
    match === undefined
      ? `there is no revision ${JSON.stringify(text)} of ${name}: ${known.length === 0 ? 'none is stored' : `there are ${listed(known)}`}`
      : `${JSON.stringify(text)} is more than one revision of ${name}: ${listed(matches)}; give more of its name`,
  );
}
