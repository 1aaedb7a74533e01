/** A map of bounded size: when it is full, the entry that was not used for longest goes. */
export class LruMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #onRemove: ((value: V) => void) | undefined;

  /** `onRemove` is called with each value that leaves the map, but for one that is replaced by `set`. */
  constructor(limit: number, onRemove?: (value: V) => void) {
    this.#limit = limit;
    this.#onRemove = onRemove;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    for (const [oldest, left] of this.#entries) {
      if (this.#entries.size <= this.#limit) return;
      this.#entries.delete(oldest);
      this.#onRemove?.(left);
    }
  }

  delete(key: K): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#onRemove?.(value);
  }

  clear(): void {
    const left = [...this.#entries.values()];
    this.#entries.clear();
    for (const value of left) this.#onRemove?.(value);
  }
}
