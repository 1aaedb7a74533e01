import type { ReasonEntry } from './entry.ts';

/** Why pods do not run or do not answer. */
export const FAILURES = {
  AcceleratorNotFound: {
    on: ['CapacityAvailable', 'Ready'],
    meaning: 'No node of the cluster is labelled as the accelerator of the spec and offers its resource.',
    fix: 'Add such nodes, or use one of the classes in the message as accelerator.type. It goes on by itself, also when a cluster autoscaler brings one.',
  },
  AcceleratorMemoryMismatch: {
    on: ['CapacityAvailable'],
    meaning: 'The nodes of that accelerator say that their GPUs have another memory than the plan counts on.',
    fix: 'Correct accelerator.type (or accelerator.custom.memory), or the label nvidia.com/gpu.memory of the nodes.',
  },
  InsufficientGPUs: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'No node has enough free GPUs of the right kind.',
    fix: 'Add nodes or free GPUs: the message says how many of which kind are missing. It goes on by itself.',
  },
  Unschedulable: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'The scheduler finds no node, for another reason than GPUs: CPU, memory, labels, taints, or affinity.',
    fix: 'See the scheduler’s words in the message; adjust accelerator.nodeSelector, accelerator.tolerations, resources or podTemplate.affinity.',
  },
  SchedulingGated: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'Another controller, such as Kueue, holds the pods back.',
    fix: 'Look into the queue. It goes on by itself once the gate is lifted.',
  },
  ImageNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry does not have the image.',
    fix: 'Correct engine.image or engine.version (or model.source.image.reference).',
  },
  ImagePullUnauthorized: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry refuses to hand out the image.',
    fix: 'Name a Secret with the registry’s credentials in podTemplate.imagePullSecrets.',
  },
  ImagePullRateLimited: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The registry limits how many images are pulled.',
    fix: 'Wait, log in to the registry (podTemplate.imagePullSecrets), or use a mirror (engine.image).',
  },
  ImagePullFailed: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The image could not be pulled, for a reason that is not known better.',
    fix: 'See the node’s words in the message.',
  },
  OutOfMemoryHost: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The kernel killed the engine because its container used more memory than its limit (OOMKilled).',
    fix: 'Raise resources.memory.',
  },
  OutOfMemoryGPU: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine ran out of GPU memory (CUDA out of memory).',
    fix: 'Lower model.maxModelLen, use a smaller format or more GPUs; see whether something else uses the GPU.',
  },
  UnknownEngineArgument: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine does not know one of its arguments.',
    fix: 'Correct engine.extraArgs, or use an engine.version that has it.',
  },
  WeightsNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine found no weights where model.source says that they are.',
    fix: 'Correct model.source or model.revision.',
  },
  ModelGated: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The hub hands the weights out to those only who have accepted a licence (401 or 403).',
    fix: 'Accept the licence and name the token’s Secret in model.source.huggingFace.tokenSecretRef.',
  },
  DownloadFailed: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The weights could not be downloaded: the hub or bucket cannot be reached, or the disk is full.',
    fix: 'See the engine’s words in the message; check egress, model.source and the size of the cache.',
  },
  CrashLoop: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine keeps ending, for a reason that is not known better.',
    fix: 'See its last words in the message, and `kubectl logs --previous`.',
  },
  ContainerConfigError: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node cannot make the container from its description.',
    fix: 'See the node’s words in the message.',
  },
  SecretNotFound: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'A Secret or ConfigMap that the pods need, or a key of it, is not there.',
    fix: 'Create it; the message names it. It goes on by itself.',
  },
  StartupBudgetExceeded: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The pods were not ready within the time that loading may take.',
    fix: 'See the engine’s log for what is slow (download, disk); use a cache, or raise rollout.progressDeadline.',
  },
  EngineNotResponding: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine runs and does not answer its health check.',
    fix: 'Nothing at first: the pod is taken out of the Service and restarted. If it repeats, see its log.',
  },
  Evicted: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node evicted a pod because it ran short of memory or disk.',
    fix: 'Raise resources.memory, or use a cache volume instead of the node’s disk.',
  },
  PermissionDenied: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The engine may not read its weights or write its cache: it runs as user 2000 in group 0, not as root.',
    fix: 'Make the folder or volume that the message names accessible to that user, or set podTemplate.securityContext.',
  },
  GPUNotUsable: {
    on: ['CandidateHealthy', 'Ready'],
    meaning:
      'The engine cannot use the GPU: its driver is too old for the image, no device was handed to the container, or it is broken.',
    fix: 'Look after the node: its GPU driver, its device plugin and accelerator.runtimeClassName; or use an engine.version for its driver.',
  },
  Preempted: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The scheduler removed a pod to make room for one of higher priority.',
    fix: 'Give the pods a higher priority (podTemplate.priorityClassName), or add nodes.',
  },
  NodeLost: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'The node of a pod does not answer or is gone.',
    fix: 'Nothing: the pod is made again elsewhere, where there are GPUs. Look after the node.',
  },
  VolumePending: {
    on: ['CandidateHealthy', 'Ready'],
    meaning: 'A PersistentVolumeClaim that the pods need is not bound or cannot be mounted.',
    fix: 'See the claim; check its StorageClass and access mode (ReadWriteMany for several replicas).',
  },
  QuotaExceeded: {
    on: ['CapacityAvailable', 'CandidateHealthy', 'Ready'],
    meaning: 'A ResourceQuota of the namespace does not allow the pods.',
    fix: 'Raise the quota or free some of it. It goes on by itself.',
  },
  AdmissionDenied: {
    on: ['CandidateHealthy', 'Ready'],
    meaning:
      'The API server or a policy of the cluster refuses an object that the operator wants to make, or it fails to take it: an admission webhook does not answer, say.',
    fix: 'See its words in the message; change the spec or the policy.',
  },
} as const satisfies Record<string, ReasonEntry>;
