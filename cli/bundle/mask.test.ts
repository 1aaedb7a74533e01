import { describe, expect, it } from '@jest/globals';
import { Mask } from './mask.ts';

const TOKEN = 'planted-0a1b2c3d';

describe('a secret is masked', () => {
  it.each<[string, unknown]>([
    ['in a variable', { env: [{ name: 'HF_TOKEN', value: TOKEN }] }],
    ['in a variable of storage', { env: [{ name: 'AWS_SECRET_ACCESS_KEY', value: TOKEN }] }],
    ['in a variable in lower case', { env: [{ name: 'db-password', value: TOKEN }] }],
    ['in a variable with a number', { env: [{ name: 'HF_TOKEN_2', value: TOKEN }] }],
    ['in a variable with several', { env: [{ name: 'API_KEYS', value: TOKEN }] }],
    ['in a header', { httpGet: { httpHeaders: [{ name: 'AUTHORIZATION', value: TOKEN }] } }],
    ['in a field', { data: { API_KEY: TOKEN } }],
    ['behind an option', { args: ['--api-key', TOKEN] }],
    ['behind an option with underscores', { args: ['--api_key', TOKEN] }],
    ['behind an option with digits', { args: ['--s3-secret-key', TOKEN] }],
    ['in an option', { args: [`--hf-token=${TOKEN}`] }],
    ['in an option with underscores', { args: [`--hf_token=${TOKEN}`] }],
    ['in an object as text', { annotations: { record: JSON.stringify({ env: [{ name: 'API_KEY', value: TOKEN }] }) } }],
  ])('%s', (_, object) => {
    const mask = new Mask();
    expect(JSON.stringify(mask.object(object))).not.toContain(TOKEN);
    expect(mask.text(`engine: key ${TOKEN} was refused`)).toBe('engine: key [masked] was refused');
    expect(mask.size).toBe(1);
  });
});

it('leaves what is none', () => {
  const object = {
    env: [
      { name: 'HF_ENDPOINT', value: 'https://hub' },
      { name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hub', key: 'token' } } },
      { name: 'MAX_TOKENS', value: '2048' },
    ],
    args: ['--max-num-batched-tokens', '2048', '--tokenizer-revision', 'main', '--served-model-name=chat'],
    engine: { args: ['--max_total_tokens=4096', '--api-key', '$(ENGINE_API_KEY)', '--token-file', '/run/token'] },
    volumes: [
      { secret: { secretName: 'keys' } },
      { projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ],
    tolerations: [{ key: 'team', value: 'ml' }],
    annotations: { template: '{{ not json }}', list: '[1,2]' },
  };
  const mask = new Mask();
  expect(mask.object(object)).toEqual(object);
  expect(mask.size).toBe(0);
});

it('does not look for a short value in other texts', () => {
  const mask = new Mask();
  expect(mask.object({ env: [{ name: 'RCLONE_S3_ENV_AUTH', value: 'true' }] })).toEqual({
    env: [{ name: 'RCLONE_S3_ENV_AUTH', value: '[masked]' }],
  });
  expect(mask.text('it is true')).toBe('it is true');
});

it('masks every value of an option that has several, and no option behind it', () => {
  const mask = new Mask();
  expect(mask.object({ args: ['--api-key', TOKEN, 'second-key', '--port', '8000'] })).toEqual({
    args: ['--api-key', '[masked]', '[masked]', '--port', '8000'],
  });
  expect(mask.text('second-key was used')).toBe('[masked] was used');
});

it('does not look for an ordinary word in other texts, where only the name of a variable speaks for a secret', () => {
  const mask = new Mask();
  const env = [
    { name: 'SORT_KEY', value: 'created' },
    { name: 'DB_PASSWORD', value: 'letmein' },
  ];
  expect(JSON.stringify(mask.object({ env }))).not.toMatch(/created|letmein/);
  expect(mask.text('pod created with letmein')).toBe('pod created with [masked]');
});

it('recognizes tokens that no name tells', () => {
  const text = new Mask().text('GET /api?token=abc Bearer abcdefgh.ijkl hf_0123456789abcdefXYZ');
  expect(text).not.toMatch(/abc|hf_0/);
});

it('hides what an engine logs when it starts, and leaves what it counts', () => {
  const line =
    "server_args={'tokenizer_path': 'm', 'max_total_tokens': 4096, 'api_key': 'planted-0a1b', 'admin_api_key': None}";
  expect(new Mask().text(line)).toBe(line.replace('planted-0a1b', '[redacted]'));
});

describe('a secret that is known is found', () => {
  const SECRET = 'pä"ss\\w/ord+ 0a1b2c';
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  it.each<[string, string]>([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify({ x: SECRET }).slice(6, -2)],
    ['in JSON within JSON', JSON.stringify(JSON.stringify(SECRET)).slice(3, -3)],
    ['in an address', encodeURIComponent(SECRET)],
    ['in an address with small letters', encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())],
    ['in a form', encodeURIComponent(SECRET).replaceAll('%20', '+')],
    ['in base64', base64(SECRET).replace(/=+$/, '')],
    ['in base64 for addresses', Buffer.from(SECRET).toString('base64url')],
  ])('%s', (_, rendering) => {
    const mask = new Mask();
    mask.object({ env: [{ name: 'DB_PASSWORD', value: SECRET }] });
    // The last characters of base64 may belong to what follows.
    expect(mask.text(`saw ${rendering} here`)).toMatch(/^saw \[masked\][\w=]? here$/);
    expect(mask.size).toBe(1);
  });

  it.each(['m:', 'me:', 'you:'])('in base64 behind %s', (user) => {
    const mask = new Mask();
    mask.object({ env: [{ name: 'DB_PASSWORD', value: SECRET }] });
    const text = mask.text(`seen: ${base64(`${user}${SECRET}@hub`)}`);
    expect(text).toContain('[masked]');
    expect(Buffer.from(text.slice('seen: '.length), 'base64').toString('latin1')).not.toContain('ord+');
  });

  it('line by line, but not where a line is a word', () => {
    const mask = new Mask();
    mask.object({ env: [{ name: 'DEPLOY_TOKEN', value: 'first line with 0a1b2c\n  second line with 3d4e5f\nend' }] });
    expect(mask.text('  second line with 3d4e5f\n  end')).toBe('  [masked]\n  end');
  });
});
