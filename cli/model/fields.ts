import { CommandError, EXIT } from '../support/exit-status.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A text from elsewhere on one line, without characters that steer a terminal, a YAML parser (its line breaks, U+0085 and
 * U+2028 too) or the direction of the text.
 */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

/** A model that the API has no words for: the answer is no. */
export function notDescribable(message: string): CommandError {
  return new CommandError('INVALID_INPUT', EXIT.no, message);
}

/** A text that is no config of a model. */
export function invalidConfig(message: string, options?: ErrorOptions): CommandError {
  return new CommandError('INVALID_INPUT', EXIT.usage, message, options);
}

/** Reads the fields of a Hugging Face config, and keeps account of what is missing or wrong, to say it all at once. */
export class ConfigFields {
  readonly #config: JsonObject;
  readonly #file: string;
  readonly #missing: string[] = [];
  readonly #wrong: string[] = [];

  /** What was wrong and could be left out; for the notes. */
  readonly leftOut: string[] = [];

  constructor(config: JsonObject, file: string) {
    this.#config = config;
    this.#file = file;
  }

  has(name: string): boolean {
    return this.#config[name] !== undefined && this.#config[name] !== null;
  }

  value(name: string): unknown {
    return this.#config[name];
  }

  isTrue(name: string): boolean {
    return this.#config[name] === true;
  }

  get file(): string {
    return this.#file;
  }

  /** A field of that name that is an object; what is there and is none is noted. */
  object(name: string): JsonObject | undefined {
    const value = this.#config[name];
    if (isObject(value)) return value;
    if (this.has(name)) this.#leaveOut(name, 'an object', value);
    return undefined;
  }

  /** A number in an object of that name; what is there and is none is noted. */
  numberIn(name: string, field: string): number | undefined {
    const value = this.#member(name, field);
    if (typeof value === 'number') return value;
    if (value !== undefined && value !== null) this.#leaveOut(`${name}.${field}`, 'a number', value);
    return undefined;
  }

  /** A text in an object of that name; what is there and is none is noted. */
  textIn(name: string, field: string): string | undefined {
    const value = this.#member(name, field);
    if (typeof value === 'string') return value;
    if (value !== undefined && value !== null) this.#leaveOut(`${name}.${field}`, 'a text', value);
    return undefined;
  }

  #member(name: string, field: string): unknown {
    const object = this.#config[name];
    return isObject(object) ? object[field] : undefined;
  }

  #leaveOut(path: string, expected: string, value: unknown): void {
    this.leftOut.push(`${path} should be ${expected} and is ${JSON.stringify(value)}: left out`);
  }

  text(name: string): string | undefined {
    const value = this.#config[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** A whole number that has to be there. 0 where it is not: `check` says so. */
  count(name: string): number {
    if (!this.has(name)) this.#missing.push(name);
    return this.optionalCount(name) ?? 0;
  }

  /** The first of these fields that is there: a whole number of zero or more. */
  optionalCount(...names: readonly string[]): number | undefined {
    const name = names.find((candidate) => this.has(candidate));
    if (name === undefined) return undefined;
    const value = this.#config[name];
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    this.#wrong.push(`${name} should be a whole number and is ${JSON.stringify(value)}`);
    return 0;
  }

  /** Throws CommandError if a field was missing or wrong. */
  check(): void {
    const { length } = this.#missing;
    const problems = [
      ...(length === 0
        ? []
        : [
            `not the config of a decoder-only transformer: ${this.#missing.join(', ')} ${length === 1 ? 'is' : 'are'} missing`,
          ]),
      ...this.#wrong,
    ];
    if (problems.length > 0) throw invalidConfig(problems.map((problem) => `${this.#file}: ${problem}`).join('\n'));
  }
}
