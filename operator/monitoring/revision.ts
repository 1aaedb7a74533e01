import type { EngineType, MonitoringSpec } from '../api/index.ts';
import { ANNOTATION } from '../api/index.ts';
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
  /** Requests that one engine runs at once; absent: a revision from before this was stored. */
  readonly maxNumSeqs?: number;
  /** Share of a GPU's memory that the plan lets the engine fill, 0 to 1; absent on a CPU. */
  readonly gpuMemoryFraction?: number;
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
