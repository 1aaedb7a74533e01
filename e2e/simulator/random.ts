/** A stream of numbers in [0, 1) that depends on nothing but its seed. */
export type Random = () => number;

/** FNV-1a, 32 bits: spreads any text over the seeds of {@link seededRandom}. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The mulberry32 generator, seeded by all parts together. */
export function seededRandom(...parts: readonly (string | number)[]): Random {
  let state = hash32(parts.join('\u0000'));
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
