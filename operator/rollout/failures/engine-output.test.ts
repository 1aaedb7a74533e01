import { describe, expect, it, test } from '@jest/globals';
import type { Reason } from '../../api/index.ts';
import { readLastWords } from './engine-output.ts';

/** What vLLM 0.32 says of every start: its settings have the names of many failures in them. */
const BANNER = `(APIServer pid=1) INFO 11-21 08:59:12 [utils.py:233] non-default args: {'model': '/weights', 'trust_remote_code': True}
(EngineCore_DP0 pid=117) INFO 11-21 08:59:30 [core.py:93] Initializing a V1 LLM engine (v0.32.0) with config: model='/weights', tokenizer_mode=auto, revision=None, trust_remote_code=True, dtype=torch.float16, max_seq_len=131072, tensor_parallel_size=1`;

const OOM =
  'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 14.56 GiB.';

/** As vLLM logs the end of its engine process: the traceback line by line, then the server's own below it. */
const ENDED_BY_OOM = `(EngineCore_DP0 pid=117) ERROR 11-21 09:00:00 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=117) ERROR 11-21 09:00:00 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=117) ERROR 11-21 09:00:00 [core.py:708]   File "/usr/local/lib/python3.12/dist-packages/vllm/v1/engine/core.py", line 699, in run_engine_core
(EngineCore_DP0 pid=117) ERROR 11-21 09:00:00 [core.py:708]     raise PermissionError("Permission denied")
(EngineCore_DP0 pid=117) ERROR 11-21 09:00:00 [core.py:708] ${OOM}
(APIServer pid=1) Traceback (most recent call last):
(APIServer pid=1)   File "/usr/local/bin/vllm", line 10, in <module>
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}`;

const HUB_RETRY = `'(ReadTimeoutError("HTTPSConnectionPool(host='huggingface.co', port=443): Read timed out. (read timeout=10)"), '(Request ID: 7)')' thrown while requesting HEAD https://huggingface.co/x/y/resolve/main/config.json
Retrying in 1s [Retry 1/5].`;

describe('readLastWords', () => {
  test.each<[string, string, Reason | undefined, string | RegExp]>([
    ['settings before the failure', `${BANNER}\n${OOM}`, 'OutOfMemoryGPU', OOM],
    ['settings, and source code in the traceback', `${BANNER}\n${ENDED_BY_OOM}`, 'OutOfMemoryGPU', /OutOfMemoryError/],
    ['settings alone', BANNER, undefined, ''],
    [
      'a warning of a folder that cannot be written',
      `mkdir -p failed for path /.config/matplotlib: [Errno 13] Permission denied: '/.config'\n${BANNER}\n${OOM}`,
      'OutOfMemoryGPU',
      OOM,
    ],
    [
      'a warning with a level',
      `WARNING 11-21 08:59:12 [usage.py:30] Cannot write usage: Permission denied\n${ENDED_BY_OOM}`,
      'OutOfMemoryGPU',
      /OutOfMemoryError/,
    ],
    [
      'a warning of Python after the failure',
      `${OOM}\n/usr/lib/python3.12/tempfile.py:484: ResourceWarning: Read-only file system\n  _warnings.warn(message)`,
      'OutOfMemoryGPU',
      OOM,
    ],
    [
      'an error that was survived',
      `PermissionError: [Errno 13] Permission denied: '/root/.cache/flashinfer'\n${BANNER}\n${ENDED_BY_OOM}`,
      'OutOfMemoryGPU',
      /OutOfMemoryError/,
    ],
    ['a download that was tried again', `${HUB_RETRY}\n${BANNER}\n${OOM}`, 'OutOfMemoryGPU', OOM],
    ['a download that is being tried again', `${HUB_RETRY}\n${BANNER}`, undefined, ''],
    [
      'the failure of a GPU before one of permissions',
      `RuntimeError: CUDA error: out of memory\nrestarting\n${BANNER}\nPermissionError: [Errno 13] Permission denied: '/cache'`,
      'PermissionDenied',
      "PermissionError: [Errno 13] Permission denied: '/cache'",
    ],
    [
      'a cause and what came of it',
      `Traceback (most recent call last):
  File "hub.py", line 1, in x
requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /x
The above exception was the direct cause of the following exception:
Traceback (most recent call last):
  File "/usr/lib/x.py", line 2, in x
OSError: We couldn't connect to the hub to load the files, and couldn't find them in the cached files.`,
      'DownloadFailed',
      /Max retries/,
    ],
    [
      'an exception whose name does not say so',
      `Traceback (most recent call last):
  File "hub.py", line 1, in x
requests.exceptions.ReadTimeout: (ReadTimeoutError("HTTPSConnectionPool(host='huggingface.co', port=443): Read timed out."))`,
      'DownloadFailed',
      /ReadTimeout/,
    ],
    [
      'a message that is cut within a traceback',
      `    trust_remote_code=True, # or pass the argument trust_remote_code=True
  File "/usr/lib/x.py", line 2, in load
    raise ValueError("pass the argument \`trust_remote_code=True\`")
${OOM}`,
      'OutOfMemoryGPU',
      OOM,
    ],
    [
      'one error of several lines: its most specific words',
      `${BANNER}
huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error. (Request ID: Root=1)

Repository Not Found for url: https://huggingface.co/x/y/resolve/main/config.json.
Invalid username or password.`,
      'WeightsNotFound',
      /RepositoryNotFoundError/,
    ],
    ['last words of a shell', `${BANNER}\nbash: /opt/run: Permission denied`, 'PermissionDenied', /^bash: /],
    [
      'vLLM’s advice to trust a model',
      `${BANNER}\nRuntimeError: Failed to load the model config. If the model is a custom model not yet available in the HuggingFace transformers library, consider setting \`trust_remote_code=True\` in LLM or using the \`--trust-remote-code\` flag in the CLI.`,
      'TrustRemoteCodeRequired',
      /^RuntimeError/,
    ],
    ['nothing', '', undefined, ''],
  ])('of %s', (_, log, reason, line) => {
    const said = readLastWords(log);
    expect(said?.entry.reason).toBe(reason);
    if (typeof line === 'string') expect(said?.line ?? '').toBe(line);
    else expect(said?.line).toMatch(line);
  });

  it('finds it in the middle of 128 KiB of settings', () => {
    const log = `${BANNER}\n`.repeat(300);
    expect(readLastWords(`${log}${OOM}\n${log}`)?.entry.reason).toBe('OutOfMemoryGPU');
  });
});
