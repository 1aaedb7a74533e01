import { describe, expect, it } from '@jest/globals';
import { hideSecrets, isSecretName, isSecretVariable } from './index.ts';

const KEY = 'planted-0a1b2c3d';
/** me:hunter2, in base64. */
const PAIR = 'bWU6aHVudGVyMg==';
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl';

describe('hides', () => {
  it.each([
    // SGLang until 0.5.10 and since: server_args is logged when it starts.
    [
      "server_args=ServerArgs(model_path='m', api_key='§', port=1)",
      "server_args=ServerArgs(model_path='m', api_key='#', port=1)",
    ],
    ["server_args={'api_key': '§', 'admin_api_key': None}", "server_args={'api_key': '#', 'admin_api_key': None}"],
    [`ServerArgs(api_key="§'s")`, 'ServerArgs(api_key="#")'],
    ["ssl_keyfile_password='§'", "ssl_keyfile_password='#'"],
    // vLLM before 0.32.
    ["non-default args: {'api_key': ['§', 'b'], 'port': 1}", "non-default args: {'api_key': #, 'port': 1}"],
    ['{"api_key":"§","x":1}', '{"api_key":"#","x":1}'],
    ['{\\"apiKey\\":\\"§\\",\\"x\\":1}', '{\\"apiKey\\":\\"#\\",\\"x\\":1}'],
    ['vllm serve --api-key § --port 1', 'vllm serve --api-key # --port 1'],
    ['--api_key=§', '--api_key=#'],
    ['--hf_token §', '--hf_token #'],
    ['--s3-secret-key §', '--s3-secret-key #'],
    ["['--api-key', '§', '--port']", "['--api-key', '#', '--port']"],
    ['API_KEYS=§', 'API_KEYS=#'],
    ['HF_TOKEN_2=§', 'HF_TOKEN_2=#'],
    ['TEAM_KEY=§', 'TEAM_KEY=#'],
    ['password: §', 'password: #'],
    ['AUTHORIZATION: §', 'AUTHORIZATION: #'],
    ['x-api-key: §', 'x-api-key: #'],
    ['Cookie: a=§; b=§', 'Cookie: #'],
    ['GET /v1?access_token=§&x=1', 'GET /v1?access_token=#&x=1'],
    ['GET /c?sig=§&x=1', 'GET /c?sig=#&x=1'],
    ['Bearer §', 'Bearer #'],
    ['https://user:p@§@hub/api', 'https://user:#@hub/api'],
    ['key sk-§abcdefgh', 'key #'],
    [`got ${JWT} from`, 'got # from'],
    ['AKIAIOSFODNN7EXAMPLE', '#'],
    ['hf_0123456789abcdefXYZ', '#'],
    ['Incorrect API key provided: §', 'Incorrect API key provided: #'],
    ['{"name":"HF_TOKEN","value":"§"}', '{"name":"HF_TOKEN","value":"#"}'],
    ['- name: TEAM_KEY\n  value: §\n- name: X', '- name: TEAM_KEY\n  value: #\n- name: X'],
    ['["--api-key", "§", "another", "--port", "1"]', '["--api-key", "#", "--port", "1"]'],
    ["api_key=b'§'", "api_key=b'#'"],
    ['"aws_secret_access_key" : "§"', '"aws_secret_access_key" : "#"'],
    ['api_key   =   §', 'api_key   =   #'],
    ['api_key => "§"', 'api_key => "#"'],
    ['curl -ume:§ https://hub', 'curl -ume:# https://hub'],
    ["api_key=('§', 'b')", 'api_key=#'],
    ['--api-key § k2 k3 --port 1', '--api-key # --port 1'],
    ['https://§@hub/api', 'https://#@hub/api'],
    ['curl -u "me:§" https://hub', 'curl -u "me:#" https://hub'],
    ['tls.key: §', 'tls.key: #'],
    ['.dockerconfigjson: §', '.dockerconfigjson: #'],
    ['nvapi-0123456789abcdefXYZ', '#'],
    ['npm_0123456789abcdefXYZ', '#'],
    ['password: |\n  §\n\n  second line\nuser: x', 'password: #\nuser: x'],
    ['data:\n  tls.key: |2-\n    §\n    §\n  other: 1', 'data:\n  tls.key: #\n  other: 1'],
    ['- token: >+ # folded\n    §\n  user: x', '- token: #\n  user: x'],
    ['"api_key": |\r\n  §\r\nuser: x', '"api_key": #\r\nuser: x'],
    ['hf_token: |\n  §', 'hf_token: #'],
    ['PGPASSWORD=§ psql', 'PGPASSWORD=# psql'],
    ['pgpassword: §', 'pgpassword: #'],
    ['//registry.npmjs.org/:_authToken=§', '//registry.npmjs.org/:_authToken=#'],
    ['_auth=§', '_auth=#'],
    ['_password = "§"', '_password = "#"'],
    [`{"auths":{"hub":{"username":"me","auth":"${PAIR}"}}}`, '{"auths":{"hub":{"username":"me","auth":"#"}}}'],
    [`{\\"auths\\":{\\"hub\\":{\\"auth\\":\\"${PAIR}\\"}}}`, '{\\"auths\\":{\\"hub\\":{\\"auth\\":\\"#\\"}}}'],
    [`auth": "${PAIR}`, 'auth": "#'],
    ['{"identitytoken":"§"}', '{"identitytoken":"#"}'],
    [`Basic ${PAIR}`, 'Basic #'],
    ['basic Zm9vOmLDpHI=', 'basic #'],
    // `echo user:pass | base64`, and a name that is not ASCII.
    ['Basic dXNlcjpwYXNzCg==', 'Basic #'],
    ['"auth":"asO8cmdlbjpwYXNz"', '"auth":"#"'],
    ["api_key='§", "api_key='#"],
    ['--api-key "§ and more', '--api-key "#'],
    ['{"password":"§', '{"password":"#'],
    ['{\\"apiKey\\":\\"§', '{\\"apiKey\\":\\"#'],
    ["password: '§\nnext line", "password: '#\nnext line"],
    ["{'api_key': ['a', '§", "{'api_key': #"],
    ['token: §', 'token: #'],
    ['machine hub login me password §', 'machine hub login me password #'],
    ['spec.engine.apiKey: Invalid value: "§": must match', 'spec.engine.apiKey: Invalid value: "#": must match'],
    ['spec.users[0].password: Duplicate value: "§"', 'spec.users[0].password: Duplicate value: "#"'],
    ['-----BEGIN PRIVATE KEY-----\n§\n-----END PRIVATE KEY-----', '#'],
  ])('%s', (text, hidden) => {
    const once = hideSecrets(text.replaceAll('§', KEY), '***');
    expect(once).toBe(hidden.replace('#', '***'));
    expect(hideSecrets(once, '***')).toBe(once);
  });
});

it.each([
  'max_tokens=4096',
  '--max-num-batched-tokens 8192',
  "tokenizer='deepseek-ai/DeepSeek-R1', tokenizer_mode='auto', skip_tokenizer_init=False",
  "eos_token='</s>', pad_token=None, eos_token_id=2",
  "'max_total_tokens': None, 'api_key': None, 'admin_api_key': None",
  'Maximum concurrency for 131,072 tokens per request: 7.84x; token usage: 0.12, #queue-req: 0',
  'time_per_output_token=0.02 token=12',
  '--api-key $(ENGINE_API_KEY) --port 1',
  '--token-file /run/token --prometheus-token-file=/x',
  'tolerations: [{key: team, value: ml}]; sort_key=name',
  "couldn't find key chat in Secret ai/keys",
  'What the Secret says for api-key is empty, begins with "-", begins or ends with a space, or is not of printable ASCII alone',
  'failed to read the secret: permission denied',
  'imagePullSecrets:\n  - name: registry\ntokenSecretRef:\n  name: hub\n  key: token',
  'automountServiceAccountToken: false',
  'Bearer authentication is required',
  'a bearer token is in the header',
  'Unexpected token: }',
  'quay.io/org/image@sha256:0123456789abcdef0123456789abcdef',
  'https://127.0.0.1:6443/apis?watch=true&resourceVersion=12',
  '2026-11-22T10:00:00Z INFO [core.py:708] kv cache size: 1,025,295 tokens',
  'PWD=/workspace',
  '{"name":"HF_ENDPOINT","value":"https://hub"}',
  '- name: MAX_TOKENS\n  value: 2048',
  '["--max-model-len", "8192", "--served-model-name", "chat"]',
  'https://quay.io:443@sha256:0123456789abcdef',
  'ssh://git@host/repository.git',
  'docker run -u 1000:1000 image',
  'give it --api-key $(KEY) and a model',
  'Basic configuration of the engine; a basic understanding, basic-auth and Basic authentication',
  'basic 32-bit and Basic llama-3.1-8b-instruct',
  'forward_pass=0.12 first_pass: done warmup_pass=3',
  'spec.model.source.huggingFace.token: Required value',
  'spec.engine.secret: Invalid value',
  'spec.storage.secretKey: Forbidden: may not be set beside a volume',
  'spec.auth.password: Too long: may not be more than 63 bytes',
  'spec.auth.passwords: Too many: 5: must have at most 3 items',
  '{"auth":"none","type":"basic"}',
  'text: |\n  max_tokens is a number\nmode: >-\n  fast',
  'password: |\nuser: x',
  'token: hub',
])('leaves %s', (text) => {
  expect(hideSecrets(text, '***')).toBe(text);
});

it('is done soon with a long text that has nothing of it', () => {
  for (const text of [
    'a'.repeat(200_000),
    'a-'.repeat(100_000),
    'key='.repeat(50_000),
    'eyJ'.repeat(60_000),
    'eyJ-'.repeat(50_000),
    'a:'.repeat(50_000),
    // Where a text ends within a list, that is hidden.
    `${'x-token: ["'.repeat(20_000)}\n`,
    `${"token=('".repeat(25_000)}\n`,
    'x_token: |\n'.repeat(20_000),
    'auth": "'.repeat(25_000),
    'basic '.repeat(40_000),
    'login '.repeat(40_000),
    'a_pass: Required value: '.repeat(10_000),
  ]) {
    expect(hideSecrets(text, '***')).toBe(text);
  }
});

it.each<[string, boolean, boolean]>([
  ['token', true, true],
  ['API_KEYS', true, true],
  ['apiKey', true, true],
  ['AUTHORIZATION', true, true],
  ['HF_TOKEN_2', true, true],
  ['TOKEN2', true, true],
  ['--s3-secret-key', true, true],
  ['client-key-data', true, true],
  ['db_password', true, true],
  ['PGPASSWORD', true, true],
  ['_authToken', true, true],
  ['DB_PASS', true, true],
  ['forward_pass', false, true],
  ['key', false, true],
  ['RCLONE_S3_ENV_AUTH', false, true],
  ['PWD', false, false],
  ['maxTokens', false, false],
  ['tokenSecretRef', false, false],
  ['secretName', false, false],
  ['HF_TOKEN_PATH', false, false],
  ['tokenizer', false, false],
])('%s is a secret: %s, as a variable: %s', (name, field, variable) => {
  expect([isSecretName(name), isSecretVariable(name)]).toEqual([field, variable]);
});
