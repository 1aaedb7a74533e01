/** A body that has a longer line than anything that is expected of it. */
export class LineTooLong extends Error {}

/**
 * Puts the lines of a text together from parts of a body, in whatever places it was cut. Bytes that are no UTF-8 become
 * replacement characters.
 */
export class LineReader {
  readonly #maxLength: number;
  readonly #decoder = new TextDecoder();
  #rest = '';

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
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > this.#maxLength || lines.some((line) => line.length > this.#maxLength)) {
      throw new LineTooLong(`a line is longer than ${this.#maxLength} characters`);
    }
    return lines.map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  }

  /** What has come after the last end of a line. */
  end(): string {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest;
  }
}
