import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { LineSplitter } from './lines.ts';

function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const borders = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
}

describe('LineSplitter', () => {
  test('the chunk borders never change the lines, multi-byte characters included', () => {
    const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
        const splitter = new LineSplitter();
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const found = splitAt(bytes, cuts).flatMap((chunk) => splitter.push(chunk));
        expect(found).toEqual(lines);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  it('splits inside a four-byte character, byte by byte', () => {
    const splitter = new LineSplitter();
    const found = [...Buffer.from('a😀b\n')].flatMap((byte) => splitter.push(Buffer.of(byte)));
    expect(found).toEqual(['a😀b']);
  });

  it('says that a line has not ended', () => {
    const splitter = new LineSplitter();
    expect(splitter.push(Buffer.from('one\ntw'))).toEqual(['one']);
    expect(splitter.pendingBytes).toBe(2);
  });

  it('refuses a line without an end', () => {
    const splitter = new LineSplitter(10);
    splitter.push(Buffer.from('12345'));
    expect(() => splitter.push(Buffer.from('678901'))).toThrow(RangeError);
  });
});
