import { describe, expect, it } from '@jest/globals';
import { LineReader, LineTooLong } from './lines.ts';

const bytes = (text: string): Uint8Array[] => [...Buffer.from(text)].map((byte) => Uint8Array.of(byte));

describe('lines', () => {
  it.each([
    ['in one part', [Buffer.from('a\r\nbé\n\nc')]],
    ['byte by byte', bytes('a\r\nbé\n\nc')],
  ])('are put together when they come %s', (_, parts) => {
    const reader = new LineReader(10);
    expect(parts.flatMap((part) => reader.push(part))).toEqual(['a', 'bé', '']);
    expect([reader.end(), reader.end()]).toEqual(['c', '']);
  });

  it('are refused when one is longer than allowed, ended or not', () => {
    expect(() => new LineReader(3).push(Buffer.from('abc\nabcd\n'))).toThrow(LineTooLong);
    const reader = new LineReader(3);
    expect(reader.push(Buffer.from('abc'))).toEqual([]);
    expect(() => reader.push(Buffer.from('d'))).toThrow(LineTooLong);
  });

  it('cost each byte once, however small the parts in which they come', () => {
    const decoded: number[] = [];
    const split = onSplit((text) => decoded.push(text.length));
    const reader = new LineReader(2 ** 18);
    const part = Buffer.from('x');
    for (let sent = 0; sent < 2 ** 18; sent++) reader.push(part);
    split();
    expect(decoded.reduce((sum, length) => sum + length, 0)).toBeLessThanOrEqual(2 * 2 ** 18);
    expect(reader.end()).toHaveLength(2 ** 18);
  });
});

/** Tells how long the texts are that are split from now on, until the function is called that it returns. */
function onSplit(tell: (text: string) => void): () => void {
  const original = Object.getOwnPropertyDescriptor(String.prototype, 'split');
  const { split } = String.prototype as unknown as { readonly split: (...parameters: never[]) => string[] };
  Object.defineProperty(String.prototype, 'split', {
    configurable: true,
    value(this: string, ...parameters: never[]) {
      tell(this);
      return split.apply(this, parameters);
    },
  });
  return () => Object.defineProperty(String.prototype, 'split', original ?? {});
}
