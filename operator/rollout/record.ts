import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { canonical, canonicalText, revisionHash } from './canonical.ts';
import type { Revision, RevisionData } from './revision.ts';

/** Longest record, in bytes: all annotations of an object together may have 256 KiB. */
const MAX_BYTES = 128 * 1024;

type Record = Omit<RevisionData, 'template'> & Pick<Revision, 'number'>;

/**
 * What a stored revision says beside its template, as text, for the Deployment that runs the template: from the two a
 * lost ControllerRevision is made again. Undefined where the spec is too long for an annotation.
 */
export function recordOf({ number, data }: Revision): string | undefined {
  const { template: _, ...rest } = data;
  // In canonical form: the API server reorders what a ControllerRevision holds, and the text must not follow.
  const text = canonicalText(canonical({ number, ...rest }));
  return Buffer.byteLength(text) > MAX_BYTES ? undefined : text;
}

/** Reads a record; undefined when it is none of the revision that `hash` names: anybody can write an annotation. */
export function readRecord(hash: string, text: string, template: IPodTemplateSpec): Revision | undefined {
  const record = parse(text);
  const { number, hashVersion, spec, plan, version } = record ?? {};
  if (typeof number !== 'number' || typeof hashVersion !== 'number' || typeof version !== 'string') return undefined;
  if (spec === undefined || plan === undefined || revisionHash(spec, hashVersion) !== hash) return undefined;
  return { hash, number, data: { hashVersion, spec, template, plan, version } };
}

function parse(text: string): Partial<Record> | undefined {
  try {
    return JSON.parse(text) as Partial<Record>;
  } catch {
    return undefined;
  }
}
