/** Words that say alone that the value is a secret, at the end of a name. */
const SECRET_WORDS = new Set([
  ...['secret', 'secrets', 'password', 'passwords', 'passwd', 'passphrase', 'credential', 'credentials'],
  ...['authorization', 'cookie', 'signature', 'apikey', 'apikeys', 'accesskey', 'secretkey', 'privatekey'],
  ...['authtoken', 'accesstoken', 'apitoken', 'bearertoken', 'hftoken', 'dockercfg', 'dockerconfigjson'],
  ...['identitytoken', 'registrytoken', 'sessiontoken', 'refreshtoken', 'clientsecret'],
]);
/** The same where another word runs into them: PGPASSWORD. */
const SECRET_ENDING = /(?:passw(?:or)?d|passphrase|apikey|accesskey|secretkey|privatekey)s?$/;
/** What a `pass` is of, where it is a run through something. */
const RUN_OF = new Set([
  ...['forward', 'backward', 'first', 'second', 'last', 'next', 'final', 'single', 'multi', 'one', 'two', 'num', 'per'],
  ...['render', 'prefill', 'decode', 'warmup', 'warm', 'up', 'dry', 'high', 'low', 'band', 'by', 'all', 'did', 'test'],
]);
/** What a `key` is of, where it is a secret: `sort_key` and the `key` of a toleration are none. */
const KEY_OF = new Set([
  ...['api', 'access', 'secret', 'private', 'admin', 'account', 'encryption', 'signing', 'master', 'storage', 'shared'],
  ...['client', 'subscription', 'ssh', 's3', 'aws', 'azure', 'gcs', 'hf', 'openai', 'auth', 'tls'],
]);
/** What a `token` is of, where it is a piece of a text. */
const TEXT_TOKEN_OF = new Set([
  ...['eos', 'bos', 'pad', 'unk', 'sep', 'cls', 'mask', 'stop', 'image', 'video', 'audio', 'special', 'next', 'first'],
  ...['last', 'new', 'per', 'think', 'end', 'start', 'begin', 'prompt', 'output', 'input', 'completion', 'generated'],
  ...['draft', 'decode', 'prefill', 'each', 'every', 'tool', 'call', 'placeholder'],
]);
/** What `tokens` are of, where they are not counted. */
const SECRET_TOKENS_OF = new Set(['api', 'access', 'auth', 'bearer', 'hf', 'secret', 'refresh']);

/** `HF_TOKEN_2`, `apiKey`, `--s3-secret-key` as words in lower case, without a number at the end. */
function wordsOf(name: string): string[] {
  const words = name
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1_')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  while (words.length > 1 && /^\d+$/.test(words.at(-1) ?? '')) words.pop();
  // TOKEN2, without an underscore.
  return words.map((word, index) => (index === words.length - 1 ? word.replace(/(?<=[a-z]{3})\d+$/, '') : word));
}

/** Whether a name of a field, an option or a parameter says that its value is a secret. Counts of tokens (`max_tokens`) are none, nor are files and references. */
export function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  const [before = '', last = ''] = [words.at(-2), words.at(-1)];
  if (SECRET_WORDS.has(last) || SECRET_ENDING.test(last)) return true;
  if (last === 'key' || last === 'keys') return KEY_OF.has(before);
  if (last === 'data') return before === 'key';
  if (last === 'token') return !TEXT_TOKEN_OF.has(before);
  if (last === 'tokens') return SECRET_TOKENS_OF.has(before);
  if (last === 'pass') return words.length > 1 && !RUN_OF.has(before);
  // npm's _auth is user and password.
  return (last === 'pwd' && words.length > 1) || name === '_auth';
}

/** Letters of both cases and digits, as no word has them. */
const MIXED = /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z]).{16}/;

/** Whether a text is `user:password` in base64, as in the header of HTTP and in the `auth` of a Docker configuration, or may be. */
export function isBasicAuth(text: string): boolean {
  if (!/^[\w+/-]{6,4096}={0,2}$/.test(text)) return false;
  const isPair = /^[\x20-\x39\x3b-\x7e\x80-\xff]*:[\x20-\x7e\x80-\xff]+[\r\n]*$/.test(
    Buffer.from(text, 'base64').toString('latin1'),
  );
  return isPair || MIXED.test(text);
}

/** The same of a variable of the environment: every `..._KEY` and `..._AUTH`, too. `PWD` is the working directory. */
export function isSecretVariable(name: string): boolean {
  return isSecretName(name) || /^(?:keys?|auth|pass)$/.test(wordsOf(name).at(-1) ?? '');
}

/** Whether the value is a number of tokens or no value at all, rather than a secret, whatever the name says. */
export function isNoSecret(name: string, value: string): boolean {
  if (/^(?:none|null|nil|true|false)?$/i.test(value) || /^(?:\*{3,}|\[(?:masked|redacted)\])$/.test(value)) return true;
  // A reference to a variable: $(NAME), ${NAME}.
  if (/^\$(?:\([\w.-]+\)|\{[\w.-]+\})$/.test(value)) return true;
  return /tokens?\d*$/i.test(name) && /^-?\d+(?:\.\d+)?$/.test(value);
}

/** Whether a name has several words: what stands before a colon in a sentence has one. */
export const isCompound = (name: string): boolean => wordsOf(name).length > 1;
