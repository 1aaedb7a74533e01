import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandsOf, type Words } from '../support/shell-words.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * How a block of shell commands in a page is run: a word behind `sh` in its first line, which readers do not see.
 *
 *     ```sh offline           without a cluster, in a folder like a checkout
 *     ```sh cluster           on a simulated cluster in which the model `chat` serves
 *     ```sh helm              the same, with Helm
 *     ```sh restore           by e2e/restore, on a cluster whose etcd is taken down, or that is empty
 *     ```sh not-run REASON    not at all; it is still read, and what it names of ours has to be there
 *
 * `exit=N` behind it: the status that its last command ends with.
 */
export const WAYS = ['offline', 'cluster', 'helm', 'restore', 'not-run'] as const;
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
export interface Fenced {
  /** Of its first line. */
  readonly line: number;
  /** Behind the fence. */
  readonly info: string;
  readonly text: string;
}

/** All fenced blocks of a page, whatever their language. */
export function fencedBlocks(text: string): Fenced[] {
  const blocks: Fenced[] = [];
  let open:
    { readonly indent: string; readonly info: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    if (open === undefined) {
      const [fence, indent = '', info = ''] = /^(\s*)```(\S.*)?$/.exec(line) ?? [];
      if (fence !== undefined) open = { indent, info, line: index + 1, lines: [] };
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

/** A command outside of the blocks that people type. */
export interface Sentence {
  /** Page, from the root. */
  readonly page: string;
  readonly line: number;
  /** As it is written. */
  readonly text: string;
  /** Those of its commands that are looked at; others run what is not ours (`jq`, `docker`). */
  readonly commands: readonly Words[];
}

/** Programs whose commands are looked at. */
const PROGRAMS: ReadonlySet<string> = new Set(['kubectl', 'helm', 'make', 'npm', 'node']);

/** The commands in the sentences and tables of a page, and those in the examples of output, behind a prompt or the arrow of `doctor`. */
export function sentencesOf(page: string, text: string): Sentence[] {
  const prose = text.replaceAll(/^\s*```[\s\S]*?^\s*```/gm, (block) => block.replaceAll(/[^\n]/g, ''));
  const found: { readonly line: number; readonly text: string }[] = [];
  // A span may go on in the next line, but never beyond its paragraph or the row of its table.
  for (const { 0: paragraph, index: start } of prose.matchAll(/(?:^\|.*$|^(?!\|)(?:.+\n?)+?(?=\n|\||$(?![\s\S])))/gm))
    for (const { 1: span = '', index } of paragraph.matchAll(/`([^`]+)`/g)) {
      const line = prose.slice(0, start + index).split('\n').length;
      found.push({ line, text: span.replaceAll(/\s+/g, ' ').replaceAll('\\|', '|') });
    }
  for (const { line, info, text: shown } of fencedBlocks(text))
    if (info === '' || info === 'text')
      for (const [index, row] of shown.split('\n').entries()) {
        const [, command] = /^\s*(?:\$|→) (.*)$/.exec(row) ?? [];
        if (command !== undefined) found.push({ line: line + 1 + index, text: command });
      }
  return found.flatMap((each) => {
    const commands = commandsOf(each.text).filter(([name = '', ...more]) => PROGRAMS.has(name) && more.length > 0);
    return commands.length === 0 ? [] : [{ page, ...each, commands }];
  });
}

/** What `read` finds in all pages. */
export async function inAllPages<T>(read: (page: string, text: string) => readonly T[]): Promise<T[]> {
  const found = await Promise.all(
    (await pages()).map(async (page) => read(page, await readFile(join(ROOT, page), 'utf8'))),
  );
  return found.flat();
}

export const allBlocks = (): Promise<Block[]> => inAllPages(blocksOf);
