import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * How a block of shell commands in a page is run: a word behind `sh` in its first line, which readers do not see.
 *
 *     ```sh offline           without a cluster, in a folder like a checkout
 *     ```sh cluster           on a simulated cluster in which the model `chat` serves
 *     ```sh helm              the same, with Helm
 *     ```sh not-run REASON    not at all; it is still read, and what it names of ours has to be there
 *
 * `exit=N` behind it: the status that its last command ends with.
 */
export const WAYS = ['offline', 'cluster', 'helm', 'not-run'] as const;
export type Way = (typeof WAYS)[number];

export interface Block {
  /** Page, from the root. */
  readonly page: string;
  /** Of its first line. */
  readonly line: number;
  readonly script: string;
  /** Undefined: it is not marked. */
  readonly way: Way | undefined;
  /** Behind `not-run`. */
  readonly reason: string;
  readonly exit: number;
}

/** Languages of blocks that people type. */
const SHELL = /^(sh|bash|shell|console|zsh)$/;

/** A fenced block of a page, without what its list indents it by. */
interface Fenced {
  /** Of its first line. */
  readonly line: number;
  /** Behind the fence. */
  readonly info: string;
  readonly text: string;
}

function fencedBlocks(text: string): Fenced[] {
  const blocks: Fenced[] = [];
  let open:
    { readonly indent: string; readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const [, indent = '', info = ''] = /^(\s*)```(\S.*)$/.exec(line) ?? [];
      if (info !== '') open = { indent, info, line: index + 1, lines: [] };
    } else if (line.trim() === '```') {
      blocks.push({ line: open.line, info: open.info, text: open.lines.join('\n') });
      open = undefined;
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
  }
  return blocks;
}

/** The shell blocks of a page. */
export function blocksOf(page: string, text: string): Block[] {
  return fencedBlocks(text).flatMap(({ line, info, text: script }) => {
    const [language = '', way = '', ...rest] = info.split(/\s+/);
    if (!SHELL.test(language)) return [];
    const exit = /^exit=(\d+)$/.exec(rest[0] ?? '')?.[1];
    const known = WAYS.find((each) => each === way);
    return [{ page, line, script, way: known, reason: rest.join(' '), exit: Number(exit ?? 0) }];
  });
}

/** The programs in TypeScript of a page; what imports nothing is a piece of one. */
export function programsOf(text: string): string[] {
  return fencedBlocks(text).flatMap(({ info, text: program }) =>
    info === 'ts' && /^import /m.test(program) ? [program] : [],
  );
}

/** The pages of the repository, from the root. */
export async function pages(): Promise<string[]> {
  const below = async (folder: string): Promise<string[]> =>
    (await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name.endsWith('.md') && !entry.parentPath.includes('node_modules'))
      .map(({ parentPath, name }) => relative(ROOT, join(parentPath, name)));
  const top = (await readdir(ROOT)).filter((name) => name.endsWith('.md'));
  const folders = (await readdir(ROOT, { withFileTypes: true })).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith('.') && !['node_modules', 'dist'].includes(entry.name),
  );
  return [...top, ...(await Promise.all(folders.map(({ name }) => below(name)))).flat()].sort();
}

/** Commands of our plugin in the sentences of a page. */
export function inlineCommands(text: string): string[] {
  const sentences = text.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, '');
  return [...sentences.matchAll(/`(kubectl deepseek [^`\n]+)`/g)].map(([, command = '']) => command);
}

export async function allBlocks(): Promise<Block[]> {
  const found = await Promise.all(
    (await pages()).map(async (page) => blocksOf(page, await readFile(join(ROOT, page), 'utf8'))),
  );
  return found.flat();
}
