/** A body that has a longer line than anything that is expected of it. */
export class LineTooLong extends Error {}

/**
 * Puts the lines of a text together from parts of a body, in whatever places it was cut. Bytes that are no UTF-8 become
 * replacement characters.
 */
export class LineReader {
  readonly #maxLength: number;
  readonly #decoder = new TextDecoder();
  /** Of the line that has not ended: joined once, since a server that sends byte by byte would have each byte cost the whole line. */
  #rest: string[] = [];
  #restLength = 0;

  /** `maxLength`: of one line, in characters. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * The lines that are complete with this part, without their ends (LF or CR LF).
   *
   * @throws LineTooLong
   */
  push(chunk: Uint8Array): string[] {
    const [first = '', ...others] = this.#decoder.decode(chunk, { stream: true }).split('\n');
    const lines: string[] = [];
    this.#keep(first);
    for (const next of others) {
      lines.push(this.#take());
      this.#keep(next);
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** What has come after the last end of a line. */
  end(): string {
    return this.#take() + this.#decoder.decode();
  }

  #keep(text: string): void {
    this.#restLength += text.length;
    if (this.#restLength > this.#maxLength)
      throw new LineTooLong(`a line is longer than ${this.#maxLength} characters`);
    if (text !== '') this.#rest.push(text);
  }

  #take(): string {
    const line = this.#rest.join('');
    this.#rest = [];
    this.#restLength = 0;
    return line;
  }
}
