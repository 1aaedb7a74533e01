const NEWLINE = 0x0a;

/** Above what etcd can hold in one object (1.5 MiB by default, in JSON a few times that). */
const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;

/**
 * Cuts a byte stream into lines, whatever the chunk borders are. Bytes are decoded a whole line at a time, so a
 * character that is split between two chunks stays whole (no byte of a UTF-8 sequence equals a newline).
 */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;

  constructor(maxLineBytes = DEFAULT_MAX_LINE_BYTES) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that `chunk` completes. Throws a RangeError when a line exceeds the limit. */
  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.#complete(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start < chunk.length) this.#hold(chunk.subarray(start));
    return lines;
  }

  /** Bytes of a line that has not ended: not 0 at the end of a stream means that it was cut. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  #complete(tail: Uint8Array): string {
    this.#hold(tail);
    const line = Buffer.concat(this.#pending, this.#pendingBytes).toString('utf8');
    this.#pending = [];
    this.#pendingBytes = 0;
    return line;
  }

  #hold(part: Uint8Array): void {
    this.#pendingBytes += part.length;
    if (this.#pendingBytes > this.#maxLineBytes) {
      throw new RangeError(`a line exceeds ${this.#maxLineBytes} bytes`);
    }
    this.#pending.push(part);
  }
}
