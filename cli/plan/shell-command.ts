/** A command line as lines for a shell, each flag with its values, at most `width` columns where words allow it. */
export function shellCommand(command: readonly string[], width: number): string[] {
  const continuation = ' \\';
  const lines: string[] = [];
  let line = '';
  for (const part of flagsWithValues(command)) {
    const indented = lines.length > 0 && line === '' ? `  ${part}` : part;
    if (line !== '' && line.length + 1 + part.length > width - continuation.length) {
      lines.push(line + continuation);
      line = `  ${part}`;
    } else line = line === '' ? indented : `${line} ${part}`;
  }
  return [...lines, line];
}

/** `--flag value` stays together. */
function flagsWithValues(command: readonly string[]): string[] {
  const parts: string[] = [];
  for (const word of command.map(quote)) {
    const last = parts.length - 1;
    if (word.startsWith('-') || last < 0 || !parts[last]?.startsWith('-')) parts.push(word);
    else parts[last] = `${parts[last]} ${word}`;
  }
  return parts;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
