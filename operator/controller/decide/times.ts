/** Kubernetes' Time: RFC 3339, without a fraction. */
export function seconds(now: number): string {
  return new Date(now).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
