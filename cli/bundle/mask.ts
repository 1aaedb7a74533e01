import {
  hideSecrets,
  isNoSecret,
  isSecretName,
  isSecretVariable,
  renderingsOf,
} from '../../operator/redaction/index.ts';
import { dropManagedFields } from './objects.ts';

const MASKED = '[masked]';
const REDACTED = '[redacted]';

/** An option of a command line: `--hf_token`, `--s3-secret-key`. */
const OPTION = /^--?[A-Za-z][\w-]*$/;
/** A value shorter than this is masked where it stands, and not looked for elsewhere: it would be found in ordinary words. */
const MIN_SEARCHED = 6;
/** No word of a sentence is as long. */
const MIN_WORD = 16;

/**
 * Takes secrets out of what goes into a bundle: values of variables and options whose names say so, wherever they then occur and in
 * whatever encoding (`renderingsOf`), and whatever looks like a token. Secrets themselves are never read.
 */
export class Mask {
  readonly #found = new Set<string>();
  readonly #searched = new Set<string>();

  /** How many values were taken out by their names. */
  get size(): number {
    return this.#found.size;
  }

  /** An object without them, and without what only machines read. They are known from then on. */
  object(object: unknown): unknown {
    return this.#walk(dropManagedFields(object));
  }

  /** A text without the secrets that were learned, and without what looks like one. */
  text(text: string): string {
    let masked = text;
    // The longest first: one may be part of another.
    for (const secret of [...this.#searched].sort((a, b) => b.length - a.length))
      masked = masked.replaceAll(secret, MASKED);
    return hideSecrets(masked, REDACTED);
  }

  /** A structure whose texts are without the secrets that were learned: before it is laid out, since a line break hides a part from `text`. */
  texts<T>(value: T): T;
  texts(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((item: unknown) => this.texts(item));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([member, child]) => [member, this.texts(child as unknown)]));
  }

  #walk(value: unknown, key = ''): unknown {
    if (typeof value === 'string') return this.#string(value, key);
    if (Array.isArray(value)) return this.#list(value, key);
    if (typeof value !== 'object' || value === null) return value;
    const { name, value: content } = value as { readonly name?: unknown; readonly value?: unknown };
    const isSecret = typeof name === 'string' && typeof content === 'string' && isSecretVariable(name);
    return Object.fromEntries(
      Object.entries(value).map(([member, child]) => [
        member,
        isSecret && member === 'value' ? this.#secret(content, name) : this.#walk(child, member),
      ]),
    );
  }

  #string(text: string, key: string): unknown {
    // An annotation may hold a whole object as text: the record of a revision, what was applied last.
    if (/^\s*[{[]/.test(text)) {
      try {
        return JSON.stringify(this.#walk(JSON.parse(text) as unknown, key));
      } catch {
        // No JSON after all.
      }
    }
    const [, option = '', content = ''] = /^(--?[A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? [];
    if (isSecretName(option) && !isNoSecret(option, content)) return `${option}=${this.#secret(content, option)}`;
    return isSecretName(key) && !isNoSecret(key, text) ? this.#secret(text, key) : text;
  }

  #list(items: readonly unknown[], key: string): unknown[] {
    // An option may have several values: vLLM's --api-key.
    let option = '';
    return items.map((item) => {
      if (typeof item !== 'string' || item.startsWith('-')) option = '';
      if (typeof item === 'string' && OPTION.test(item)) option = item;
      else if (typeof item === 'string' && isSecretName(option) && !isNoSecret(option, item))
        return this.#secret(item, option);
      return this.#walk(item, key);
    });
  }

  #secret(value: string, name: string): string {
    if (value === '') return '';
    this.#found.add(value);
    // The name of a variable alone (SORT_KEY) is a weak sign: an ordinary word is no secret in other places.
    if (value.length >= (isSecretName(name) || /\d/.test(value) ? MIN_SEARCHED : MIN_WORD))
      for (const rendering of renderingsOf(value, MIN_WORD)) this.#searched.add(rendering);
    return MASKED;
  }
}
