import type { EngineType, MonitoringSpec } from '../api/index.ts';
import { ANNOTATION } from '../api/index.ts';
import { CATALOG, type Catalog, findEngine } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { SCRAPE_ANNOTATION } from './relabeling.ts';

/** What monitoring has to know of a revision that has pods. */
export interface MonitoredRevision {
  readonly revision: string;
  readonly engine: EngineType;
  /** Catalogue names, or `custom`. */
  readonly model: string;
  readonly accelerator: string;
  readonly quantization: string;
  /** Where its engine shows its metrics. */
  readonly port: number;
  readonly metricsPath: string;
  /** Requests that one engine runs at once. */
  readonly maxNumSeqs: number;
  /** Share of a GPU's memory that the plan lets the engine fill, 0 to 1; absent on a CPU. */
  readonly gpuMemoryFraction?: number;
}

/** @throws RangeError on a plan that was made with another catalogue. */
export function monitoredRevision(revision: string, plan: ServingPlan, catalog: Catalog = CATALOG): MonitoredRevision {
  const { type, version } = plan.engine;
  const entry = findEngine(catalog, type)?.versions.find((candidate) => candidate.version === version);
  if (entry === undefined) throw new RangeError(`no ${type} ${version} in the catalogue`);
  const { weightsGiBPerGPU, overheadGiBPerGPU, kvCacheGiBPerGPU, gpuTotalGiB } = plan.memory;
  const filled = (weightsGiBPerGPU + overheadGiBPerGPU + kvCacheGiBPerGPU) / gpuTotalGiB;
  return {
    revision,
    engine: type,
    model: plan.model.name,
    accelerator: plan.accelerator.type,
    quantization: plan.quantization,
    port: entry.endpoints.port,
    metricsPath: entry.endpoints.metrics,
    maxNumSeqs: plan.maxNumSeqs,
    ...(plan.gpusPerReplica > 0 && { gpuMemoryFraction: Math.min(1, Math.round(filled * 100) / 100) }),
  };
}

/** How a scrape of engines is secured; TLS to the pod is what a proxy in it offers. */
export function scrapeScheme(monitoring: MonitoringSpec | undefined): 'http' | 'https' {
  return monitoring?.tls === undefined ? 'http' : 'https';
}

/** Annotations of the Service of a revision: what its series are labelled with, whoever scrapes it. */
export function factAnnotations({ model, quantization, accelerator }: MonitoredRevision): Record<string, string> {
  return {
    [ANNOTATION.model]: model,
    [ANNOTATION.quantization]: quantization,
    [ANNOTATION.accelerator]: accelerator,
  };
}

/**
 * Annotations of the Service of a revision by which a plain Prometheus scrapes its pods, and the facts. Never on the pod
 * template: there they would make a revision.
 */
export function scrapeAnnotations(
  revision: MonitoredRevision,
  monitoring: MonitoringSpec | undefined,
): Record<string, string> {
  return {
    ...factAnnotations(revision),
    [SCRAPE_ANNOTATION.scrape]: 'true',
    [SCRAPE_ANNOTATION.path]: revision.metricsPath,
    [SCRAPE_ANNOTATION.port]: String(revision.port),
    [SCRAPE_ANNOTATION.scheme]: scrapeScheme(monitoring),
  };
}
