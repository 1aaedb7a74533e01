import { expect, it, test } from '@jest/globals';
import { redact, redactText } from './redact.ts';

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl';

test.each([
  ['a bearer token', 'Authorization: Bearer abc.DEF-123', 'abc.DEF-123'],
  ['basic credentials', 'authorization: Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
  ['a ServiceAccount token', `got ${jwt} from the file`, jwt],
  ['a Hugging Face token', 'HF_TOKEN=hf_AbCdEfGhIjKlMnOpQrStUv', 'hf_AbCdEfGhIjKlMnOpQrStUv'],
  ['an API key', 'key sk-0123456789abcdef0123', 'sk-0123456789abcdef0123'],
  ['the password of a URL', 'GET https://user:hunter2@example.com/x', 'hunter2'],
  ['a token in a query', 'GET /v1?access_token=hunter2&x=1', 'hunter2'],
  ['an API key in a command line', 'vllm serve --api-key hunter2 --port 8000', 'hunter2'],
  ['a private key', '-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----', 'hunter2'],
])('hides %s in a text', (_, text, secret) => {
  expect(redactText(text)).toContain('[redacted]');
  expect(redactText(text)).not.toContain(secret);
});

test.each([
  'Deployment chat-7f3c9 has 2 of 3 replicas',
  'https://127.0.0.1:6443/apis?watch=true&resourceVersion=12',
  'max_tokens is 4096, 12 tokens per second',
  'quay.io/org/image@sha256:0123456789abcdef0123456789abcdef',
  'the bearer of the ring',
])('leaves "%s" alone, but for what looks like a scheme and a value', (text) => {
  expect(redactText(text).replace('bearer [redacted]', 'bearer of')).toBe(text);
});

test.each([
  'token',
  'bearerToken',
  'accessToken',
  'Authorization',
  'password',
  'db_password',
  'apiKey',
  'api-key',
  'API_KEY',
  'clientSecret',
  'client-key-data',
  'privateKey',
  'cookie',
  'credentials',
])('hides the field %s', (field) => {
  expect(redact({ outer: { [field]: 'hunter2' }, list: [{ [field]: 'hunter2' }] })).toEqual({
    outer: { [field]: '[redacted]' },
    list: [{ [field]: '[redacted]' }],
  });
});

test.each([
  { maxTokens: 4096, kvCacheTokens: 12 },
  { tokenSecretRef: { name: 'hf', key: 'hub' } },
  { secretName: 'hf', key: 'value' },
  { token: '' },
])('shows %j', (fields) => {
  expect(redact(fields)).toEqual(fields);
});

it('writes an error with its code and its causes, without their secrets', () => {
  const cause = new Error(`refused ${jwt}`);
  const error = Object.assign(new Error('request failed', { cause }), { code: 'KUBE_UNAUTHORIZED' });
  const written = redact({ error });
  expect(written).toMatchObject({
    error: {
      name: 'Error',
      code: 'KUBE_UNAUTHORIZED',
      message: 'request failed',
      cause: { message: 'refused [redacted]' },
    },
  });
  expect(JSON.stringify(written)).not.toContain(jwt);
});

it('can write anything: cycles, bigints, functions, maps, dates', () => {
  const cycle: Record<string, unknown> = { big: 12n, call: () => 1, map: new Map([['token', 'x']]), at: new Date(0) };
  cycle['self'] = cycle;
  expect(JSON.parse(JSON.stringify(redact(cycle)))).toMatchObject({
    big: '12',
    call: '[function]',
    map: { token: '[redacted]' },
    at: '1970-01-01T00:00:00.000Z',
    self: { big: '12' },
  });
});
