import type { IContainer } from 'kubernetes-models/v1/Container';
import type { DeepSeekDeployment } from '../api/index.ts';
import { CATALOG, findEngine } from '../catalog/index.ts';
import type { CanonicalMetric, Catalog, EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import type { EngineContainer } from './types.ts';

/** Seconds between two questions whether the engine has loaded. */
const STARTUP_PERIOD_SECONDS = 10;

type Probes = Pick<EngineContainer, 'startupProbe' | 'livenessProbe' | 'readinessProbe'>;

/**
 * The three probes of an engine that answers `path` at once while it is well. A hung one is out of the Service after at
 * most 5 + 5 + `timeoutSeconds` seconds, and restarted only after two minutes without an answer: a long prefill of a
 * busy engine is shorter, a dead one stays dead. Start-up may take the whole budget of the plan.
 */
export function probes(plan: ServingPlan, { port, path, timeoutSeconds = 3, slowSeconds = 15 }: ProbeOptions): Probes {
  const health = { httpGet: { path, port } };
  return {
    startupProbe: {
      ...health,
      periodSeconds: STARTUP_PERIOD_SECONDS,
      timeoutSeconds: Math.max(5, timeoutSeconds),
      failureThreshold: Math.max(1, Math.ceil(plan.startupBudgetSeconds / STARTUP_PERIOD_SECONDS)),
    },
    livenessProbe: { ...health, periodSeconds: 20, timeoutSeconds: slowSeconds, failureThreshold: 6 },
    readinessProbe: { ...health, periodSeconds: 5, timeoutSeconds, failureThreshold: 2 },
  };
}

interface ProbeOptions {
  readonly port: number;
  readonly path: string;
  /** What a healthy engine needs for an answer at most. */
  readonly timeoutSeconds?: number;
  /** What a busy one may need. */
  readonly slowSeconds?: number;
}

/** The API key of the spec as an environment variable: in an argument it would be read by everybody who may see the pod. */
export function apiKey({ spec }: DeepSeekDeployment, name: string): NonNullable<IContainer['env']> {
  const reference = spec.engine?.apiKeySecretRef;
  return reference === undefined ? [] : [{ name, valueFrom: { secretKeyRef: { ...reference } } }];
}

/** What clients may send as `model`, the first is the canonical one. */
export function servedNames({ metadata, spec }: DeepSeekDeployment): readonly [string, ...string[]] {
  const [first = metadata.name, ...others] = spec.model.servedNames ?? [];
  return [first, ...others];
}

/** The entry of a planned engine. Throws RangeError when the plan was made with another catalogue. */
export function engineVersion(
  { type, version }: Pick<ServingPlan['engine'], 'type' | 'version'>,
  catalog: Catalog,
): EngineVersion {
  const found = findEngine(catalog, type)?.versions.find((candidate) => candidate.version === version);
  if (found === undefined) throw new RangeError(`no ${type} ${version} in the catalogue`);
  return found;
}

/** Names under which an engine reports the signals that users know; a signal that it does not have is left out. */
export function metricNames(
  engine: Pick<ServingPlan['engine'], 'type' | 'version'>,
  catalog: Catalog = CATALOG,
): Readonly<Partial<Record<CanonicalMetric, string>>> {
  return engineVersion(engine, catalog).metrics;
}
