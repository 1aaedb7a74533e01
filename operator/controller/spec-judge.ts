import { type DeepSeekDeployment, parseDeepSeekDeployment } from '../api/index.ts';
import { limitSignal } from '../kube/limited-signal.ts';
import type { Clock, KubeObject } from '../kube/types.ts';
import { until } from '../kube/until.ts';
import { SERVING_PRIORITY_CLASS } from '../resources/priority-class.ts';
import type { SpecVerdict } from '../webhook/index.ts';
import type { Caches } from './caches.ts';
import { acceleratorFinding } from './decide/capacity.ts';
import { ignoredVerdict } from './decide/ignored-fields.ts';
import { judgeSpec, planVerdict, specWarnings } from './decide/spec-verdict.ts';
import { gather } from './gather.ts';
import { NOTHING_OBSERVED } from './observations.ts';
import type { PriorityClassReader } from './priority-class.ts';
import type { ServerVersionReader } from './server-version.ts';
import type { LiveDeepSeekDeployment, LiveMeta } from './snapshot.ts';

export interface SpecJudgeOptions {
  readonly caches: Pick<Caches, 'childStores'> & { readonly nodes: Pick<Caches['nodes'], 'nodes'> };
  readonly serverVersion: Pick<ServerVersionReader, 'read'>;
  readonly priorityClasses: Pick<PriorityClassReader, 'value'>;
  readonly clock: Clock;
}

/** How long a verdict waits for what is not in the caches, milliseconds; the API server waits for two seconds. */
const READ_LIMIT_MS = 500;

/**
 * Says of an object what a pass would say of its plan, before it is stored and in any replica. Where GPUs are not there yet
 * a pass waits, and so this only warns.
 */
export class SpecJudge {
  readonly #options: SpecJudgeOptions;

  constructor(options: SpecJudgeOptions) {
    this.#options = options;
  }

  /** Judges an object as it is on the wire. */
  async judge(object: KubeObject, signal: AbortSignal): Promise<SpecVerdict> {
    const { status: _, ...wish } = object as LiveDeepSeekDeployment;
    const parsed = parseDeepSeekDeployment(wish);
    if (!parsed.ok)
      return { refusal: { reason: 'InvalidSpec', message: parsed.message, alternatives: [] }, warnings: [] };
    const { spec } = object as LiveDeepSeekDeployment;
    const snapshot = await this.#look(object, signal);
    const judged = judgeSpec(snapshot);
    const { plan, isNew } = judged.desired;
    const ignored = ignoredVerdict(spec)?.message;
    const { status, reason, message } = planVerdict(judged);
    if (status === 'False') {
      const alternatives = plan.alternatives.map(({ summary }) => summary);
      return { refusal: { reason, message, alternatives }, warnings: ignored === undefined ? [] : [ignored] };
    }
    // What runs has its nodes.
    const nodes = isNew ? acceleratorFinding(snapshot, judged.desired)?.message : undefined;
    return { warnings: [...specWarnings(judged), ...[ignored, nodes].filter((text) => text !== undefined)] };
  }

  async #look(object: KubeObject, signal: AbortSignal) {
    const { caches, clock, serverVersion, priorityClasses } = this.#options;
    // As the operator reads it from its caches: without defaults of its own schema.
    const deployment = { ...object, metadata: { uid: '', ...object.metadata } } as unknown as DeepSeekDeployment & {
      readonly metadata: LiveMeta;
    };
    const { model, podTemplate } = deployment.spec;
    const onImage = model.source?.image !== undefined;
    const isNamed = podTemplate?.priorityClassName !== undefined;
    const [version, priority] = await Promise.all([
      onImage ? this.#read((limited) => serverVersion.read(limited), signal) : undefined,
      isNamed
        ? undefined
        : this.#read(
            async (limited) => ({ value: await priorityClasses.value(SERVING_PRIORITY_CLASS, limited) }),
            signal,
          ),
    ]);
    return gather(
      deployment,
      caches.childStores,
      { known: () => new Map() },
      {
        cluster: {
          ...{ nodes: caches.nodes.nodes, version },
          ...(priority && { servingPriority: priority.value !== undefined }),
        },
        observations: NOTHING_OBSERVED,
        claims: [],
        monitoring: { has: {}, live: new Map() },
      },
      clock.now(),
    );
  }

  /** What the API server says within the limit; undefined: it does not, and the verdict is given without. */
  async #read<T>(ask: (limited: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T | undefined> {
    const limit = limitSignal(signal, this.#options.clock, READ_LIMIT_MS, () => new Error('the verdict cannot wait'));
    try {
      return await until(ask(limit.signal), limit.signal);
    } catch {
      return undefined;
    } finally {
      limit.release();
    }
  }
}
