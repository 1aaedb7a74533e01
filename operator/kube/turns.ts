/**
 * Turns of those who wait in lanes: lanes take turns, and within one the first comes first (start-time fair queueing, Goyal
 * et al. 1996, with every item as long as every other). A lane that was empty is not given the turns that it did not use.
 *
 * Memory is one number for each lane that waits.
 */
export class Turns {
  /** The turn of whoever was handed out last. */
  #now = 0;
  /** By lane, the turn of the last of those who wait in it. */
  readonly #last = new Map<string, number>();

  /** Lanes that are remembered: those in which somebody waits. */
  get lanes(): number {
    return this.#last.size;
  }

  /** The turn of one who comes into `lane` now: the lowest is next. Turns of different lanes may be the same. */
  next(lane: string): number {
    const turn = Math.max(this.#now, this.#last.get(lane) ?? 0) + 1;
    this.#last.set(lane, turn);
    return turn;
  }

  /** Whoever had this turn is handed out: it was the lowest. */
  taken(lane: string, turn: number): void {
    this.#now = turn;
    this.left(lane, turn);
  }

  /** Whoever had this turn waits no more. */
  left(lane: string, turn: number): void {
    if (this.#last.get(lane) !== turn) return;
    // Others of the lane wait before it, unless their turns have come.
    if (turn - 1 > this.#now) this.#last.set(lane, turn - 1);
    else this.#last.delete(lane);
  }
}
