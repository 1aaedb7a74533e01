import { SERIES } from './names.ts';
import { deploymentsOf, enginesOf, type RecordingRule, type Scope } from './rules.ts';

/** Share of a GPU's memory that a plan lets the engine of a revision fill; exported by the operator (namespace, name, revision). */
export const GPU_MEMORY_FRACTION_METRIC = 'deepseek_operator_revision_gpu_memory_fraction';

/** Of one GPU of a pod (label UUID), with the labels of the pod; from dcgm-exporter. */
export const GPU_SERIES = {
  temperature: 'deepseek:gpu_temperature_celsius',
  /** 0 to 1. */
  memoryUsed: 'deepseek:gpu_memory_used',
  /** What is normal of it, 0 to 1: what the plan lets the engine fill, and a margin. Per revision. */
  memoryPlanned: 'deepseek:gpu_memory_planned',
  /** Share of the time in which something ran, 0 to 1. */
  utilization: 'deepseek:gpu_utilization',
  /** The last XID error, 0 for none. */
  xid: 'deepseek:gpu_xid',
} as const;

const GPU = 'namespace, pod, UUID';
/** CUDA contexts and buffers outside of what an engine counts. */
const MEMORY_MARGIN = 0.05;

/** GPUs are told by dcgm-exporter and belong to a DeepSeekDeployment by their pod. */
export function gpuRules(scope: Scope): RecordingRule[] {
  const own = enginesOf(scope);
  const pods =
    `* on (namespace, pod) group_left (deepseekdeployment, revision, model, quantization, gpu) ` +
    `(${SERIES.up}${own} * 0 + 1)`;
  const rule = (record: string, expr: string) => ({ record, expr: `(${expr}) ${pods}` });
  return [
    rule(GPU_SERIES.temperature, ofPods('DCGM_FI_DEV_GPU_TEMP', scope)),
    rule(
      GPU_SERIES.memoryUsed,
      `${ofPods('DCGM_FI_DEV_FB_USED', scope)} / ` +
        `(${ofPods('DCGM_FI_DEV_FB_USED', scope)} + ${ofPods('DCGM_FI_DEV_FB_FREE', scope)})`,
    ),
    rule(GPU_SERIES.utilization, `${ofPods('DCGM_FI_DEV_GPU_UTIL', scope)} / 100`),
    rule(GPU_SERIES.xid, ofPods('DCGM_FI_DEV_XID_ERRORS', scope)),
    {
      record: GPU_SERIES.memoryPlanned,
      expr:
        `clamp_max(max by (namespace, deepseekdeployment, revision) (label_replace(` +
        `${GPU_MEMORY_FRACTION_METRIC}${deploymentsOf(scope)}, "deepseekdeployment", "$1", "name", "(.+)")) + ${MEMORY_MARGIN}, 0.99)`,
    },
  ];
}

/**
 * A metric of dcgm-exporter by the pod that uses the GPU. Where Prometheus does not honour its labels the pod is
 * `exported_pod`, and `pod` is the exporter itself.
 */
function ofPods(metric: string, scope: Scope): string {
  const inNamespace = (label: string) => (scope.kind === 'Fleet' ? '' : `,${label}="${scope.namespace}"`);
  const renamed =
    `label_replace(label_replace(${metric}{exported_pod!=""${inNamespace('exported_namespace')}}, ` +
    `"pod", "$1", "exported_pod", "(.+)"), "namespace", "$1", "exported_namespace", "(.+)")`;
  return `max by (${GPU}) (${renamed} or ${metric}{exported_pod="",pod!=""${inNamespace('namespace')}})`;
}
