import { z } from 'zod';
import type { KubeObject } from '../kube/types.ts';

const object = z.looseObject({
  metadata: z.looseObject({
    name: z.string().default(''),
    namespace: z.string().exactOptional(),
    deletionTimestamp: z.string().exactOptional(),
  }),
});

const admissionReview = z.object({
  apiVersion: z.literal('admission.k8s.io/v1'),
  kind: z.literal('AdmissionReview'),
  request: z.object({
    uid: z.string().min(1),
    kind: z.object({ group: z.string(), version: z.string(), kind: z.string() }),
    operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
    subResource: z.string().default(''),
    object: object.nullish(),
    oldObject: object.nullish(),
  }),
});

/** The part of an AdmissionReview's request that is read (k8s.io/api/admission/v1 AdmissionRequest). */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  /** Empty: the object itself. */
  readonly subResource: string;
  /** Absent in a deletion. */
  readonly object?: ReviewedObject;
  /** Absent at creation. */
  readonly oldObject?: ReviewedObject;
}

/** An object under review: whatever the API server has let through. */
export type ReviewedObject = KubeObject & { readonly spec?: unknown };

/** The answer to it (AdmissionResponse). */
export interface AdmissionResponse {
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  /** Why not. `reason` is what kubectl shows in `Error from server (...)`. */
  readonly status?: { readonly code: number; readonly reason: string; readonly message: string };
}

export type ParsedReview =
  { readonly ok: true; readonly request: AdmissionRequest } | { readonly ok: false; readonly message: string };

/** Reads the body of a request. Never throws. */
export function parseReview(text: string): ParsedReview {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return { ok: false, message: `the body is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
  const { success, data, error } = admissionReview.safeParse(json);
  if (!success) {
    const issues = error.issues.map(({ path, message }) => `${path.join('.') || '(body)'}: ${message}`);
    return { ok: false, message: `the body is no AdmissionReview of admission.k8s.io/v1: ${issues.join('; ')}` };
  }
  const { object: now, oldObject: before, ...request } = data.request;
  return {
    ok: true,
    request: {
      ...request,
      ...(now && { object: now as unknown as ReviewedObject }),
      ...(before && { oldObject: before as unknown as ReviewedObject }),
    },
  };
}

/** The body of the answer. */
export function reviewOf(uid: string, response: AdmissionResponse): object {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid, ...response } };
}
