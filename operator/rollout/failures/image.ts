import { containersOf } from './pod.ts';
import type { Diagnosis, Finding } from './types.ts';
import { quote } from './words.ts';

/** Waiting reasons of a container whose image cannot be had (kubelet `pkg/kubelet/images/types.go`, cri-api `errors`). */
const IMAGE_REASONS = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
]);

interface PullError {
  readonly reason: Finding['reason'];
  readonly words: RegExp;
  readonly blocking: boolean;
  readonly fix?: string;
}

/**
 * What registries and runtimes (containerd, CRI-O, Docker) say, most specific first: Docker Hub tells strangers "pull
 * access denied, repository does not exist or may require authorization", so the rest of the message has to decide.
 * Numbers only with their words: a digest may contain 404.
 */
const PULL_ERRORS: readonly PullError[] = [
  {
    reason: 'ImagePullRateLimited',
    words: /\b429 Too Many Requests|toomanyrequests|rate limit/i,
    blocking: false,
  },
  {
    reason: 'ImagePullFailed',
    words: /no space left on device/i,
    blocking: false,
    fix: 'Free disk on the node, or give it more: engine images take 10 GB and more.',
  },
  {
    reason: 'ImagePullFailed',
    words:
      /dial tcp|i\/o timeout|connection refused|connection reset|x509:|TLS handshake timeout|no such host|server gave HTTP response/i,
    blocking: false,
    fix: 'The node does not reach the registry: check its network, DNS, proxy and certificates. It goes on by itself.',
  },
  {
    reason: 'ImagePullFailed',
    words: /no match for platform|no matching manifest for/i,
    blocking: true,
    fix: 'The image has no variant for the architecture of the node: use another engine.image, or other nodes.',
  },
  {
    reason: 'ImagePullUnauthorized',
    words:
      /\b40[13] (?:Unauthorized|Forbidden)|unauthorized|authentication required|no basic auth credentials|authorization token has expired|access denied|requested access to the resource is denied|insufficient_scope/i,
    blocking: true,
    fix: 'If the name is right, name a Secret with the registry’s credentials in podTemplate.imagePullSecrets; registries say the same of an image that does not exist.',
  },
  {
    reason: 'ImageNotFound',
    words: /: not found|manifest unknown|name unknown|manifest for .* not found|repository .* does not exist/i,
    blocking: true,
  },
];

const OTHER_PULL_ERROR: PullError = { reason: 'ImagePullFailed', words: /^/, blocking: false };

/** The image cannot be pulled: it is not there, we may not, not so often, or the registry is out of reach. */
export const imagePull: Diagnosis = (pod) => {
  for (const { image, state } of containersOf(pod)) {
    const { reason = '', message = '' } = state?.waiting ?? {};
    if (!IMAGE_REASONS.has(reason)) continue;
    const detail = `the image ${image} cannot be pulled: ${quote(message || reason)}`;
    if (reason === 'InvalidImageName') return { reason: 'ImageNotFound', detail, blocking: true };
    if (reason === 'ErrImageNeverPull') return { reason: 'ImageNotFound', detail, blocking: true };
    const error = PULL_ERRORS.find(({ words }) => words.test(message)) ?? OTHER_PULL_ERROR;
    return {
      reason: error.reason,
      detail,
      blocking: error.blocking,
      ...(error.fix !== undefined && { fix: error.fix }),
    };
  }
  return undefined;
};
