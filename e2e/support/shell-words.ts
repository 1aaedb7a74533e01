/** A command of a script: its words without their quotes, without assignments before it, and without redirections. */
export type Words = readonly string[];

/** Where a command ends. `<(` and `>(` begin another one. */
const ENDS = /^(?:\|\|?|&&?|;|\(|\)|\n|[<>]\()/;
const REDIRECTION = /^\d?(?:[<>]&\d|(?:>>?|<<?<?)\s*(?:'[^']*'|"[^"]*"|[^\s|&;()<>]+)?)/;
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/**
 * The commands of a script as people type them, one after the other; bodies of here documents and comments are left out, options in
 * brackets (`[-n NAMESPACE]...`, a synopsis) are read as given. What stands in `$(...)` is part of its word.
 */
export function commandsOf(script: string): Words[] {
  const text = script
    .replaceAll(/<<-?\s*(['"]?)(\w+)\1([^\n]*)\n[\s\S]*?\n\s*\2(?=\n|$)/g, '$3')
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/\[(-[^\]]*)\](?:\.\.\.)?/g, (_, options: string) => options.replaceAll('|', ','));
  const commands: Words[] = [];
  let words: string[] = [];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined && !(words.length === 0 && ASSIGNMENT.test(word))) words.push(word);
    word = undefined;
  };
  const endCommand = () => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let rest = text; rest !== '';) {
    const [quoted, single, double] = /^'([^']*)'|^"((?:[^"\\]|\\.)*)"/.exec(rest) ?? [];
    const substitution = /^\$\([^)]*\)/.exec(rest)?.[0];
    const end = ENDS.exec(rest)?.[0];
    const redirection = word === undefined ? REDIRECTION.exec(rest)?.[0] : undefined;
    const comment = word === undefined ? /^#[^\n]*/.exec(rest)?.[0] : undefined;
    const blank = /^[^\S\n]+/.exec(rest)?.[0];
    let taken: string;
    if (quoted !== undefined) {
      word = (word ?? '') + (single ?? double ?? '');
      taken = quoted;
    } else if (substitution !== undefined) {
      word = (word ?? '') + substitution;
      taken = substitution;
    } else if (comment !== undefined) taken = comment;
    else if (end !== undefined) {
      endCommand();
      taken = end;
    } else if (redirection !== undefined) {
      word = undefined;
      taken = redirection;
    } else if (blank !== undefined) {
      endWord();
      taken = blank;
    } else {
      taken = rest.startsWith('\\') ? rest.slice(0, 2) : rest.slice(0, 1);
      word = (word ?? '') + taken.slice(-1);
    }
    rest = rest.slice(taken.length);
  }
  endCommand();
  return commands;
}
