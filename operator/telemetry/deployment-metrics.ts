import { Gauge, type Registry } from 'prom-client';
import { type RollbackSample, RolloutMetrics, type RolloutNews } from './rollout-metrics.ts';

/** What is exported about one DeepSeekDeployment. */
export interface DeploymentSample {
  /** The phase of its rollout, or what stands for it at rest. */
  readonly phase: string;
  /** The reason of its Ready condition, one of the documented reasons. */
  readonly reason: string;
  readonly readyReplicas: number;
  readonly wantedReplicas: number;
  /** Replicas that the serving revision is given at present. */
  readonly assignedReplicas: number;
  /** Whether some revision has ever answered. */
  readonly hasServed: boolean;
  /** Whether Prometheus is told of its pods. */
  readonly isScraped: boolean;
  /** Most replicas that its autoscaler may ask for; absent: it has none. */
  readonly maxReplicas?: number;
  /** Whether its autoscaler would have more replicas than it may. */
  readonly isAtMaxReplicas: boolean;
  /** When a version was taken back by the operator itself last, milliseconds since the epoch; absent: not of late. */
  readonly rolledBackAt?: number;
  readonly rollback: RollbackSample;
  /** Revisions that have pods. */
  readonly revisions?: readonly RevisionSample[];
}

/** What the plan of a revision says that its engine does not. */
export interface RevisionSample {
  readonly revision: string;
  /** Requests that one engine runs at once. */
  readonly maxNumSeqs: number;
  /** Share of a GPU's memory that the plan lets the engine fill, 0 to 1; absent on a CPU. */
  readonly gpuMemoryFraction?: number;
}

interface DeploymentRef {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Gauges per DeepSeekDeployment (labels namespace and name) and their sums by phase and by reason. They are worked out
 * at each scrape from the last samples, so that an object that is gone leaves no series behind.
 */
export class DeploymentMetrics {
  readonly #samples = new Map<string, DeploymentRef & DeploymentSample>();
  readonly #rollouts: RolloutMetrics;

  /** `now`: milliseconds since the epoch. */
  constructor(registry: Registry, now: () => number) {
    this.#rollouts = new RolloutMetrics(registry, now);
    const samples = this.#samples;
    const registers = [registry];
    const owner = ['namespace', 'name'] as const;
    new Gauge({
      name: 'deepseek_operator_deployment_phase',
      help: '1 for the phase that the DeepSeekDeployment is in.',
      labelNames: [...owner, 'phase'],
      registers,
      collect() {
        this.reset();
        for (const { namespace, name, phase } of samples.values()) this.labels(namespace, name, phase).set(1);
      },
    });
    new Gauge({
      name: 'deepseek_operator_deployment_reason',
      help: '1 for the reason of the Ready condition of the DeepSeekDeployment.',
      labelNames: [...owner, 'reason'],
      registers,
      collect() {
        this.reset();
        for (const { namespace, name, reason } of samples.values()) this.labels(namespace, name, reason).set(1);
      },
    });
    const gauge = (metric: string, help: string, value: (sample: DeploymentSample) => number | undefined): void => {
      new Gauge({
        name: `deepseek_operator_deployment_${metric}`,
        help,
        labelNames: owner,
        registers,
        collect() {
          this.reset();
          for (const sample of samples.values()) {
            const found = value(sample);
            if (found !== undefined) this.labels(sample.namespace, sample.name).set(found);
          }
        },
      });
    };
    gauge('ready_replicas', 'Ready replicas of the serving revision.', ({ readyReplicas }) => readyReplicas);
    gauge('wanted_replicas', 'Replicas that the DeepSeekDeployment asks for.', ({ wantedReplicas }) => wantedReplicas);
    gauge(
      'assigned_replicas',
      'Replicas that the serving revision is given at present: fewer than wanted in a handover.',
      ({ assignedReplicas }) => assignedReplicas,
    );
    gauge('has_served', '1 if some revision has ever answered.', ({ hasServed }) => Number(hasServed));
    gauge('scraped', '1 if Prometheus is told of its pods.', ({ isScraped }) => Number(isScraped));
    gauge(
      'max_replicas',
      'Most replicas that its autoscaler may ask for; none without autoscaling.',
      ({ maxReplicas }) => maxReplicas,
    );
    gauge('at_max_replicas', '1 while its autoscaler would have more replicas than it may.', ({ isAtMaxReplicas }) =>
      Number(isAtMaxReplicas),
    );
    gauge(
      'last_rollback_timestamp_seconds',
      'When a version was taken back by the operator itself last, since the epoch.',
      ({ rolledBackAt }) => (rolledBackAt === undefined ? undefined : rolledBackAt / 1000),
    );
    const ofRevisions = (name: string, help: string, value: (sample: RevisionSample) => number | undefined): void => {
      new Gauge({
        name,
        help,
        labelNames: [...owner, 'revision'],
        registers,
        collect() {
          this.reset();
          for (const { namespace, name: deployment, revisions = [] } of samples.values()) {
            for (const sample of revisions) {
              const found = value(sample);
              if (found !== undefined) this.labels(namespace, deployment, sample.revision).set(found);
            }
          }
        },
      });
    };
    ofRevisions(
      'deepseek_operator_revision_max_num_seqs',
      'Requests that one engine of the revision runs at once.',
      ({ maxNumSeqs }) => maxNumSeqs,
    );
    ofRevisions(
      'deepseek_operator_revision_gpu_memory_fraction',
      'Share of a GPU that the plan lets an engine of the revision fill, 0 to 1.',
      ({ gpuMemoryFraction }) => gpuMemoryFraction,
    );
    new Gauge({
      name: 'deepseek_operator_deployments',
      help: 'DeepSeekDeployments by phase.',
      labelNames: ['phase'],
      registers,
      collect() {
        this.reset();
        for (const { phase } of samples.values()) this.labels(phase).inc();
      },
    });
    new Gauge({
      name: 'deepseek_operator_deployments_by_reason',
      help: 'DeepSeekDeployments by the reason of their Ready condition.',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const { reason } of samples.values()) this.labels(reason).inc();
      },
    });
  }

  set(ref: DeploymentRef, sample: DeploymentSample): void {
    this.#samples.set(key(ref), { ...sample, namespace: ref.namespace, name: ref.name });
    this.#rollouts.set(ref, sample.rollback);
  }

  /** What a pass has changed of the rollout; to be told once. */
  observe(ref: DeploymentRef, news: RolloutNews): void {
    this.#rollouts.observe(ref, news);
  }

  /** Ends all series of a DeepSeekDeployment that is gone. */
  delete(ref: DeploymentRef): void {
    this.#samples.delete(key(ref));
    this.#rollouts.delete(ref);
  }

  /** Ends all series: a process that leads no more knows nothing. */
  clear(): void {
    this.#samples.clear();
    this.#rollouts.clear();
  }
}

function key({ namespace, name }: DeploymentRef): string {
  return `${namespace}/${name}`;
}
