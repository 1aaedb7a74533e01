import { z } from 'zod';
import { LABEL } from './names.ts';

/** What happens to a pod instead of loading and becoming ready. */
export const failures = ['crash', 'oom', 'cuda-oom', 'image-pull', 'never-ready', 'gated'] as const;
export type Failure = (typeof failures)[number];

/** Which pods a rule speaks about: all that match every member that is given. `{}` is every pod. */
const matchSchema = z.strictObject({
  /** `<namespace>/<name>` of one pod. */
  pod: z.string().optional(),
  namespace: z.string().optional(),
  /** Labels that the pod has, with these values. */
  labels: z.record(z.string(), z.string()).optional(),
  /** Name of the DeepSeekDeployment that the pod belongs to, and one of its revisions. */
  deployment: z.string().optional(),
  revision: z.string().optional(),
  /** Every revision but this one: what comes after the one that serves, whose hash nobody knows yet. */
  notRevision: z.string().optional(),
});

const behaviourSchema = z.strictObject({
  /** Seconds until the model is loaded, before the time scale. Default: drawn from the startup budget. */
  loadSeconds: z.number().min(0).optional(),
  failure: z.enum(failures).optional(),
  /** Of `crash`; default 1. */
  exitCode: z.int().min(1).max(255).optional(),
  /** Termination message, or the text of a failed image pull. Default: what the engine or the kubelet would say. */
  message: z.string().max(4096).optional(),
  /**
   * Seconds of serving, before the time scale, and generation requests after which `failure` (crash, oom, cuda-oom) comes,
   * counted anew for each container; whichever is first. Default: at once, while it loads.
   */
  failAfterSeconds: z.number().min(0).optional(),
  failAfterRequests: z.int().min(1).optional(),
  /** Seconds of serving, before the time scale, after which its health check fails and the pod is no longer ready. */
  unreadyAfterSeconds: z.number().min(0).optional(),
  /** Memory that leaks: the engine slows down evenly, and is OOMKilled in the end. */
  leak: z
    .strictObject({
      /** Where the end is, as with `failAfterSeconds` and `failAfterRequests`. */
      afterSeconds: z.number().positive().optional(),
      afterRequests: z.int().min(1).optional(),
      /** Factor on every latency at the end; default 1. */
      slowFactor: z.number().min(1).optional(),
      /** Default true; false: it goes on, slower and slower. */
      oom: z.boolean().optional(),
    })
    .refine(({ afterSeconds, afterRequests }) => afterSeconds !== undefined || afterRequests !== undefined, {
      message: 'a leak needs afterSeconds or afterRequests',
    })
    .optional(),
  /** `tokens`: no token any more, its health check is fine. `everything`: no answer to anything, and no longer ready. */
  hang: z.enum(['tokens', 'everything']).optional(),
  /** Share of generation requests that are answered with 500. */
  errorRate: z.number().min(0).max(1).optional(),
  /** Shares of generation requests that stop half way: without a word, or with their connection. */
  stallRate: z.number().min(0).max(1).optional(),
  cutRate: z.number().min(0).max(1).optional(),
  /** Factor on every latency. */
  slowFactor: z.number().positive().optional(),
  /** Further factor on the time to the first token alone. */
  firstTokenFactor: z.number().positive().optional(),
  /**
   * Sigma of the lognormal noise (median 1) on the latencies of each request: one factor on its time to the first token,
   * another on its pace. Default 0.
   */
  latencySigma: z.number().min(0).max(3).optional(),
  wrongAnswers: z.boolean().optional(),
});

export const ruleSchema = z.strictObject({
  /** A rule replaces the earlier one with the same name. */
  name: z.string().min(1).max(253),
  match: matchSchema,
  behaviour: behaviourSchema,
});

export type PodMatch = z.infer<typeof matchSchema>;
export type PodBehaviour = z.infer<typeof behaviourSchema>;
export type Rule = z.infer<typeof ruleSchema>;

/** What a rule looks at; both exist before the pod has an address or a state. */
export interface PodIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function matches(match: PodMatch, pod: PodIdentity): boolean {
  if (match.pod !== undefined && match.pod !== `${pod.namespace}/${pod.name}`) return false;
  if (match.namespace !== undefined && match.namespace !== pod.namespace) return false;
  if (match.deployment !== undefined && match.deployment !== pod.labels[LABEL.name]) return false;
  if (match.revision !== undefined && match.revision !== pod.labels[LABEL.revision]) return false;
  if (match.notRevision !== undefined && match.notRevision === pod.labels[LABEL.revision]) return false;
  return Object.entries(match.labels ?? {}).every(([key, value]) => pod.labels[key] === value);
}

/** The rule for one revision of a DeepSeekDeployment; it replaces the earlier one for it. */
export function revisionRule(deployment: string, revision: string, behaviour: PodBehaviour, namespace?: string): Rule {
  const match = { deployment, revision, ...(namespace !== undefined && { namespace }) };
  return { name: ['revision', namespace, deployment, revision].filter(Boolean).join('/'), match, behaviour };
}

/** The rule for every revision of a DeepSeekDeployment but the one that serves: what is rolled out next. */
export function nextRevisionRule(deployment: string, serving: string, behaviour: PodBehaviour): Rule {
  return { name: `after/${deployment}`, match: { deployment, notRevision: serving }, behaviour };
}

/** The rules in force, in the order in which they were set: a later one wins, field by field. */
export class RuleBook {
  readonly #rules = new Map<string, Rule>();
  readonly #listeners: (() => void)[] = [];

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  list(): Rule[] {
    return [...this.#rules.values()];
  }

  /** Pods that exist and pods to come are ruled alike, from now on. */
  set(rule: Rule): void {
    this.#rules.delete(rule.name);
    this.#rules.set(rule.name, rule);
    this.#changed();
  }

  /** False when there is no rule of that name. */
  remove(name: string): boolean {
    const removed = this.#rules.delete(name);
    if (removed) this.#changed();
    return removed;
  }

  clear(): void {
    this.#rules.clear();
    this.#changed();
  }

  behaviourOf(pod: PodIdentity): PodBehaviour {
    return Object.assign(
      {},
      ...this.list()
        .filter((rule) => matches(rule.match, pod))
        .map((rule) => rule.behaviour),
    ) as PodBehaviour;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
