/** Applies a JSON merge patch (RFC 7386): members replace, null removes, objects merge. Returns a new value. */
export function applyMergePatch<T>(target: T, patch: Readonly<Record<string, unknown>>): T {
  return merge(target, patch) as T;
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = merge(result[key], value);
  }
  return result;
}

/** Whether JSON says `{...}`: what a merge patch descends into. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
