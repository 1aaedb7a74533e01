import { statusOf } from './pod.ts';
import { describe, expect, it, test } from '@jest/globals';
import { isReason, type Reason } from '../../api/index.ts';
import { classifyFailure } from './classify.ts';
import * as kit from './test-support.ts';
import type { PodEvidence } from './types.ts';

const { ago, crashed, deploymentWith, evidence, loading, pod, ready, unscheduled, waiting } = kit;

/** The failure of one pod. */
const failureOf = (one: PodEvidence, change: Parameters<typeof evidence>[1] = {}) =>
  classifyFailure(evidence([one], change));

describe('image pull', () => {
  const pulling = (message: string) => waiting('ErrImagePull', message);
  const containerd = (rest: string) =>
    `rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/acme/engine:v9": ${rest}`;

  test.each<[Reason, boolean, string]>([
    [
      'ImageNotFound',
      true,
      'rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/library/nginx:nope": failed to resolve reference "docker.io/library/nginx:nope": docker.io/library/nginx:nope: not found',
    ],
    [
      'ImageNotFound',
      true,
      containerd('failed to resolve reference "ghcr.io/acme/app:v9": ghcr.io/acme/app:v9: not found'),
    ],
    ['ImageNotFound', true, 'Error response from daemon: manifest for acme/app:nope not found: manifest unknown'],
    ['ImageNotFound', true, "name unknown: The repository with name 'orders' does not exist in the registry"],
    [
      'ImagePullUnauthorized',
      true,
      containerd(
        'failed to resolve reference "docker.io/acme/engine:v9": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      ),
    ],
    [
      'ImagePullUnauthorized',
      true,
      containerd(
        'failed to resolve reference "europe-docker.pkg.dev/proj/repo/app:v3": unexpected status from HEAD request: 403 Forbidden',
      ),
    ],
    [
      'ImagePullUnauthorized',
      true,
      containerd(
        'failed to resolve reference "acme.azurecr.io/app:v1": unauthorized: authentication required, visit https://aka.ms/acr/authorization',
      ),
    ],
    [
      'ImagePullUnauthorized',
      true,
      containerd('failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized'),
    ],
    [
      'ImagePullUnauthorized',
      true,
      'initializing source docker://123.dkr.ecr.eu-west-1.amazonaws.com/app:v1: reading manifest v1: denied: Your authorization token has expired. Reauthenticate and try again.',
    ],
    [
      'ImagePullUnauthorized',
      true,
      "Error response from daemon: pull access denied for acme/private, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    ],
    [
      'ImagePullRateLimited',
      false,
      containerd(
        'failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/library/redis/manifests/sha256:3134997edb: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit',
      ),
    ],
    [
      'ImagePullRateLimited',
      false,
      'Error response from daemon: toomanyrequests: You have reached your pull rate limit.',
    ],
    [
      'ImagePullFailed',
      false,
      containerd(
        'failed to resolve reference "docker.io/acme/engine:v9": failed to do request: Head "https://registry-1.docker.io/v2/acme/engine/manifests/v9": dial tcp: lookup registry-1.docker.io on 10.96.0.10:53: read udp 172.16.104.58:36312->10.96.0.10:53: i/o timeout',
      ),
    ],
    [
      'ImagePullFailed',
      false,
      containerd(
        'failed to do request: Head "https://harbor.corp.local/v2/team/api/manifests/1.2": x509: certificate signed by unknown authority',
      ),
    ],
    // A digest that contains 404, on a registry that times out.
    [
      'ImagePullFailed',
      false,
      'Failed to pull image "acme/app@sha256:c404f1e9d40412ab": failed to do request: Head "https://reg/v2/": dial tcp 10.1.2.3:443: i/o timeout',
    ],
    [
      'ImagePullFailed',
      false,
      'failed to extract layer sha256:3a9df665: write /var/lib/containerd/x: no space left on device',
    ],
    [
      'ImagePullFailed',
      true,
      'failed to pull and unpack image "docker.io/acme/engine:v9": no match for platform in manifest: not found',
    ],
    ['ImagePullFailed', false, 'something new'],
  ])('%s (final: %p): %s', (reason, blocking, message) => {
    expect(failureOf(loading('a', pulling(message)))).toMatchObject({ reason, blocking, pod: 'a' });
  });

  it('reads the cause that the kubelet repeats while it backs off', () => {
    const message =
      'Back-off pulling image "acme/app:v9": ErrImagePull: failed to resolve reference "acme/app:v9": acme/app:v9: not found';
    expect(failureOf(loading('a', waiting('ImagePullBackOff', message)))).toMatchObject({ reason: 'ImageNotFound' });
  });

  test.each(['InvalidImageName', 'ErrImageNeverPull'])('%s needs another image', (reason) => {
    expect(failureOf(loading('a', waiting(reason)))).toMatchObject({ reason: 'ImageNotFound', blocking: true });
  });

  it('names the image, quotes the registry and says what to do', () => {
    expect(failureOf(loading('chat-x-1', pulling('acme/app:v9: not found')))?.message).toBe(
      'Pod chat-x-1: the image vllm/vllm-openai:v0.32.0 cannot be pulled: acme/app:v9: not found. ' +
        'Correct engine.image or engine.version (or model.source.image.reference).',
    );
  });

  it('sees the image of a container that runs first', () => {
    const initContainerStatuses = [kit.container({ name: 'download', ...pulling('x: not found') })];
    expect(failureOf(pod('a', { phase: 'Pending', initContainerStatuses }))).toMatchObject({ reason: 'ImageNotFound' });
  });
});

describe('container configuration', () => {
  test.each<[Reason, string, string]>([
    ['SecretNotFound', 'CreateContainerConfigError', 'secret "hf" not found'],
    ['SecretNotFound', 'CreateContainerConfigError', 'configmap "files" not found'],
    ['SecretNotFound', 'CreateContainerConfigError', "couldn't find key token in Secret ai/hf"],
    [
      'ContainerConfigError',
      'CreateContainerConfigError',
      'container has runAsNonRoot and image will run as root (pod: "a_ai(1)", container: engine)',
    ],
    ['ContainerConfigError', 'CreateContainerError', 'failed to reserve container name'],
    [
      'ContainerConfigError',
      'RunContainerError',
      'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "vllm": executable file not found in $PATH: unknown',
    ],
  ])('%s: %s %s', (reason, waitingReason, message) => {
    expect(failureOf(loading('a', waiting(waitingReason, message)))).toMatchObject({ reason, blocking: true });
  });

  it('reads a start error out of a crash loop', () => {
    const message = 'failed to create containerd task: exec: "vllm": executable file not found in $PATH: unknown';
    const failure = failureOf(loading('a', crashed(message, { exitCode: 128, reason: 'StartError' })));
    expect(failure).toMatchObject({ reason: 'ContainerConfigError' });
    expect(failure?.message).toContain('check engine.image');
  });
});

describe('the end of an engine', () => {
  const KV_TOO_SMALL =
    "ValueError: To serve at least one request with the model's max seq len (32768), (14.50 GiB KV cache is needed, which is larger than the available KV cache memory (6.20 GiB). Based on the available memory, the estimated maximum model length is 8192. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when initializing the engine.";
  const GATED = `huggingface_hub.errors.GatedRepoError: 401 Client Error. (Request ID: Root=1-69f0711d-09e515fd;81639caf)

Cannot access gated repo for url https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct/resolve/main/config.json.
Access to model meta-llama/Llama-3.1-8B-Instruct is restricted. You must have access to it and be authenticated to access it. Please log in.`;
  const NOT_FOUND = `huggingface_hub.errors.RepositoryNotFoundError: 401 Client Error. (Request ID: Root=1-65e96225;706ba79e)

Repository Not Found for url: https://huggingface.co/deepseek-ai/DeepSeek-R9/resolve/main/config.json.
Please make sure you specified the correct \`repo_id\` and \`repo_type\`.
If you are trying to access a private or gated repo, make sure you are authenticated.
Invalid username or password.`;
  const REVISION = `huggingface_hub.errors.RevisionNotFoundError: 404 Client Error. (Request ID: Mwhe_c3Kt650GcdKEFomX)

Revision Not Found for url: https://huggingface.co/deepseek-ai/DeepSeek-R1/resolve/nope/config.json.`;
  const OFFLINE = `huggingface_hub.errors.LocalEntryNotFoundError: An error happened while trying to locate the files on the Hub and we cannot find the appropriate snapshot folder for the specified revision on the local disk. Please check your internet connection and try again.`;
  const NO_CONFIG = `ValueError: Invalid repository ID or local directory specified: '/weights'.
Please verify the following requirements:
1. Provide a valid Hugging Face repository ID.`;
  const CUDA_OOM =
    '(EngineCore_DP0 pid=117) torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 14.56 GiB of which 1.12 GiB is free.';
  const FREE_MEMORY =
    'ValueError: Free memory on device cuda:0 (7.34/15.49 GiB) on startup is less than desired GPU memory utilization (0.9, 13.94 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.';

  test.each<[Reason, boolean, string]>([
    [
      'UnknownEngineArgument',
      true,
      'usage: vllm [-h] [-v] {chat,complete,serve,bench} ...\nvllm: error: unrecognized arguments: --no-such-flag 3',
    ],
    [
      'UnknownEngineArgument',
      true,
      "usage: vllm serve\nvllm serve: error: argument --dtype: invalid choice: 'definitely-not-real'",
    ],
    ['UnknownEngineArgument', true, 'launch_server.py: error: unrecognized arguments: --foo'],
    ['UnknownEngineArgument', true, 'error: invalid argument: --no-mmap'],
    ['ModelGated', true, GATED],
    [
      'ModelGated',
      true,
      'OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/x/y.',
    ],
    [
      'ModelGated',
      true,
      'huggingface_hub.errors.HfHubHTTPError: 403 Forbidden: Authorization error.\nCannot access content at: https://huggingface.co/x/y',
    ],
    ['WeightsNotFound', true, NOT_FOUND],
    ['WeightsNotFound', true, REVISION],
    ['WeightsNotFound', true, NO_CONFIG],
    ['WeightsNotFound', true, 'RuntimeError: Cannot find any model weights with `/weights/r1`'],
    ['WeightsNotFound', true, 'OSError: /weights does not appear to have a file named config.json.'],
    [
      'WeightsNotFound',
      true,
      "gguf_init_from_file: failed to open GGUF file '/models/x.gguf' (No such file or directory)",
    ],
    ['DownloadFailed', false, OFFLINE],
    [
      'WeightsNotFound',
      true,
      'ERROR : S3 bucket models path r1: error reading source root directory: directory not found\nFailed to copy: directory not found',
    ],
    [
      'WeightsNotFound',
      true,
      'Failed to copy: operation error S3: ListObjectsV2, https response error StatusCode: 404, api error NoSuchBucket: The specified bucket does not exist',
    ],
    [
      'DownloadFailed',
      true,
      'Failed to copy: operation error S3: ListObjectsV2, https response error StatusCode: 403, api error AccessDenied: Access Denied.',
    ],
    [
      'DownloadFailed',
      true,
      'Failed to copy: failed to get credentials: api error InvalidAccessKeyId: The key does not exist in our records.',
    ],
    [
      'DownloadFailed',
      true,
      'Failed to copy: operation error S3: HeadObject, https response error StatusCode: 403, RequestID: , HostID: , api error Forbidden: Forbidden',
    ],
    ['DownloadFailed', false, 'OSError: [Errno 28] No space left on device'],
    [
      'DownloadFailed',
      false,
      "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /api/models/x (Caused by NameResolutionError: Name or service not known)",
    ],
    [
      'TrustRemoteCodeRequired',
      true,
      'ValueError: The repository /weights contains custom code which must be executed to correctly load the model. Please pass the argument `trust_remote_code=True` to allow custom code to be run.',
    ],
    ['PermissionDenied', true, "PermissionError: [Errno 13] Permission denied: '/cache/huggingface'"],
    ['PermissionDenied', true, "KeyError: 'getpwuid(): uid not found: 2000'"],
    [
      'IllegalParallelism',
      true,
      'ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).',
    ],
    [
      'ContextTooLong',
      true,
      "  Value error, User-specified max_model_len (1048576) is greater than the derived max_model_len (max_position_embeddings=262144 or model_max_length=None in model's config.json).",
    ],
    [
      'UnsupportedQuantization',
      true,
      'ValueError: The quantization method awq is not supported for the current GPU. Minimum capability: 75. Current capability: 70.',
    ],
    ['OutOfMemoryGPU', true, CUDA_OOM],
    [
      'OutOfMemoryGPU',
      true,
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.',
    ],
    ['OutOfMemoryGPU', true, KV_TOO_SMALL],
    ['OutOfMemoryGPU', false, FREE_MEMORY],
    [
      'OutOfMemoryGPU',
      true,
      'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 8192.00 MiB on device 0: cudaMalloc failed: out of memory',
    ],
    [
      'GPUNotUsable',
      true,
      'RuntimeError: The NVIDIA driver on your system is too old (found version 12080). Please update your GPU driver',
    ],
    ['GPUNotUsable', true, 'RuntimeError: CUDA error: no kernel image is available for execution on the device'],
    [
      'GPUNotUsable',
      true,
      'RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG`',
    ],
    [
      'CrashLoop',
      false,
      '(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ],
    ['CrashLoop', false, 'something new'],
    ['CrashLoop', false, ''],
  ])('%s (final: %p): %s', (reason, blocking, log) => {
    expect(failureOf(loading('a', crashed(log)))).toMatchObject({ reason, blocking, startedAt: ago(20) });
  });

  it('quotes the line that says it, without the prefix of the log, and the fix', () => {
    expect(
      failureOf(loading('a', crashed(`INFO 11-21 11:59:00 [x.py:1] loading\n${CUDA_OOM}\n(APIServer pid=1) bye`)))
        ?.message,
    ).toBe(
      'Pod a: the engine ended: torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total ' +
        'capacity of 14.56 GiB of which 1.12 GiB is free. Lower model.maxModelLen, use a smaller format or more GPUs; see ' +
        'whether something else uses the GPU.',
    );
  });

  it('says where the cause is when vLLM’s last words hide it', () => {
    const log =
      '(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}';
    expect(failureOf(loading('a', crashed(log)))?.message).toContain(
      'further up in its log: `kubectl logs a --previous`',
    );
  });

  it('prefers the cause to vLLM’s last words when the message has both', () => {
    const log = `${CUDA_OOM}\n(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.`;
    expect(failureOf(loading('a', crashed(log)))).toMatchObject({ reason: 'OutOfMemoryGPU' });
  });

  it('knows the kernel’s OOM killer, and gives up hope after three ends', () => {
    const killed = (restarts: number) => loading('a', crashed('', { exitCode: 137, reason: 'OOMKilled', restarts }));
    expect(failureOf(killed(1))).toMatchObject({ reason: 'OutOfMemoryHost', blocking: false });
    expect(failureOf(killed(3))).toMatchObject({ reason: 'OutOfMemoryHost', blocking: true });
    expect(failureOf(loading('a', crashed('x', { restarts: 3 })))).toMatchObject({
      reason: 'CrashLoop',
      blocking: true,
    });
  });

  it.each([
    ['killed for its memory', { exitCode: 137, reason: 'OOMKilled' }],
    ['stopped before it listened', { exitCode: 143, reason: 'Error' }],
  ])('does not take the end of the proxy for the engine’s: %s', (_, terminated) => {
    const [engine] = statusOf(loading('a')).containerStatuses ?? [];
    const proxy = {
      ...{ name: 'drain-proxy', image: 'haproxy', imageID: '', ready: false, restartCount: 1, started: false },
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { ...terminated, startedAt: ago(90), finishedAt: ago(30) } },
    };
    const containerStatuses = engine ? [engine] : [];
    expect(failureOf(pod('a', { initContainerStatuses: [proxy], containerStatuses }))).toBeUndefined();
  });

  describe('a container that the kubelet stopped', () => {
    const stopped = (exitCode: number, ran: number, notReadyFor: number) =>
      failureOf(loading('a', crashed('', { exitCode, ran }), notReadyFor));

    test.each([137, 143, 0])('with exit code %p before it ever answered has used up its startup budget', (exitCode) => {
      expect(stopped(exitCode, 1805, 1900)).toMatchObject({
        reason: 'StartupBudgetExceeded',
        blocking: true,
        message: expect.stringContaining('30 minutes'),
      });
    });

    test.each([137, 143, 0])('with exit code %p after it had answered no longer answered', (exitCode) => {
      // Ready went to False 60 s ago; the container had started long before.
      expect(stopped(exitCode, 1805, 60)).toMatchObject({ reason: 'EngineNotResponding', blocking: false });
    });

    test.each<[Reason, number]>([
      ['EngineNotResponding', 700],
      ['StartupBudgetExceeded', 1805],
      ['StartupBudgetExceeded', 1805 + 345],
      ['EngineNotResponding', 3 * 86_400],
    ])('is judged by the time that it ran when no condition helps: %s after %p s', (reason, ran) => {
      const containerStatuses = [kit.container(crashed('', { exitCode: 137, ran }))];
      expect(failureOf(pod('a', { containerStatuses }))).toMatchObject({ reason });
    });
  });

  describe('logs that somebody has read', () => {
    const hidden = loading(
      'a',
      crashed('(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above.'),
    );

    it('are asked for when the termination message lacks the cause', () => {
      expect(failureOf(hidden)).toMatchObject({ reason: 'CrashLoop', causeInLog: true });
      expect(failureOf(loading('a', crashed('ValueError: said')))).not.toHaveProperty('causeInLog');
    });

    it('tell the cause', () => {
      const failure = failureOf(hidden, {
        logs: new Map([['a', `${CUDA_OOM}\nRuntimeError: Engine core initialization failed.`]]),
      });
      expect(failure).toMatchObject({
        reason: 'OutOfMemoryGPU',
        message: expect.stringContaining('CUDA out of memory'),
      });
      expect(failure).not.toHaveProperty('causeInLog');
    });
  });

  it('sees the end between two starts and while the next start loads', () => {
    const { terminated } = crashed('vllm: error: unrecognized arguments: --x').lastState;
    const states = [
      { state: { terminated } },
      { state: { running: { startedAt: ago(5) } }, lastState: { terminated } },
    ];
    for (const state of states) {
      expect(failureOf(loading('a', { restartCount: 1, ...state }))).toMatchObject({ reason: 'UnknownEngineArgument' });
    }
  });

  it('says nothing of an end that the engine has recovered from', () => {
    const { lastState } = crashed('CUDA out of memory');
    const recovered = kit.container({ ready: true, started: true, restartCount: 1, lastState });
    const one = pod('a', { conditions: [{ type: 'Ready', status: 'True' }], containerStatuses: [recovered] });
    expect(failureOf(one)).toBeUndefined();
  });

  it('says nothing of a download that is done', () => {
    const terminated = { exitCode: 0, reason: 'Completed' };
    const one = loading('a');
    const initContainerStatuses = [kit.container({ name: 'download', state: { terminated } })];
    expect(failureOf({ ...one, status: { ...one.status, initContainerStatuses } })).toBeUndefined();
  });
});

describe('secrets', () => {
  test.each([
    'hf_abcdefghijklmnopqrstuvwxyz',
    'AKIAABCDEFGHIJKLMNOP',
    'Bearer abcdefgh12345678',
    'https://me:pa55word@host/x',
  ])('keeps %p out of the message', (secret) => {
    const message = failureOf(loading('a', crashed(`ValueError: cannot use ${secret} here`)))?.message ?? '';
    expect(message).toContain('***');
    expect(message).not.toContain(secret);
    expect(message).not.toContain('pa55word');
  });

  it('bounds what it quotes', () => {
    expect(failureOf(loading('a', crashed('x'.repeat(2000))))?.message.length).toBeLessThan(500);
  });
});

describe('scheduling', () => {
  const short =
    "0/7 nodes are available: 3 Insufficient nvidia.com/gpu, 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/7 nodes are available: 3 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling.";

  it('says how many GPUs of which class are missing', () => {
    const pods = [ready('a'), unscheduled('b', short), unscheduled('c', short)];
    expect(classifyFailure(evidence(pods))).toEqual({
      reason: 'InsufficientGPUs',
      message:
        '2 of 3 pods, b for one: 4 more A100-80GB needed: 2 of 3 replicas wait for 2 free nvidia.com/gpu on one node each ' +
        "(0/7 nodes are available: 3 Insufficient nvidia.com/gpu, 4 node(s) didn't match Pod's node affinity/selector). " +
        'Add nodes or free GPUs. It goes on by itself.',
      blocking: false,
      pod: 'b',
      affectedPods: 2,
      startedAt: ago(200),
    });
  });

  test.each<[Reason, RegExp, string]>([
    [
      'Unschedulable',
      /No node of the cluster is labelled as A100-80GB/,
      "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
    ],
    [
      'Unschedulable',
      /lack memory/,
      "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match Pod's node affinity/selector. preemption: not eligible due to preemptionPolicy=Never.",
    ],
    [
      'Unschedulable',
      /accelerator.tolerations/,
      '0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) had untolerated taint {sku: gpu}. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.',
    ],
    // Kubernetes 1.36 no longer names the taint.
    [
      'Unschedulable',
      /accelerator.tolerations/,
      '0/2 nodes are available: 2 node(s) had untolerated taint(s). no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.',
    ],
    [
      'Unschedulable',
      /scheduler’s words/,
      "0/2 nodes are available: 1 node(s) were unschedulable, 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
    ],
    [
      'Unschedulable',
      /model.source.cache/,
      "0/3 nodes are available: 1 Insufficient ephemeral-storage, 2 node(s) didn't match Pod's node affinity/selector.",
    ],
    ['Unschedulable', /scheduler’s words/, 'no nodes available to schedule pods'],
    [
      'InsufficientGPUs',
      /2 more A100-80GB needed/,
      '0/3 nodes are available: 1 Insufficient ephemeral-storage, 1 Insufficient nvidia.com/gpu, 2 node(s) had untolerated taint(s). preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
    ],
    [
      'VolumePending',
      /unbound immediate/,
      '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ],
    [
      'VolumePending',
      /volume node affinity conflict/,
      '0/3 nodes are available: 3 node(s) had volume node affinity conflict. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.',
    ],
  ])('%s %p: %s', (reason, message, words) => {
    expect(failureOf(unscheduled('a', words))).toMatchObject({
      reason,
      blocking: false,
      message: expect.stringMatching(message),
    });
  });

  it('waits for somebody to make a claim that does not exist', () => {
    const words =
      '0/3 nodes are available: persistentvolumeclaim "weights" not found. not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.';
    expect(failureOf(unscheduled('a', words))).toMatchObject({
      reason: 'VolumePending',
      blocking: true,
      message: expect.stringContaining('persistentvolumeclaim "weights" not found. Create the claim'),
    });
  });

  it('goes by the resource that the pods ask for', () => {
    const accelerator = { type: 'A100-80GB', gpusPerReplica: 1, resourceName: 'nvidia.com/mig-3g.40gb' };
    const of = (words: string) => failureOf(unscheduled('a', words), { accelerator })?.reason;
    expect(of('0/1 nodes are available: 1 Insufficient nvidia.com/mig-3g.40gb.')).toBe('InsufficientGPUs');
    expect(of('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.')).toBe('Unschedulable');
  });

  it('sees a gate', () => {
    const words = 'Scheduling is blocked due to non-empty scheduling gates';
    expect(failureOf(unscheduled('a', words, 'SchedulingGated'))).toMatchObject({
      reason: 'SchedulingGated',
      blocking: false,
    });
  });

  it('says nothing while the scheduler has not looked yet', () => {
    expect(failureOf(pod('a', { phase: 'Pending' }))).toBeUndefined();
  });
});

describe('nodes', () => {
  const disrupted = (reason: string, deletionTimestamp?: string) =>
    pod(
      'a',
      { conditions: [{ type: 'DisruptionTarget', status: 'True', reason, lastTransitionTime: ago(30) }] },
      { ...(deletionTimestamp !== undefined && { deletionTimestamp }) },
    );

  test.each<[string, PodEvidence]>([
    ['its taint removed the pod', disrupted('DeletionByTaintManager', ago(10))],
    ['it is deleted', disrupted('DeletionByPodGC')],
    [
      'the status says so',
      pod('a', { reason: 'NodeLost', message: 'Node gpu-a which was running pod a is unresponsive' }),
    ],
    [
      'the pod is out of service although its containers were ready',
      pod('a', {
        conditions: [
          { type: 'ContainersReady', status: 'True' },
          { type: 'Ready', status: 'False', lastTransitionTime: ago(30) },
        ],
        containerStatuses: [kit.container({ ready: true, started: true })],
      }),
    ],
  ])('a node is lost: %s', (_, one) => {
    expect(failureOf(one)).toMatchObject({
      reason: 'NodeLost',
      blocking: false,
      message: expect.stringContaining('gpu-a'),
    });
  });

  it('knows preemption, and that a drain is no failure', () => {
    expect(failureOf(disrupted('PreemptionByScheduler'))).toMatchObject({ reason: 'Preempted' });
    expect(failureOf(disrupted('EvictionByEvictionAPI', ago(5)))).toBeUndefined();
  });

  it('knows eviction by the node, as long as it is news', () => {
    const message = 'The node was low on resource: ephemeral-storage. Threshold quantity: 10Gi, available: 9Gi.';
    const gone = (seconds: number) =>
      pod('a', {
        phase: 'Failed',
        reason: 'Evicted',
        message,
        conditions: [
          {
            type: 'DisruptionTarget',
            status: 'True',
            reason: 'TerminationByKubelet',
            lastTransitionTime: ago(seconds),
          },
        ],
        containerStatuses: [kit.container({ state: { terminated: { exitCode: 137, reason: 'Error' } } })],
      });
    expect(failureOf(gone(60))).toMatchObject({
      reason: 'Evicted',
      message: expect.stringContaining('ephemeral-storage'),
    });
    expect(failureOf(gone(3600))).toBeUndefined();
  });

  it('knows a node that has no healthy device for the pod', () => {
    const message =
      'Allocate failed due to requested number of devices unavailable for nvidia.com/gpu. Requested: 1, Available: 0, which is unexpected';
    expect(failureOf(pod('a', { phase: 'Failed', reason: 'UnexpectedAdmissionError', message }))).toMatchObject({
      reason: 'Unschedulable',
      message: expect.stringContaining('Available: 0'),
    });
  });

  it('takes a pod that is on its way out for no failure, however its engine ends', () => {
    const one = loading('a', crashed('', { exitCode: 143 }));
    expect(failureOf({ ...one, metadata: { ...one.metadata, deletionTimestamp: ago(5) } })).toBeUndefined();
  });
});

describe('start', () => {
  it('is patient within the budget, counted from the engine’s start', () => {
    const started = (seconds: number) =>
      loading('a', { state: { running: { startedAt: ago(seconds) } } }, seconds + 500);
    expect(failureOf(started(1799))).toBeUndefined();
    expect(failureOf(started(1801))).toMatchObject({
      reason: 'StartupBudgetExceeded',
      blocking: true,
      message: expect.stringContaining('30 minutes'),
    });
  });

  it('is never late when the budget is unknown', () => {
    expect(failureOf(loading('a', {}, 1e6), { startupBudgetSeconds: Infinity })).toBeUndefined();
  });

  it('names volumes that are not ready on the node', () => {
    const creating = (seconds: number) =>
      pod('a', {
        phase: 'Pending',
        startTime: ago(seconds),
        conditions: [
          { type: 'PodScheduled', status: 'True', lastTransitionTime: ago(seconds) },
          { type: 'PodReadyToStartContainers', status: 'False', lastTransitionTime: ago(seconds) },
        ],
        containerStatuses: [kit.container(waiting('ContainerCreating'))],
      });
    expect(failureOf(creating(60))).toBeUndefined();
    expect(failureOf(creating(180))).toMatchObject({ reason: 'VolumePending', blocking: false });
  });

  it('names an engine that has answered and no longer does', () => {
    const silent = (seconds: number) =>
      pod('a', {
        conditions: ['ContainersReady', 'Ready'].map((type) => ({
          type,
          status: 'False',
          lastTransitionTime: ago(seconds),
        })),
        containerStatuses: [kit.container({ started: true })],
      });
    expect(failureOf(silent(30))).toBeUndefined();
    expect(failureOf(silent(90))).toMatchObject({ reason: 'EngineNotResponding', blocking: false });
  });
});

describe('pods that do not come to exist', () => {
  const refused = (message: string, change: Parameters<typeof evidence>[1] = {}) =>
    classifyFailure(
      evidence([], { deployment: deploymentWith('ReplicaFailure', 'True', 'FailedCreate', message), ...change }),
    );

  test.each<[Reason, boolean, string]>([
    [
      'QuotaExceeded',
      false,
      'pods "chat-x-abc" is forbidden: exceeded quota: gpu, requested: requests.nvidia.com/gpu=2, used: requests.nvidia.com/gpu=8, limited: requests.nvidia.com/gpu=8',
    ],
    [
      'QuotaExceeded',
      true,
      'pods "chat-x-abc" is forbidden: failed quota: compute: must specify limits.cpu for: engine',
    ],
    [
      'AdmissionDenied',
      true,
      'pods "chat-x-abc" is forbidden: violates PodSecurity "restricted:latest": restricted volume types (volume "cache" uses restricted volume type "hostPath")',
    ],
    [
      'AdmissionDenied',
      true,
      'pods "chat-x-abc" is forbidden: maximum memory usage per Container is 16Gi, but limit is 32Gi',
    ],
    [
      'UnsupportedSource',
      true,
      'Deployment.apps "chat-x" is invalid: spec.template.spec.volumes[2]: Required value: must specify a volume type',
    ],
    ['AdmissionDenied', true, 'pods "chat-x-abc" is forbidden: no PriorityClass with name high was found'],
    ['AdmissionDenied', true, 'pods "chat-x-abc" is forbidden: pod rejected: RuntimeClass "nvidia" not found'],
    [
      'AdmissionDenied',
      true,
      'admission webhook "validate.kyverno.svc-fail" denied the request: images must be signed',
    ],
    [
      'AdmissionDenied',
      false,
      'pods "chat-x-abc" is forbidden: error looking up service account ai/chat: serviceaccount "chat" not found',
    ],
    [
      'AdmissionDenied',
      false,
      'serviceaccounts "chat" is forbidden: cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion deepseek-operator.io/v1alpha1 Kind DeepSeekDeployment: no matches for kind "DeepSeekDeployment"',
    ],
    [
      'AdmissionDenied',
      false,
      'Internal error occurred: failed calling webhook "mutate.example.com": failed to call webhook: Post "https://x.svc:443/?timeout=10s": context deadline exceeded',
    ],
    ['AdmissionDenied', true, 'Pod "chat-x-abc" is invalid: spec.containers[0].name: Required value'],
  ])('%s (final: %p): %s', (reason, blocking, message) => {
    const failure = refused(message);
    expect(failure).toMatchObject({ reason, blocking, affectedPods: 0, startedAt: ago(60) });
    expect(failure).not.toHaveProperty('pod');
    expect(failure?.message).toMatch(/^A pod is refused: /);
  });

  it('is not told once all pods are ready', () => {
    expect(refused('exceeded quota: x', { pods: [ready('a')], wantedReplicas: 1 })).toBeUndefined();
  });

  it('falls back to the Deployment’s deadline when nothing says more', () => {
    const deployment = deploymentWith(
      'Progressing',
      'False',
      'ProgressDeadlineExceeded',
      'ReplicaSet "x" has timed out progressing.',
    );
    expect(classifyFailure(evidence([], { deployment }))).toMatchObject({
      reason: 'StartupBudgetExceeded',
      blocking: true,
    });
    expect(failureOf(unscheduled('a', 'no nodes available'), { deployment })).toMatchObject({
      reason: 'Unschedulable',
    });
  });
});

describe('several pods', () => {
  const argument = crashed('vllm: error: unrecognized arguments: --x');

  it('tells what waiting cannot cure before what it can, in any order of the pods', () => {
    const pods = [
      unscheduled('a', '0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'),
      loading('b', argument),
      loading('c'),
    ];
    for (const order of [pods, pods.toReversed()]) {
      expect(classifyFailure(evidence(order))).toMatchObject({
        reason: 'UnknownEngineArgument',
        pod: 'b',
        affectedPods: 1,
      });
    }
  });

  it('puts what is final above what is more specific', () => {
    const limited = loading('a', waiting('ErrImagePull', 'toomanyrequests: You have reached your pull rate limit.'));
    expect(classifyFailure(evidence([limited, loading('b', argument)]))).toMatchObject({ pod: 'b', blocking: true });
    expect(classifyFailure(evidence([limited, loading('b')]))).toMatchObject({ pod: 'a', blocking: false });
  });

  it('looks at the container that is not ready, not at one that has recovered', () => {
    const { lastState } = crashed('torch.OutOfMemoryError: CUDA out of memory.');
    const recovered = kit.container({ ready: true, started: true, restartCount: 1, lastState });
    const proxy = kit.container({ name: 'proxy', ...crashed('something new') });
    expect(classifyFailure(evidence([pod('a', { containerStatuses: [recovered, proxy] })]))).toMatchObject({
      reason: 'CrashLoop',
    });
  });

  it('counts the pods that share it, and names the first', () => {
    const failure = classifyFailure(evidence([loading('b', argument), loading('a', argument), ready('c')]));
    expect(failure).toMatchObject({ pod: 'a', affectedPods: 2 });
    expect(failure?.message).toMatch(/^2 of 3 pods, a for one: the engine ended/);
  });

  it('is silent when nothing is wanted, or all that is wanted is ready', () => {
    expect(classifyFailure(evidence([loading('a', argument)], { wantedReplicas: 0 }))).toBeUndefined();
    expect(classifyFailure(evidence([ready('a'), loading('b', argument)], { wantedReplicas: 1 }))).toBeUndefined();
  });

  it('does not count a ready pod that is on its way out', () => {
    const leaving = { ...ready('a'), metadata: { name: 'a', deletionTimestamp: ago(5) } };
    expect(classifyFailure(evidence([leaving, loading('b', argument)], { wantedReplicas: 1 }))).toMatchObject({
      pod: 'b',
    });
  });

  it('heals: the same pods without the cause give no failure', () => {
    expect(classifyFailure(evidence([loading('a'), ready('b')]))).toBeUndefined();
  });

  it('says the same while nothing but time and restarts move', () => {
    const at = (now: number, restarts: number) =>
      classifyFailure(evidence([loading('a', crashed('x', { restarts }))], { now }))?.message;
    expect(at(kit.NOW, 1)).toBe(at(kit.NOW + 300_000, 7));
  });
});

it('uses reasons of the catalogue only', () => {
  const failure = failureOf(loading('a', crashed('x')));
  expect(isReason(failure?.reason ?? '')).toBe(true);
});
