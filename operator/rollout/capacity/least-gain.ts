/**
 * The choice of pods that frees least. `gains[i][j]` is what is gained when j pods are taken from the i-th node, with
 * `gains[i][0]` = 0. Returns for each number k of pods, from 0 to all of them, how many come from each node when k pods
 * are chosen as unluckily as possible, and the gain of that choice.
 */
export function leastGains(gains: readonly (readonly number[])[]): readonly Choice[] {
  // `least[k]` of the nodes seen so far, and by node how many of the k come from it.
  let least = [0];
  const fromNode: number[][] = [];
  for (const gain of gains) {
    const before = least;
    const chosen: number[] = [];
    least = Array.from({ length: before.length + gain.length - 1 }, (_, total) => {
      let best = Number.POSITIVE_INFINITY;
      for (let here = Math.max(0, total - before.length + 1); here < gain.length && here <= total; here++) {
        const sum = (before[total - here] ?? 0) + (gain[here] ?? 0);
        if (sum < best) {
          best = sum;
          chosen[total] = here;
        }
      }
      return best;
    });
    fromNode.push(chosen);
  }
  return least.map((gain, total) => {
    const counts = gains.map(() => 0);
    let left = total;
    for (let index = gains.length - 1; index >= 0; index--) {
      const here = fromNode[index]?.[left] ?? 0;
      counts[index] = here;
      left -= here;
    }
    return { gain, counts };
  });
}

export interface Choice {
  readonly gain: number;
  /** How many pods of each node. */
  readonly counts: readonly number[];
}
