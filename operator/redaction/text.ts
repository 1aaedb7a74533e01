import { isBasicAuth, isCompound, isNoSecret, isSecretName, isSecretVariable } from './names.ts';

/** Secrets that are recognized by their own form. What the first group holds stays. */
const FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // A header's scheme; not "Bearer authentication".
  /(\bbearer\s+)(?!(?:auth|credential|scheme|header)[a-z]*\b)(?:(?=[a-z.~+/-]*\d)[\w.~+/-]+|[\w.~+/-]{8,})=*/gi,
  // A JSON Web Token, as in ServiceAccount tokens.
  /(?<![\w-])eyJ[\w-]{8,4096}\.[\w-]{1,8192}\.[\w-]*/g,
  // Access tokens of Hugging Face, OpenAI and those who do as they do, NVIDIA, npm, Docker, Slack, GitHub, GitLab, Google.
  /\bhf_[A-Za-z0-9]{16,}/g,
  /\bsk-[\w-]{16,}/g,
  /\b(?:nvapi-|npm_|dckr_pat_|xox[abeoprs]-)[\w-]{16,}/g,
  /\b(?:gh[pousr]_|github_pat_|glpat-)[\w-]{16,}/g,
  /\bAIza[\w-]{30,}/g,
  // Ids of access keys of AWS.
  /\b(?:AKIA|ASIA)[A-Z0-9]{12,}/g,
  // The password in an address; it ends at the last @ before the path.
  /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@]{0,200}:)(?!\d{1,5}@sha256:)[^\s/]+(?=@)/gi,
  // A token as the user in an address; names are shorter.
  /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/:@]{16,200}(?=@)/gi,
  // curl -u USER:PASSWORD
  /(\bcurl\s[^\n]{0,200}?(?:-u|--user)[ =]?["']?[^\s:"'/]{1,200}:)[^\s"']+/g,
  // A shared access signature of Azure.
  /([?&]sig=)[^&\s"']+/gi,
  // A line of .netrc.
  /(\blogin\s{1,80}\S{1,200}\s{1,80}password\s{1,80})\S+/g,
  /(\bAPI key (?:provided|given|is|was)?:? ?["']?)(?=\S*\d)[\w.-]{8,}/gi,
];

/** User and password in base64: behind the scheme of a header, and in a Docker configuration. */
const BASIC_AUTH =
  /(?<before>\bbasic\s{1,80}|(?<![\w-])auth\\?["']\s{0,8}:\s{0,8}\\?["'])(?<value>[\w+/-]{6,4096}={0,2})/gi;

/** An option with its value behind it, in a command line or in a list; or a name and what stands between it and its value. */
const NAMED =
  /(?<![\w-])(?:(?<option>--?[A-Za-z][\w-]{0,79})(?:[ \t]+(?!-)|\\?["'],[ \t]*(?=\\?["'])|=)|(?<name>_{0,2}[A-Za-z][\w.-]{0,79})(?<quote>\\?["'])?(?<separator>[ \t]{0,8}=>?[ \t]{0,8}|[ \t]{0,8}:[ \t]*))/g;

/** A variable of the environment as Kubernetes writes it, in JSON or YAML. */
const VARIABLE =
  /(\bname["']?:[ \t]{0,8}["']?(?<name>[A-Za-z][\w-]{0,79})["']?,?\s{0,80}["']?value["']?:[ \t]{0,8}["']?)(?<value>[^\s"',}]{1,4096})/g;

/**
 * The value at a place: a list in brackets, quoted, in quotes that are escaped, or until what ends a word. Where a text was cut, a list
 * or a quotation has no end.
 */
const VALUE = new RegExp(
  [
    /(?<list>\[(?=["'])[^\]\n]{0,4096}(?:\]|$)|\((?=["'])[^)\n]{0,4096}(?:\)|$))/,
    /\\"(?<escaped>(?:(?!\\")[^\n])*)\\"|"(?<double>(?:[^"\\\n]|\\.)*)"|'(?<single>(?:[^'\\\n]|\\.)*)'/,
    /\\"(?<openEscaped>[^\n]*)|"(?<openDouble>[^\n]*)|'(?<openSingle>[^\n]*)/,
    /(?<bare>\$\([\w.-]+\)|\$\{[\w.-]+\}|(?!\[["'])[^\s,;&"'(){}[\]][^\s,;&"')}\]]*|\[(?:masked|redacted)\])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);
/** A block of lines in YAML: its mark, and what stands behind it. */
const BLOCK = /[|>][-+\d]{0,2}[ \t]*(?:#[^\n]*)?\r?\n/y;
/** What the API server says of a field, before it quotes its value, or without (apimachinery, field/errors.go). */
const FIELD_ERROR =
  /(?:(?:Invalid|Duplicate|Unsupported) value: |Not found: )|(?:(?:Invalid|Duplicate|Unsupported|Required) value|Forbidden|Too (?:long|many|few|short)|Not found|Internal error)(?=[:\n.]|$)/y;
/** What a header holds is more than a word. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  authorization: /(?<bare>(?:[A-Za-z]+[ \t]+)?[^\s,"']+)/y,
  cookie: /(?<bare>[^\n"']+)/y,
};

/**
 * The text without the secrets that can be recognized in it: what its name says to be one (`api_key='...'`, `--hf-token ...`,
 * `"password": "..."`), and what looks like one. Counts of tokens and names of tokenizers stay.
 *
 * @param hidden what stands there instead
 */
export function hideSecrets(text: string, hidden: string): string {
  return FORMS.reduce(
    (rest, form) => rest.replace(form, (_, kept: unknown) => `${typeof kept === 'string' ? kept : ''}${hidden}`),
    hideNamed(hideBasicAuth(hideVariables(text, hidden), hidden), hidden),
  );
}

function hideVariables(text: string, hidden: string): string {
  return text.replaceAll(VARIABLE, (whole, before: string, name: string, value: string) =>
    isSecretVariable(name) && !isNoSecret(name, value) ? `${before}${hidden}` : whole,
  );
}

function hideBasicAuth(text: string, hidden: string): string {
  return text.replaceAll(BASIC_AUTH, (whole, before: string, value: string) =>
    isBasicAuth(value) ? `${before}${hidden}` : whole,
  );
}

function hideNamed(text: string, hidden: string): string {
  let shown = '';
  let at = 0;
  for (const match of text.matchAll(NAMED)) {
    const end = match.index + match[0].length;
    if (match.index < at) continue;
    const name = match.groups?.['option'] ?? match.groups?.['name'] ?? '';
    const block = match.groups?.['separator']?.includes(':') === true ? blockAt(text, match.index, end) : undefined;
    if (block === undefined ? !saysSecret(match.groups ?? {}, text, end) : !isSecretName(name)) continue;
    const start = block === undefined ? behindFieldError(text, end) : end;
    const value = start === undefined ? undefined : (block ?? valueAt(text, start, name));
    if (start === undefined || value === undefined || isNoSecret(name, value.content)) continue;
    shown += `${text.slice(at, start)}${value.open}${hidden}${value.close}`;
    at = start + value.length;
    if (match.groups?.['option'] !== undefined) at += moreValues(text, at, value.open !== '');
  }
  return shown + text.slice(at);
}

/** An option may have several values (vLLM's --api-key): how long is what stands behind the first. Words without a digit are a sentence's. */
function moreValues(text: string, start: number, areQuoted: boolean): number {
  // Of a list that is quoted, only another value can follow that is no option.
  const more = areQuoted
    ? /(?:,[ \t]{0,8}(\\?["'])(?!-)[^"'\\\n]{1,4096}\1)*/y
    : /(?:[ \t]+(?!-)(?=\S{0,200}\d)[^\s"'`]+)*/y;
  more.lastIndex = start;
  return more.exec(text)?.[0].length ?? 0;
}

function saysSecret(
  { option, name = '', quote, separator = '' }: Readonly<Record<string, string | undefined>>,
  text: string,
  end: number,
): boolean {
  if (option !== undefined) return isSecretName(option);
  if (/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name) && separator.includes('=')) return isSecretVariable(name);
  if (!isSecretName(name)) return false;
  // "failed to read the secret: permission denied" is a sentence.
  const isField = separator.includes('=') || quote !== undefined || isCompound(name);
  return (
    isField ||
    /passw(?:or)?d$|^(?:authorization|cookie|apikey|dockercfg|dockerconfigjson)$/i.test(name) ||
    TELLING.test(text.slice(end, end + MAX_TELLING))
  );
}

/** A word that is none of a language: letters and digits, and long. */
const TELLING = /^(?=[^\s\d]*\d)(?=[^\sA-Za-z]*[A-Za-z])[\w.+/~-]{16,}=*(?=\s|$)/;
const MAX_TELLING = 4_096;

/** Where the value is that the API server quotes of a field; `end` where it says nothing of it, undefined where it does not quote it. */
function behindFieldError(text: string, end: number): number | undefined {
  FIELD_ERROR.lastIndex = end;
  const said = FIELD_ERROR.exec(text)?.[0];
  if (said === undefined) return end;
  return said.endsWith(': ') ? end + said.length : undefined;
}

/** A block of lines in YAML that begins at `begin`, if there is one: what is deeper than its name, which is at `name`. */
function blockAt(text: string, name: number, begin: number): Value | undefined {
  BLOCK.lastIndex = begin;
  const mark = BLOCK.exec(text)?.[0];
  if (mark === undefined) return undefined;
  const column = name - (text.lastIndexOf('\n', name - 1) + 1);
  const lines = new RegExp(`(?:[ \\t]{${column + 1}}[^\\n]*(?:\\n|$)|[ \\t]*\\r?\\n)*`, 'y');
  lines.lastIndex = begin + mark.length;
  const content = (lines.exec(text)?.[0] ?? '').trimEnd();
  return {
    content,
    open: '',
    close: '',
    length: content === '' ? mark.trimEnd().length : mark.length + content.length,
  };
}

interface Value {
  readonly content: string;
  readonly open: string;
  readonly close: string;
  readonly length: number;
}

/** What is given at `start`, and the quotes or brackets around it. */
function valueAt(text: string, begin: number, name: string): Value | undefined {
  // Python's b'...' and the like.
  const [prefix = ''] = /^[bruf]{1,2}(?=["'])/i.exec(text.slice(begin, begin + 3)) ?? [];
  const start = begin + prefix.length;
  const header = /authorization$/i.test(name) ? 'authorization' : /cookie$/i.test(name) ? 'cookie' : undefined;
  const quoted = /^\\?["']|^\[/.test(text.slice(start, start + 2));
  const pattern = header !== undefined && !quoted ? (HEADERS[header] ?? VALUE) : VALUE;
  pattern.lastIndex = start;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const { list, escaped, double, single, openEscaped, openDouble, openSingle, bare } = match.groups ?? {};
  const open = openEscaped ?? openDouble ?? openSingle;
  const [length, content] = [match[0].length, escaped ?? double ?? single ?? open ?? bare ?? list ?? ''];
  const isQuoted = bare === undefined && list === undefined;
  const mark = isQuoted ? match[0].slice(0, escaped === undefined && openEscaped === undefined ? 1 : 2) : '';
  return { content, open: `${prefix}${mark}`, close: open === undefined ? mark : '', length: prefix.length + length };
}
