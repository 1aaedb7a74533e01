import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { operatorDefaults, whatIsWrong } from '../api/index.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DefaultsReading } from './snapshot.ts';

export interface DefaultsReaderOptions {
  readonly path: string;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/**
 * The operator's defaults, from a file: a ConfigMap that is mounted needs no right to read one, and no watch. It is read whenever
 * the pods of a revision are rendered, which is rare.
 */
export class DefaultsReader {
  readonly #options: DefaultsReaderOptions;
  #text: string | undefined;
  #reading: DefaultsReading = {};

  constructor(options: DefaultsReaderOptions) {
    this.#options = options;
  }

  /** The defaults of this moment. What cannot be used is told in the log once, and the last valid ones stand. Never rejects. */
  async read(): Promise<DefaultsReading> {
    const content = await this.#content();
    const text = content instanceof Error ? content.message : content;
    if (text === this.#text) return this.#reading;
    this.#text = text;
    const last = this.#reading.value;
    this.#reading = content instanceof Error ? problem(text, last) : parsed(content, last);
    this.#tell(this.#reading);
    return this.#reading;
  }

  /** Empty while there is no file: the ConfigMap is optional. */
  async #content(): Promise<string | Error> {
    try {
      return await readFile(this.#options.path, 'utf8');
    } catch (error) {
      if (isMissing(error)) return '';
      return new Error(`cannot read the file: ${messageOf(error)}`);
    }
  }

  #tell({ value, problem }: DefaultsReading): void {
    const { path, log } = this.#options;
    if (problem === undefined) log.info('defaults for new revisions', { path, sets: Object.keys(value ?? {}) });
    else {
      const consequence = value === undefined ? 'no new revision is made until they are' : 'the last valid ones stand';
      log.warn(`the defaults are not valid: ${consequence}`, { path, problem });
    }
  }
}

function parsed(text: string, last: DefaultsReading['value']): DefaultsReading {
  try {
    const content: unknown = parse(text) ?? {};
    const wrong = whatIsWrong(content);
    return wrong === undefined ? { value: operatorDefaults.parse(content) } : problem(wrong, last);
  } catch (error) {
    return problem(messageOf(error).split('\n', 1)[0] ?? '', last);
  }
}

const problem = (text: string, last: DefaultsReading['value']): DefaultsReading => ({
  problem: text,
  ...(last && { value: last }),
});

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
