/**
 * The function, worked out once for each object that it is given: what the caches hold is frozen, so that the answer
 * stands for as long as the object does. Many passes look at the same spec.
 */
export function onceFor<K extends object, V>(work: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { readonly value: V }>();
  return (of) => {
    let found = known.get(of);
    if (found === undefined) {
      found = { value: work(of) };
      known.set(of, found);
    }
    return found.value;
  };
}
