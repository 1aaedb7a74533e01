import { isCompound, isNoSecret, isSecretName, isSecretVariable } from './names.ts';

/** Secrets that are recognized by their own form. What the first group holds stays. */
const FORMS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  // A header's scheme; not "Bearer authentication".
  /(\b(?:bearer|basic)\s+)(?!(?:auth|credential|scheme|header)[a-z]*\b)(?:(?=[a-z.~+/-]*\d)[\w.~+/-]+|[\w.~+/-]{8,})=*/gi,
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
  /(\bAPI key (?:provided|given|is|was)?:? ?["']?)(?=\S*\d)[\w.-]{8,}/gi,
];

/** An option with its value behind it, in a command line or in a list; or a name and what stands between it and its value. */
const NAMED =
  /(?<![\w-])(?:(?<option>--?[A-Za-z][\w-]{0,79})(?:[ \t]+(?!-)|\\?["'],[ \t]*(?=\\?["'])|=)|(?<name>[A-Za-z][\w.-]{0,79})(?<quote>\\?["'])?(?<separator>[ \t]{0,8}=>?[ \t]{0,8}|[ \t]{0,8}:[ \t]*))/g;

/** A variable of the environment as Kubernetes writes it, in JSON or YAML. */
const VARIABLE =
  /(\bname["']?:[ \t]{0,8}["']?(?<name>[A-Za-z][\w-]{0,79})["']?,?\s{0,80}["']?value["']?:[ \t]{0,8}["']?)(?<value>[^\s"',}]{1,4096})/g;

/** The value at a place: a list in brackets, quoted, in quotes that are escaped, or until what ends a word. */
const VALUE =
  /(?<list>\[(?=["'])[^\]\n]{0,4096}\]|\((?=["'])[^)\n]{0,4096}\))|\\"(?<escaped>(?:(?!\\")[^\n])*)\\"|"(?<double>(?:[^"\\\n]|\\.)*)"|'(?<single>(?:[^'\\\n]|\\.)*)'|(?<bare>\$\([\w.-]+\)|\$\{[\w.-]+\}|(?!\[["'])[^\s,;&"'(){}[\]][^\s,;&"')}\]]*|\[(?:masked|redacted)\])/y;
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
    hideNamed(hideVariables(text, hidden), hidden),
  );
}

function hideVariables(text: string, hidden: string): string {
  return text.replaceAll(VARIABLE, (whole, before: string, name: string, value: string) =>
    isSecretVariable(name) && !isNoSecret(name, value) ? `${before}${hidden}` : whole,
  );
}

function hideNamed(text: string, hidden: string): string {
  let shown = '';
  let at = 0;
  for (const match of text.matchAll(NAMED)) {
    const start = match.index + match[0].length;
    if (match.index < at || !saysSecret(match.groups ?? {})) continue;
    const name = match.groups?.['option'] ?? match.groups?.['name'] ?? '';
    const value = valueAt(text, start, name);
    if (value === undefined || isNoSecret(name, value.content)) continue;
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

function saysSecret({
  option,
  name = '',
  quote,
  separator = '',
}: Readonly<Record<string, string | undefined>>): boolean {
  if (option !== undefined) return isSecretName(option);
  if (/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name) && separator.includes('=')) return isSecretVariable(name);
  if (!isSecretName(name)) return false;
  // "failed to read the secret: permission denied" is a sentence.
  const isField = separator.includes('=') || quote !== undefined || isCompound(name);
  return isField || /^(?:passw(?:or)?d|authorization|cookie|apikey|dockercfg|dockerconfigjson)$/i.test(name);
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
  const { list, escaped, double, single, bare } = match.groups ?? {};
  const [length, content] = [match[0].length, escaped ?? double ?? single ?? bare ?? list ?? ''];
  const [open, close] =
    escaped !== undefined
      ? ['\\"', '\\"']
      : double !== undefined
        ? ['"', '"']
        : single !== undefined
          ? ["'", "'"]
          : ['', ''];
  return { content, open: `${prefix}${open}`, close, length: prefix.length + length };
}
