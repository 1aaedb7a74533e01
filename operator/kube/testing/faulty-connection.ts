import { Duplex } from 'node:stream';
import type { Socket } from 'node:net';

/** What becomes of the bytes towards the client once the allowance is used up. */
type Ending = 'cut' | 'freeze';

/**
 * A socket whose way to the client can be broken at an exact byte, status line, headers and chunk framing included:
 * cut (the connection is closed) or frozen (half-open: nothing more arrives, and no FIN either).
 */
export class FaultyConnection extends Duplex {
  readonly #socket: Socket;
  #allowance: { bytes: number; readonly ending: Ending } | undefined;
  #frozen = false;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      // Half-open is deaf too: what the client sends is acknowledged by its kernel's peer and read by nobody.
      if (!this.#frozen && !this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', () => this.destroy());
    socket.on('close', () => this.destroy());
  }

  /** Lets `bytes` more through, then closes the connection. */
  cutAfter(bytes: number): void {
    this.#limit({ bytes, ending: 'cut' });
  }

  /** Lets `bytes` more through, then nothing, in both directions. */
  freezeAfter(bytes: number): void {
    this.#limit({ bytes, ending: 'freeze' });
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#frozen) {
      callback();
      return;
    }
    const { bytes } = this.#allowance ?? { bytes: Number.POSITIVE_INFINITY };
    if (this.#allowance !== undefined) this.#allowance.bytes -= Math.min(bytes, chunk.length);
    this.#socket.write(chunk.length <= bytes ? chunk : chunk.subarray(0, bytes), () => {
      this.#endIfUsedUp();
      callback();
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (!this.#frozen) this.#socket.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#socket.destroy();
    callback(error);
  }

  #limit(allowance: { bytes: number; readonly ending: Ending }): void {
    this.#allowance = allowance;
    this.#endIfUsedUp();
  }

  #endIfUsedUp(): void {
    if (this.#allowance === undefined || this.#allowance.bytes > 0) return;
    if (this.#allowance.ending === 'cut') this.destroy();
    else this.#frozen = true;
  }
}
