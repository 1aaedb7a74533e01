import { REASONS } from '../../api/index.ts';
import type { FailureEvidence, Finding } from './types.ts';
import { quote } from './words.ts';

interface Refusal {
  readonly reason: Finding['reason'];
  readonly words: RegExp;
  /** Absent: the fix of the reason's catalogue entry. */
  readonly fix?: string;
  readonly blocking: boolean;
}

/** How the API server and its admission plugins refuse an object; texts of Kubernetes 1.36. */
const REFUSALS: readonly Refusal[] = [
  { reason: 'QuotaExceeded', words: /exceeded quota: /, blocking: false },
  {
    reason: 'QuotaExceeded',
    words: /failed quota: [^:]+: must specify/,
    fix: 'The quota counts something that the pods leave open: give the namespace a LimitRange with a default for it.',
    blocking: true,
  },
  {
    reason: 'AdmissionDenied',
    words: /violates PodSecurity/,
    fix: 'The pods keep the standard `restricted` unless the spec breaks it: look at podTemplate and at a hostPath cache, or label the namespace.',
    blocking: true,
  },
  {
    reason: 'AdmissionDenied',
    words: /(?:maximum|minimum) \S+ usage per|max limit to request ratio/,
    fix: 'A LimitRange of the namespace bounds the pods: set resources.cpu and resources.memory within it, or change it.',
    blocking: true,
  },
  {
    reason: 'AdmissionDenied',
    words: /no PriorityClass with name/,
    fix: 'Install the PriorityClass, or correct podTemplate.priorityClassName.',
    blocking: true,
  },
  {
    reason: 'AdmissionDenied',
    words: /RuntimeClass "[^"]+" not found/,
    fix: 'Install the RuntimeClass, or correct accelerator.runtimeClassName.',
    blocking: true,
  },
  {
    // What is left of an image volume when the API server has dropped a field that its feature gate turns off.
    reason: 'UnsupportedSource',
    words: /volumes\[\d+\]: Required value: must specify a volume type/,
    fix: 'The API server does not keep image volumes: turn on its feature gate ImageVolume (Kubernetes 1.33 and later, on by default from 1.35), or use another model.source.',
    blocking: true,
  },
  {
    reason: 'AdmissionDenied',
    words: /admission webhook .* denied the request|ValidatingAdmissionPolicy .* denied request/,
    blocking: true,
  },
  {
    // A ServiceAccount that was made a moment ago may not be known yet; a foreign one may not exist.
    reason: 'AdmissionDenied',
    words: /error looking up service account/,
    fix: 'Create the ServiceAccount, or correct podTemplate.serviceAccountName. It goes on by itself.',
    blocking: false,
  },
  {
    // Its admission plugin looks up the kind of the owner, of which it learns half a minute after the CRD is installed.
    reason: 'AdmissionDenied',
    words: /cannot find RESTMapping for APIVersion/,
    fix: 'The API server does not know the kind DeepSeekDeployment yet, whose CRD was installed a moment ago. It goes on by itself.',
    blocking: false,
  },
  {
    reason: 'AdmissionDenied',
    words: /failed calling webhook/,
    fix: 'An admission webhook of the cluster does not answer: look after it. It goes on by itself.',
    blocking: false,
  },
];

const OTHER: Refusal = { reason: 'AdmissionDenied', words: /^/, blocking: true };

/** Why the API server refused to make or change `what`, from its message. */
export function classifyRefusal(
  what: string,
  message: string,
): Pick<Finding, 'reason' | 'blocking'> & { message: string } {
  const { reason, blocking, detail, fix } = refusal(what, message);
  return { reason, blocking, message: `${detail}. ${fix}` };
}

/** What is told when the API server has failed to make or change `what` for a while, and does not say why: from the last error. */
export function classifyFailedWrite(
  what: string,
  message: string,
): Pick<Finding, 'reason' | 'blocking'> & { message: string } {
  const fix = 'Look after the API server, its etcd and its admission webhooks. It goes on by itself.';
  return {
    reason: 'AdmissionDenied',
    blocking: false,
    message: `${what} cannot be made or changed, try after try: ${quote(message)}. ${fix}`,
  };
}

function refusal(what: string, message: string): Finding & { readonly fix: string } {
  const { reason, blocking, fix } = REFUSALS.find(({ words }) => words.test(message)) ?? OTHER;
  const entry: { readonly fix?: string } = REASONS[reason];
  return { reason, blocking, detail: `${what} is refused: ${quote(message)}`, fix: fix ?? entry.fix ?? '' };
}

/** Pods do not come to exist: the ReplicaSet controller is refused, which only the Deployment's conditions show. */
export function podsRefused({ deployment }: FailureEvidence): Finding | undefined {
  const condition = deployment?.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (condition?.reason !== 'FailedCreate') return undefined;
  return { ...refusal('a pod', condition.message ?? ''), startedAt: condition.lastTransitionTime };
}

/** The Deployment controller has waited longer than it may, and nothing says why. */
export function deadlineExceeded({ deployment }: FailureEvidence): Finding | undefined {
  const condition = deployment?.status?.conditions?.find(({ type }) => type === 'Progressing');
  if (condition?.reason !== 'ProgressDeadlineExceeded') return undefined;
  return {
    reason: 'StartupBudgetExceeded',
    detail: 'the pods did not become available within the progress deadline',
    blocking: true,
    startedAt: condition.lastTransitionTime,
  };
}
