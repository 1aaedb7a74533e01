import { statementsOf } from './statements.ts';
import type { Finding } from './types.ts';

/** Something that an engine says before it ends, and what it means. */
export interface LastWords {
  readonly reason: Finding['reason'];
  readonly words: RegExp;
  /** The words are a failure only where an error says them: a warning may say them too, and the engine goes on. */
  readonly inErrors?: true;
  /** The same start would end the same way. */
  readonly final: boolean;
  /** What to do, where the reason's own fix is too general. */
  readonly fix?: string;
}

/**
 * Most specific first, for the words of one error. Each pattern is a text of vLLM 0.32 (V), SGLang (S), llama.cpp (L), PyTorch (P), huggingface_hub
 * (H), rclone (R) or Python itself; the test has them as they were printed.
 */
export const LAST_WORDS: readonly LastWords[] = [
  {
    // argparse (V, S); llama.cpp says "invalid argument".
    reason: 'UnknownEngineArgument',
    words:
      /error: unrecognized arguments?:|error: argument [^:\n]+: (?:invalid|expected|ignored)|error: the following arguments are required|^error: invalid argument:|error while handling argument/m,
    final: true,
  },
  {
    // H
    reason: 'ModelGated',
    words: /Cannot access gated repo|GatedRepoError|Access to model \S+ is restricted|trying to access a gated repo/,
    final: true,
  },
  {
    // H: the hub does not tell a stranger whether a repository is private or does not exist.
    reason: 'WeightsNotFound',
    words: /RepositoryNotFoundError|Repository Not Found for url/,
    final: true,
    fix: 'Correct model.source.huggingFace.repository; if the repository is private, name the token’s Secret in model.source.huggingFace.tokenSecretRef.',
  },
  {
    // H
    reason: 'ModelGated',
    words: /\b40[13] Client Error|\b401 Unauthorized|\b403 Forbidden|Invalid user token|Invalid username or password/,
    inErrors: true,
    final: true,
    fix: 'The hub refuses the token: check the Secret of model.source.huggingFace.tokenSecretRef, and accept the model’s licence with its account.',
  },
  {
    // H
    reason: 'WeightsNotFound',
    words: /RevisionNotFoundError|Revision Not Found for url|Invalid rev id|is not a valid git identifier/,
    final: true,
    fix: 'Correct model.revision: the repository has no such commit or tag.',
  },
  {
    reason: 'DownloadFailed',
    words: /No space left on device|Not enough free disk space/,
    inErrors: true,
    final: false,
    fix: 'Give the cache more room: model.source.cache.emptyDir.sizeLimit, or a larger volume.',
  },
  {
    // H: LocalEntryNotFoundError comes with the connection error that caused it.
    reason: 'DownloadFailed',
    words:
      /LocalEntryNotFoundError|An error happened while trying to locate the files|(?:huggingface|hf-mirror|hub)[\s\S]{0,400}(?:Max retries exceeded|Name or service not known|Temporary failure in name resolution|timed out|Connection (?:refused|reset))|\b429 Client Error/i,
    inErrors: true,
    final: false,
  },
  {
    // R
    reason: 'WeightsNotFound',
    words:
      /Failed to copy[^\n]*: (?:directory|object|bucket) not found|\b(?:NoSuchBucket|NoSuchKey|ContainerNotFound)\b/,
    final: true,
    fix: 'Correct model.source.objectStorage.uri, and endpoint where the store is not the cloud’s own.',
  },
  {
    // R
    reason: 'DownloadFailed',
    words:
      /\b(?:AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|NoCredentialProviders|AuthorizationFailure|AuthenticationFailed)\b|failed to (?:refresh cached|retrieve) credentials|could not find default credentials|Failed to copy: [^\n]*StatusCode: 40[13]\b/,
    final: true,
    fix: 'The store refuses the credentials: check the Secret of model.source.objectStorage.credentialsSecretRef.',
  },
  {
    // H, V, transformers, L
    reason: 'WeightsNotFound',
    words:
      /EntryNotFoundError|Entry Not Found for url|Cannot find any model weights with|Invalid repository ID or local directory specified|does not appear to have a file named|HFValidationError|failed to open GGUF file [^\n]*No such file|failed to load model from/,
    final: true,
  },
  {
    reason: 'TrustRemoteCodeRequired',
    words:
      /contains custom code which must be executed|requires you to execute the \w+ file|(?:pass the argument|set(?:ting)?(?: the option)?) `?trust_remote_code=True|using the `--trust-remote-code` flag/,
    final: true,
  },
  {
    reason: 'PermissionDenied',
    words: /PermissionError: \[Errno 13\]|Permission denied|Read-only file system|getpwuid\(\): uid not found/,
    inErrors: true,
    final: true,
  },
  {
    // V, S
    reason: 'IllegalParallelism',
    words:
      /must be divisible by (?:the )?tensor[ _]parallel|(?:attention heads|num_heads|vocab(?:ulary)?[ _]size|hidden layers)[^\n]* (?:divisible|not divisible)|is not divisible by/i,
    inErrors: true,
    final: true,
    fix: 'Set accelerator.parallelism.tensor to a number that divides the model’s heads, or leave it out.',
  },
  {
    // V
    reason: 'ContextTooLong',
    words: /max_model_len \(\d+\) is greater than the derived max_model_len/,
    final: true,
  },
  {
    // V
    reason: 'UnsupportedQuantization',
    words: /quantization method \S+ is not supported|Bfloat16 is only supported on GPUs with compute capability/,
    final: true,
  },
  {
    // V: somebody else's memory on the same GPU, often a predecessor that is still ending.
    reason: 'OutOfMemoryGPU',
    words: /Free memory on device[\s\S]{0,80}is less than desired GPU memory utilization/,
    final: false,
    fix: 'Something else uses the GPU: a pod that is still ending, or a process beside Kubernetes. Shared GPUs need accelerator.resourceName of a slice.',
  },
  {
    // V
    reason: 'OutOfMemoryGPU',
    words:
      /No available memory for the cache blocks|larger than the (?:available KV cache memory|maximum number of tokens that can be stored in KV cache)/,
    final: true,
    fix: 'The KV cache does not fit: lower model.maxModelLen, use a smaller format or more GPUs.',
  },
  {
    // P, S, L
    reason: 'OutOfMemoryGPU',
    words:
      /CUDA out of memory|CUDA error: out of memory|torch\.(?:cuda\.)?OutOfMemoryError|cudaMalloc failed: out of memory|Not enough memory\. Please try to increase --mem-fraction-static/,
    final: true,
  },
  {
    // P, V
    reason: 'GPUNotUsable',
    words:
      /NVIDIA driver on your system is too old|CUDA driver version is insufficient|no kernel image is available for execution on the device|No CUDA GPUs are available|Failed to infer device type|Found no NVIDIA driver|uncorrectable ECC error|GPU is lost/,
    final: true,
  },
];

/** vLLM's server ends with this when its engine process has failed; the cause is further up in the log than the message keeps. */
export const CAUSE_ABOVE = /Engine core initialization failed\. See root cause above/;

/**
 * Why the engine ended, by its log, and the line that says it. What it said last counts: what comes before did not end
 * it. Of one error, which may be several lines long, the most specific entry counts.
 */
export function readLastWords(log: string): { readonly entry: LastWords; readonly line: string } | undefined {
  for (const { text, isError } of statementsOf(log).reverse()) {
    for (const entry of LAST_WORDS) {
      const match = entry.inErrors === true && !isError ? null : entry.words.exec(text);
      if (match) return { entry, line: lineOf(text, match) };
    }
  }
  return undefined;
}

function lineOf(text: string, match: RegExpExecArray): string {
  const start = text.lastIndexOf('\n', match.index) + 1;
  const end = text.indexOf('\n', match.index + match[0].length);
  return text.slice(start, end === -1 ? undefined : end);
}
