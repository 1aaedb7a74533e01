/**
 * Longest spec, bytes of its JSON. What makes a revision is an annotation of its Deployment (256 KiB for all of an object,
 * apimachinery's TotalAnnotationSizeLimitB) and twice in its ControllerRevision (1.5 MiB for an object, etcd's --max-request-bytes).
 * A hundred such objects are 20 MB of the operator's memory.
 */
export const MAX_SPEC_BYTES = 200 * 1024;

const KIB = 1024;

/** Bytes of a spec as JSON. */
export function specBytes(spec: unknown): number {
  const json = JSON.stringify(spec) as string | undefined;
  return json === undefined ? 0 : Buffer.byteLength(json);
}

/** What is wrong with a spec of so many bytes; undefined: nothing. */
export function whyTooLong(bytes: number): string | undefined {
  if (bytes <= MAX_SPEC_BYTES) return undefined;
  return `is ${Math.ceil(bytes / KIB)} KiB long, and may be ${MAX_SPEC_BYTES / KIB} KiB: put what is long into a ConfigMap, a volume or the image`;
}
