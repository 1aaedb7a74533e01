/** Shorter pieces of base64 occur in other texts. */
const MIN_BASE64 = 8;

/**
 * How a secret that is known may be written in other texts: as it is, line by line, with the escapes of a JSON string (once, and in
 * JSON within JSON), URL-encoded, and in base64 alone or as part of something longer. Those that say the same are one.
 *
 * @param minLine lines of a secret that has several are looked for if they are as long, characters
 */
export function renderingsOf(secret: string, minLine: number): string[] {
  const lines = secret.includes('\n') ? secret.split('\n').map((line) => line.trim()) : [];
  const json = escaped(secret);
  const percent = percentEncoded(secret);
  const lower = percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const form = percent.replaceAll('%20', '+');
  return [
    ...new Set([
      ...[secret, json, escaped(json), percent, lower, form],
      ...lines.filter((line) => line.length >= minLine),
      ...[0, 1, 2].flatMap((offset) => inBase64(secret, offset)),
    ]),
  ];
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A secret may be no text that can be encoded: half of a surrogate pair. */
function percentEncoded(text: string): string {
  return text.isWellFormed() ? encodeURIComponent(text) : text;
}

/** What is the same in the base64 of every text that has the secret `offset` bytes (modulo 3) from its start, in both alphabets. */
function inBase64(secret: string, offset: number): string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)]);
  // A character of base64 holds six bits: at both ends some of them are the neighbours'.
  const first = Math.ceil((offset * 8) / 6);
  const core = bytes.toString('base64').slice(first, Math.floor((bytes.length * 8) / 6));
  return core.length < MIN_BASE64 ? [] : [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}
