import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IVolume } from 'kubernetes-models/v1/Volume';

/** What one engine needs of its pod; made from a ServingPlan, pure. The resources builder adds what every engine shares. */
export interface EngineContainer {
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: NonNullable<IContainer['env']>;
  /** Secrets whose keys become variables; what `env` says wins. */
  readonly envFrom?: NonNullable<IContainer['envFrom']>;
  /** HTTP port of the API, and of the metrics. */
  readonly port: number;
  readonly metricsPath: string;
  readonly startupProbe: NonNullable<IContainer['startupProbe']>;
  readonly livenessProbe: NonNullable<IContainer['livenessProbe']>;
  readonly readinessProbe: NonNullable<IContainer['readinessProbe']>;
  /** Run before the engine, in order; e.g. the download of weights that the engine cannot fetch itself. */
  readonly initContainers: readonly IContainer[];
  readonly volumes: readonly IVolume[];
  readonly volumeMounts: NonNullable<IContainer['volumeMounts']>;
  /** Seconds that the pod may take to stop: preStop delay + the engine's drain + a margin. */
  readonly terminationGracePeriodSeconds: number;
  /** Seconds that preStop sleeps, so that the pod has left the EndpointSlices before SIGTERM. */
  readonly preStopSeconds: number;
  /** For an engine that does not drain: preStop runs this instead of sleeping. It sleeps so long itself. */
  readonly preStopCommand?: readonly string[];
}
