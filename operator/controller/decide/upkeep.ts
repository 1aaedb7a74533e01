import { createHash } from 'node:crypto';
import { MANAGER } from '../../api/names.ts';
import type { KubeObject } from '../../kube/types.ts';
import { driftPaths, formatPath } from '../../resources/drift.ts';
import { managersAt } from '../../resources/field-managers.ts';
import { staleFields } from '../../resources/stale-fields.ts';
import type { AsDeclared } from '../snapshot.ts';
import { ownFields } from './differences.ts';
import type { ChildObject, Intent, WrittenKind } from './intents.ts';
import { onceFor } from './once-for.ts';
import { portsBeforeApply } from './port-clash.ts';

/**
 * Keeps children as they are declared, and knows when it was somebody else who changed or deleted one: an earlier pass has found it
 * as it is declared now, nothing of ours was written to it since, and it is that no longer. What this operator has changed its own
 * mind about (a spec, a step of a rollout, another version of itself) is declared otherwise than before, what the API server
 * or a webhook makes of a write of ours was never found as declared, and of what happened before this process nothing is known:
 * none of these is called foreign.
 */
export class Upkeep {
  readonly #before: AsDeclared;
  readonly #now = new Map<string, string>();

  constructor(before: AsDeclared = new Map()) {
    this.#before = before;
  }

  /** For the next pass. What is no longer declared is not in it; whoever carries out a write takes its child out. */
  get asDeclared(): AsDeclared {
    return this.#now;
  }

  /** The one write, if any, that a child needs. `live`: ours, by UID. */
  bring(kind: WrittenKind, object: ChildObject, live: KubeObject | undefined): Intent | undefined {
    const key = childKey(kind, object.metadata?.name ?? '');
    const known = this.#before.get(key);
    if (live === undefined) {
      if (known === undefined) return { type: 'Create', kind, object };
      this.#now.set(key, known);
      return { type: 'Create', kind, object, foreign: { what: 'Deleted' } };
    }
    // The data of a ControllerRevision is immutable and cached as text: only its marks can differ.
    const judged = kind === 'ControllerRevision' ? { metadata: object.metadata } : object;
    const drift = driftPaths(judged, live);
    const because = [...drift.map(formatPath), ...staleFields(judged, ownFields(live.metadata))];
    const digest = digestOf(judged);
    if (because.length === 0) {
      this.#now.set(key, digest);
      return undefined;
    }
    const { uid, resourceVersion } = live.metadata;
    const version = ONTO_WHAT_WAS_READ.has(kind) ? { resourceVersion } : {};
    const metadata = { ...object.metadata, uid, ...version } as NonNullable<ChildObject['metadata']>;
    const portsFirst = kind === 'Service' ? portsBeforeApply(object, live) : undefined;
    const first = portsFirst && { portsFirst };
    const apply = { type: 'Apply', kind, object: { ...object, metadata }, because, ...first } as const;
    if (known !== digest || drift.length === 0) return apply;
    this.#now.set(key, known);
    const managers = managersAt(live.metadata.managedFields, MANAGER, drift, judged);
    return { ...apply, foreign: { what: 'Edited', paths: drift.map(formatPath), managers } };
  }
}

/**
 * Kinds that are written only onto the version that was read, so that a lost race is decided again: what moves traffic, and the record
 * of what came of a version, from which an apply of one that has not heard of a mark yet would take it away.
 */
const ONTO_WHAT_WAS_READ: ReadonlySet<WrittenKind> = new Set(['Service', 'HTTPRoute', 'ControllerRevision']);

/** A child in an `AsDeclared`. */
export function childKey(kind: string, name: string): string {
  return `${kind}/${name}`;
}

/** Of objects that are rendered once for many passes it is worked out once. */
const digestOf = onceFor((object: object) =>
  createHash('sha256').update(JSON.stringify(object)).digest('base64url').slice(0, DIGEST_LENGTH),
);

/** 96 bits. */
const DIGEST_LENGTH = 16;
