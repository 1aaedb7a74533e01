import { readFileSync } from 'node:fs';

/** A program's log goes with its cluster's folder, so an error about it quotes the end. */
export function quoteLog(file: string, lines = 15): string {
  return `The end of ${file}:\n${tail(file, lines)}`;
}

function tail(file: string, lines: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } catch {
    return '(there is no such file)';
  }
}
