/**
 * Longest spec, bytes of its JSON. What makes a revision is an annotation of its Deployment (256 KiB for all of an object,
 * apimachinery's TotalAnnotationSizeLimitB) and twice in its ControllerRevision (1.5 MiB for an object, etcd's --max-request-bytes).
 * A hundred such objects are 20 MB of the operator's memory.
 */
export const MAX_SPEC_BYTES = 200 * 1024;

/** Deepest spec: a pod's affinity has ten levels. The API server stores ten thousand, of which V8's JSON, recursive, writes four. */
export const MAX_SPEC_DEPTH = 64;

const KIB = 1024;

/** Whether a part of a spec is of no more than so many bytes of JSON, and not too deep. */
export function isWieldy(part: unknown, maxBytes: number): boolean {
  return !isDeeper(part, MAX_SPEC_DEPTH) && jsonBytes(part) <= maxBytes;
}

/** Why a spec is too long or too deep to be worked on; undefined: it is not. Never throws on what JSON can say. */
export function whyUnwieldy(spec: unknown): string | undefined {
  if (isDeeper(spec, MAX_SPEC_DEPTH)) return `is nested deeper than ${MAX_SPEC_DEPTH} levels`;
  const bytes = jsonBytes(spec);
  if (bytes <= MAX_SPEC_BYTES) return undefined;
  return `is ${Math.ceil(bytes / KIB)} KiB long, and may be ${MAX_SPEC_BYTES / KIB} KiB: put what is long into a ConfigMap, a volume or the image`;
}

function jsonBytes(value: unknown): number {
  const json = JSON.stringify(value) as string | undefined;
  return json === undefined ? 0 : Buffer.byteLength(json);
}

/** Level by level: whoever sends it does not choose how deep our stack gets. */
function isDeeper(value: unknown, levels: number): boolean {
  let level = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === levels) return true;
    level = level.flatMap((container) => Object.values(container).filter(isContainer));
  }
  return false;
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
