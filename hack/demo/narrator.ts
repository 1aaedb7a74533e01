import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pc from 'picocolors';
import { KIND } from '../../operator/api/names.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { ReflectingInformer } from '../../operator/kube/informer.ts';
import { resources } from '../../operator/kube/resources.ts';
import { waitFor } from '../cluster/wait.ts';
import { type LiveModel, MODELS } from './manifests.ts';

/** A step of the story that takes longer has failed. */
const STEP_TIMEOUT_MS = 120_000;
const COMMAND_TIMEOUT_MS = 30_000;
const WIDTH = 110;

/** Reasons of Events that a story of two minutes leaves out: what they say is said again a moment later, by another one. */
const UNTOLD: ReadonlySet<string> = new Set([
  'WayChosen',
  'Proved',
  'ReadyToSwitch',
  'Switching',
  'Aborting',
  'CandidateGone',
  'InsufficientGPUs',
]);

export interface NarratorOptions {
  readonly client: KubeHttpClient;
  readonly namespace: string;
  /** For the commands that are shown: KUBECONFIG and PATH. */
  readonly env: Readonly<Record<string, string>>;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Tells what happens: says what is done, does it with the commands that a reader would type, and repeats what the operator says. */
export class Narrator {
  readonly #options: NarratorOptions;
  readonly #startedAt = performance.now();
  readonly #stop = new AbortController();
  #following: Promise<void> = Promise.resolve();
  /** The model whose Events are repeated. */
  #about: string | undefined;
  /** What was repeated last: the same is often said of a step and of a condition. */
  #lastNote = '';
  /** While a command prints, the operator waits for its turn. */
  #waiting: (() => void)[] | undefined;

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** Follows the Events of models until `end`. */
  async begin(): Promise<void> {
    const { client, namespace, signal } = this.#options;
    const events = new ReflectingInformer({
      client,
      clock: systemClock,
      type: resources.events,
      namespaces: [namespace],
    });
    events.onEvent(({ type, initial, object: { regarding, reason, note = '', type: kind } }) => {
      if (type !== 'added' || initial || regarding?.kind !== KIND || regarding.name !== this.#about) return;
      if (UNTOLD.has(reason ?? '') || note === this.#lastNote) return;
      this.#lastNote = note;
      const head = `${this.#clock()}  ${kind === 'Warning' ? pc.yellow(reason ?? '') : pc.cyan(reason ?? '')}: `;
      const tell = (): void => this.#told(head, note);
      if (this.#waiting === undefined) tell();
      else this.#waiting.push(tell);
    });
    this.#following = events.run(this.#stop.signal);
    await events.waitForSync(signal);
  }

  async end(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  /** Seconds since the story began. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1000;
  }

  /** A new part, about one model. */
  part(title: string, about: string): void {
    this.#about = about;
    this.#options.print(`\n${pc.bold(`── ${title} ${'─'.repeat(Math.max(0, WIDTH - 4 - title.length))}`)}`);
  }

  /** In the words of the narrator. */
  say(text: string): void {
    for (const line of wrap(text, WIDTH)) this.#options.print(line);
  }

  /** Runs a command as it is shown, and prints what it prints. */
  async command(...words: readonly string[]): Promise<void> {
    const { env, print, signal } = this.#options;
    print(pc.green(`$ ${words.map(quoted).join(' ')}`));
    const [file = '', ...args] = words;
    const options = { env: { ...process.env, ...env }, signal, timeout: COMMAND_TIMEOUT_MS };
    this.#waiting = [];
    const { stdout } = await promisify(execFile)(file, args, options);
    for (const line of stdout.trimEnd().split('\n')) print(`  ${line}`);
    for (const tell of this.#waiting) tell();
    this.#waiting = undefined;
  }

  /** Waits until a model is as `done` says. */
  async until(name: string, what: string, done: (model: LiveModel) => boolean): Promise<LiveModel> {
    const { client, namespace, signal } = this.#options;
    let last: LiveModel | undefined;
    return waitFor(
      async () => {
        last = await client.get(MODELS, { namespace, name }, { signal });
        const current = last.status?.observedGeneration === last.metadata.generation;
        return current && done(last) ? last : undefined;
      },
      {
        what: `${name} to be ${what}`,
        timeoutMs: STEP_TIMEOUT_MS,
        intervalMs: 100,
        signal,
        details: () => `It says: ${last?.status?.rollout?.phase ?? ''}: ${last?.status?.rollout?.message ?? 'nothing'}`,
      },
    );
  }

  #clock(): string {
    return pc.dim(`${this.seconds.toFixed(0).padStart(4)} s`);
  }

  /** What the operator says, after the time. */
  #told(head: string, text: string): void {
    const indent = ' '.repeat(8);
    const [first = '', ...rest] = wrap(text, WIDTH - indent.length);
    this.#options.print(`${head}${first}`);
    for (const line of rest) this.#options.print(`${indent}${line}`);
  }
}

/** As a shell would have to be given it. */
function quoted(word: string): string {
  return /^[\w./=-]+$/.test(word) ? word : `'${word}'`;
}

/** Lines of at most so many characters, broken at blanks. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
