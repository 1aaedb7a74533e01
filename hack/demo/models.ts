import Table from 'cli-table3';
import pc from 'picocolors';
import { LABEL } from '../../operator/api/names.ts';
import type { Node, Pod } from '../../operator/kube/resources.ts';
import { nodeGpu } from '../../e2e/simulator/index.ts';
import type { LiveModel } from './manifests.ts';

/** What the demo shows of one model. */
export interface ModelRow {
  readonly name: string;
  /** `<model>/<quantization>/<engine version>`; empty before the operator has planned it. */
  readonly version: string;
  /** `Ready`, or the phase of the rollout, or the reason for which it is not ready. */
  readonly phase: string;
  readonly ready: boolean;
  /** Ready pods of those wanted, e.g. `1/2`. */
  readonly replicas: string;
  readonly nodes: readonly string[];
  /** Addresses of its ready pods. */
  readonly podIPs: readonly string[];
  /** E.g. `4 x NVIDIA A100-SXM4-80GB`. */
  readonly gpus: string;
  /** What the operator says about it. */
  readonly message: string;
}

/** One row per model, by name. Pods and nodes are those of the whole namespace. */
export function modelRows(models: readonly LiveModel[], pods: readonly Pod[], nodes: readonly Node[]): ModelRow[] {
  const rows = models.map((model) => modelRow(model, podsOf(model, pods), nodes));
  return rows.sort((a, b) => a.name.localeCompare(b.name));
}

function modelRow(model: LiveModel, pods: readonly Pod[], nodes: readonly Node[]): ModelRow {
  const { spec, status = {} } = model;
  const condition = status.conditions?.find(({ type }) => type === 'Ready');
  const ready = condition?.status === 'True' && condition.observedGeneration === model.metadata.generation;
  const shown = status.serving ?? status.candidate;
  const bound = pods.flatMap(({ spec: podSpec }) => podSpec?.nodeName ?? []);
  return {
    name: model.metadata.name,
    version: shown?.version ?? '',
    phase: ready ? 'Ready' : (status.rollout?.phase ?? condition?.reason ?? 'Pending'),
    ready,
    replicas: `${shown?.readyReplicas ?? 0}/${spec.replicas ?? status.replicas ?? 1}`,
    nodes: [...new Set(bound)].sort(),
    podIPs: pods.filter(isReady).flatMap(({ status: podStatus }) => podStatus?.podIP ?? []),
    gpus: gpusOf(pods, nodes),
    message:
      condition === undefined ? 'the operator has not looked at it yet' : `${condition.reason}: ${condition.message}`,
  };
}

function podsOf(model: LiveModel, pods: readonly Pod[]): Pod[] {
  return pods.filter(({ metadata }) => metadata.labels?.[LABEL.name] === model.metadata.name);
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
}

/** Devices of one replica and their type, as the nodes of its pods have them. */
function gpusOf(pods: readonly Pod[], nodes: readonly Node[]): string {
  const types = new Set<string>();
  for (const { spec } of pods) {
    const node = nodes.find(({ metadata }) => metadata.name === spec?.nodeName);
    if (node === undefined) continue;
    const limits = spec?.containers.find(({ name }) => name === 'engine')?.resources?.limits ?? {};
    types.add(devicesOf(limits, nodeGpu(node.metadata.labels ?? {})?.name ?? ''));
  }
  return [...types].join(', ');
}

/** Devices are extended resources: whole GPUs, or slices of one. */
function devicesOf(limits: Readonly<Record<string, string | number>>, gpu: string): string {
  const [resource, count] = Object.entries(limits).find(([name]) => name.includes('/')) ?? [];
  if (resource === undefined) return 'CPU';
  const slice = /mig-.*$/.exec(resource)?.[0];
  return `${count ?? ''} x ${slice === undefined ? gpu : `${slice} of ${gpu}`}`;
}

/** The rows that are new or other than before. */
export function changedRows(before: readonly ModelRow[], now: readonly ModelRow[]): ModelRow[] {
  const old = new Map(before.map((row) => [row.name, renderRow(row)]));
  return now.filter((row) => old.get(row.name) !== renderRow(row));
}

/** One row as a line. */
export function renderRow({ name, version, phase, replicas, nodes, gpus }: ModelRow): string {
  return [name, phase, replicas, version, nodes.join(' '), gpus].filter((part) => part !== '').join('  ');
}

/** The rows as a table, in colour where there is colour. */
export function renderTable(rows: readonly ModelRow[]): string {
  const style = pc.isColorSupported
    ? { head: ['dim'], border: ['dim'], compact: true }
    : { head: [], border: [], compact: true };
  const table = new Table({ head: ['MODEL', 'VERSION', 'PHASE', 'READY', 'NODE', 'GPUS'], style });
  for (const { name, version, phase, ready, replicas, nodes, gpus } of rows) {
    table.push([name, version, ready ? pc.green(phase) : pc.yellow(phase), replicas, nodes.join('\n'), gpus]);
  }
  return table.toString();
}
