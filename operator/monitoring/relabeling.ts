import { CATALOG } from '../catalog/index.ts';
import { ANNOTATION, LABEL } from '../api/index.ts';
import { boundPattern, HISTOGRAMS } from './histograms.ts';
import { SERIES_LABEL } from './names.ts';
import { engineMetric } from './recording-rules.ts';

/** One step of relabelling, in Prometheus' own terms. */
export interface RelabelStep {
  readonly source?: readonly string[];
  readonly regex?: string;
  readonly action?: 'keep' | 'drop' | 'labeldrop';
  readonly target?: string;
  readonly replacement?: string;
}

/** As in Prometheus' configuration. */
export function plainRelabel({ source, regex, action, target, replacement }: RelabelStep) {
  return {
    ...(source && { source_labels: [...source] }),
    ...(regex !== undefined && { regex }),
    ...(target !== undefined && { target_label: target }),
    ...(replacement !== undefined && { replacement }),
    ...(action && { action }),
  };
}

/** As in the objects of prometheus-operator. */
export function objectRelabel({ source, regex, action, target, replacement }: RelabelStep) {
  return {
    ...(source && { sourceLabels: [...source] }),
    ...(regex !== undefined && { regex }),
    ...(target !== undefined && { targetLabel: target }),
    ...(replacement !== undefined && { replacement }),
    ...(action && { action }),
  };
}

/** A key of a label or annotation as it stands in Prometheus' meta labels. */
export function metaName(key: string): string {
  return key.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

const service = (kind: 'label' | 'annotation', key: string) => `__meta_kubernetes_service_${kind}_${metaName(key)}`;

/** What generic scrape configurations look for, on the Service of a revision. */
export const SCRAPE_ANNOTATION = {
  scrape: 'prometheus.io/scrape',
  path: 'prometheus.io/path',
  port: 'prometheus.io/port',
  scheme: 'prometheus.io/scheme',
} as const;

/**
 * From the EndpointSlices of the revisions' Services to targets with our labels. A pod is a target while it stands in the
 * slice: from its start to its end, so a draining one is seen until it has gone, and no longer.
 */
export const ANNOTATED_STEPS: readonly RelabelStep[] = [
  { source: [service('annotation', SCRAPE_ANNOTATION.scrape)], regex: 'true', action: 'keep' },
  { source: [service('annotation', SCRAPE_ANNOTATION.path)], regex: '(.+)', target: '__metrics_path__' },
  { source: [service('annotation', SCRAPE_ANNOTATION.scheme)], regex: '(https?)', target: '__scheme__' },
  ...endpointSliceSteps(),
];

/** The same for who is told by other means than annotations which Services to scrape, and how. */
export function endpointSliceSteps(): RelabelStep[] {
  return [
    { source: ['__meta_kubernetes_endpointslice_port_name'], regex: 'http', action: 'keep' },
    { source: ['__meta_kubernetes_namespace'], target: SERIES_LABEL.namespace },
    { source: ['__meta_kubernetes_pod_name'], target: SERIES_LABEL.pod },
    { source: [service('label', LABEL.name)], target: SERIES_LABEL.deployment },
    { source: [service('label', LABEL.revision)], target: SERIES_LABEL.revision },
    { source: [service('annotation', ANNOTATION.model)], target: SERIES_LABEL.model },
    { source: [service('annotation', ANNOTATION.quantization)], target: SERIES_LABEL.quantization },
    { source: [service('annotation', ANNOTATION.accelerator)], target: SERIES_LABEL.gpu },
  ];
}

/** Series of the processes of Python and its web servers. */
const PROCESS =
  '(python|process)_.+|.+_created|http_request(_duration_highr|_duration|_size)?_(seconds|bytes).*|http_response_size_bytes.*';
const BUCKET_MARK = '__tmp_bucket';

/**
 * Drops what nobody needs: distributions of token counts and the like, buckets between those that the recording rules
 * read, and what every Python process tells. It bounds the series of a pod (docs/monitoring.md).
 */
export function dropSteps(): RelabelStep[] {
  const kept = HISTOGRAMS.flatMap(({ metric, bounds, sglang }) =>
    CATALOG.engines.flatMap(({ type }) => {
      const name = engineMetric(type, metric);
      const own = type === 'SGLang' ? sglang : bounds;
      return name === undefined ? [] : [`${name}_bucket;(${boundPattern(own)}|[+]Inf)`];
    }),
  );
  return [
    { source: ['__name__'], regex: PROCESS, action: 'drop' },
    // There is no "unless" in relabelling: every bucket is marked, those that are read lose the mark, marked ones go.
    { source: ['__name__'], regex: '(vllm:|sglang:|trtllm_).+_bucket', target: BUCKET_MARK, replacement: 'drop' },
    ...kept.map((regex) => ({ source: ['__name__', 'le'], regex, target: BUCKET_MARK, replacement: '' })),
    { source: [BUCKET_MARK], regex: 'drop', action: 'drop' },
  ];
}

/** Fails the scrape of a pod that has more: it would be no engine that we know. */
export const SAMPLE_LIMIT = 1_000;
export const SCRAPE_INTERVAL = '10s';
export const SCRAPE_TIMEOUT = '5s';
