import { stripVTControlCharacters } from 'node:util';

/** Characters that take two columns: East Asian wide ones, and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]/u;
const COMBINING = /\p{Mark}/u;

/** Columns that a text without control characters takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += COMBINING.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}

/** Breaks a text into lines of at most `width` columns, at spaces where it can; a longer word is broken. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ').flatMap((part) => pieces(part, width))) {
      if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** A word in parts of at most `width` columns. */
function pieces(word: string, width: number): string[] {
  if (displayWidth(word) <= width) return [word];
  const parts: string[] = [];
  let part = '';
  for (const character of word) {
    if (part !== '' && displayWidth(part + character) > width) {
      parts.push(part);
      part = '';
    }
    part += character;
  }
  return [...parts, part];
}

/** At most `width` columns of a text; what is left out is marked with `ellipsis`. */
export function cut(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (displayWidth(kept + character) + displayWidth(ellipsis) > width) break;
    kept += character;
  }
  return `${kept}${ellipsis}`;
}

/** At most `width` columns of a text, its end kept in preference to its middle: versions differ at their ends. */
export function cutMiddle(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  const left = Math.max(0, width - displayWidth(ellipsis));
  const tail = Array.from(text).reverse();
  let end = '';
  for (const character of tail) {
    if (displayWidth(character + end) > Math.ceil(left * 0.6)) break;
    end = character + end;
  }
  return cut(text, width - displayWidth(end), ellipsis) + end;
}

/** Fills up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

/**
 * Text that comes from elsewhere, made safe to print: without control characters and escape sequences, with which a
 * container's last words could take over the terminal. Line breaks stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\r\n', '\n')
    .replaceAll('\t', '  ')
    .replaceAll(/[^\P{Control}\n]/gu, '')
    .replaceAll(/[\u202a-\u202e\u2066-\u2069]/g, '');
}

const ASCII: Readonly<Record<string, string>> = {
  '…': '...',
  '×': 'x',
  '·': '-',
  '–': '-',
  '—': '-',
  '‘': "'",
  '’': "'",
  '“': '"',
  '”': '"',
  '→': '->',
  '≤': '<=',
  '≥': '>=',
};

/** The nearest text in ASCII; what has no likeness is a question mark. */
export function toAscii(text: string): string {
  return text.replaceAll(/[^\p{ASCII}]/gu, (character) => ASCII[character] ?? '?');
}
