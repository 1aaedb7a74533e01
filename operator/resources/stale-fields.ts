type Json = Readonly<Record<string, unknown>>;

/**
 * The fields that our last apply declared and `desired` no longer does, as paths; the next apply removes them. `owned`
 * is `fieldsV1` of our entry in `metadata.managedFields` (format: sigs.k8s.io/structured-merge-diff, `f:` a field, `k:`
 * a list item by its key, `v:` a set member). What `owned` does not go into, such as a template that is compared
 * otherwise, is not judged.
 */
export function staleFields(desired: unknown, owned: Json | undefined, path = ''): string[] {
  return Object.entries(owned ?? {}).flatMap(([step, below]) => {
    if (step === '.') return [];
    const member = memberAt(desired, step);
    const memberPath = `${path}/${step.slice(2)}`;
    return member === undefined ? [memberPath] : staleFields(member, below as Json, memberPath);
  });
}

/** The member of `value` that a step of fieldsV1 names. */
export function memberAt(value: unknown, step: string): unknown {
  const name = step.slice(2);
  if (step.startsWith('f:')) return isObject(value) ? value[name] : undefined;
  if (!Array.isArray(value)) return undefined;
  if (step.startsWith('k:')) {
    const key = JSON.parse(name) as Json;
    return value.find(
      (item: unknown) => isObject(item) && Object.entries(key).every(([k, v]) => (item[k] ?? DEFAULT_KEYS[k]) === v),
    );
  }
  if (step.startsWith('v:')) return value.find((item) => JSON.stringify(item) === name);
  return value[Number(name)];
}

/** List keys that the server fills in when they are left out. */
const DEFAULT_KEYS: Json = { protocol: 'TCP' };

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
