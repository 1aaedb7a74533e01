import type { DeepSeekDeploymentSpec } from '../api/index.ts';
import { findAccelerator, findModel, similarNames } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { applyMergePatch } from './merge-patch.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Alternative, ServingPlan } from './types.ts';
import { formatCount } from './units.ts';

const MOST = 5;

type Change = Alternative['change'];
type Decide = (spec: DeepSeekDeploymentSpec) => ServingPlan | Refusal;

/** A kind of change, with how many of it may be shown. */
interface Kind {
  /** Computed only when it is this kind's turn. */
  readonly changes: () => readonly Change[];
  readonly most: number;
  /** Changes two things at once: only where its hardware is new, and only if there is room. */
  readonly lastResort?: 'newAccelerator' | 'newHardware';
}

interface Candidate {
  readonly change: Change;
  readonly plan: ServingPlan;
  readonly cost: number;
  /** Place within its kind: the first of each kind is shown before the second of any. */
  readonly rank: number;
}

/** Changes to a refused spec with which it plans, the cheapest first. Each has been planned. */
export function alternatives(spec: DeepSeekDeploymentSpec, catalog: Catalog, decide: Decide): readonly Alternative[] {
  const chosen = new Map<string, Candidate>();
  for (const { changes, most, lastResort } of kinds(spec, catalog)) {
    if (lastResort !== undefined && chosen.size >= MOST) break;
    const aspect = (plan: ServingPlan): string =>
      lastResort === undefined ? summary(plan) : hardware(plan, lastResort);
    const known = new Set([...chosen.values()].map(({ plan }) => aspect(plan)));
    const accepted = changes()
      .flatMap((change) => tryChange(spec, change, catalog, decide) ?? [])
      .filter(({ plan }) => !known.has(aspect(plan)))
      .toSorted(byCost)
      .slice(0, most);
    accepted.forEach((candidate, index) =>
      chosen.set(summary(candidate.plan), { ...candidate, rank: lastResort === undefined ? index : MOST }),
    );
  }
  return [...chosen.values()]
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .toSorted(byCost)
    .map(({ change, plan }) => ({ summary: summary(plan), change: withoutIdleNulls(change, spec) }));
}

function hardware({ accelerator, gpusPerReplica }: ServingPlan, aspect: 'newAccelerator' | 'newHardware'): string {
  return aspect === 'newAccelerator' ? accelerator.type : `${gpusPerReplica} x ${accelerator.type}`;
}

/** The patch without nulls that would remove what is not there. */
function withoutIdleNulls(change: Change, target: unknown): Change {
  const from: Readonly<Record<string, unknown>> = isObject(target) ? target : {};
  return Object.fromEntries(
    Object.entries(change)
      .filter(([key, value]) => value !== null || key in from)
      .map(([key, value]) => [key, isObject(value) ? withoutIdleNulls(value, from[key]) : value] as const)
      .filter(([, value]) => !isObject(value) || Object.keys(value).length > 0),
  );
}

/** Cheapest first; of the same price, what the planner warns least about. */
function byCost(a: Omit<Candidate, 'rank'>, b: Omit<Candidate, 'rank'>): number {
  return a.cost - b.cost || a.plan.warnings.length - b.plan.warnings.length;
}

function tryChange(
  spec: DeepSeekDeploymentSpec,
  change: Change,
  catalog: Catalog,
  decide: Decide,
): Omit<Candidate, 'rank'> | undefined {
  const plan = decide(applyMergePatch(spec, change));
  if (isRefusal(plan)) return undefined;
  const perGpu = findAccelerator(catalog, plan.accelerator.type)?.relativeCost ?? Number.MAX_SAFE_INTEGER;
  const pinned = spec.accelerator.count === undefined ? change : pinCount(change, plan);
  const taken = isRefusal(decide(applyMergePatch(spec, pinned))) ? change : pinned;
  return { change: taken, plan, cost: plan.gpusPerReplica * perGpu };
}

/** Says the number of GPUs where the change leaves it to the planner: the spec says one too. */
function pinCount(change: Change, plan: ServingPlan): Change {
  const { accelerator } = change;
  if (!isObject(accelerator) || accelerator.count !== null) return change;
  const { tensorParallel, pipelineParallel, gpusPerReplica } = plan;
  const parallelism = pipelineParallel > 1 ? { tensor: tensorParallel, pipeline: pipelineParallel } : null;
  return { ...change, accelerator: { ...accelerator, count: gpusPerReplica, parallelism } };
}

const anyCount = { count: null, parallelism: null } as const;
const unchanged: Change = {};

/** What could be changed, the least intrusive kind first. */
function kinds(spec: DeepSeekDeploymentSpec, catalog: Catalog): Kind[] {
  const models = modelChanges(spec, catalog);
  const accelerators = acceleratorChanges(spec, catalog);
  const quantizations = quantizationChanges(spec, catalog);
  const engines = spec.engine?.type === undefined && spec.engine?.version === undefined ? [] : [DEFAULT_ENGINE];
  const contexts = spec.model.maxModelLen === undefined ? [] : [{ model: { maxModelLen: null } }];
  const anyCounts = [{ accelerator: anyCount }];
  return [
    { changes: () => models, most: 3 },
    { changes: () => combine(models, engines), most: 1 },
    { changes: () => combine(models, quantizations), most: 2 },
    { changes: () => combine(models, anyCounts), most: 1 },
    { changes: () => combine(models, contexts), most: 1 },
    { changes: () => combine(models, accelerators), most: 2 },
    { changes: () => combine(models, quantizations, anyCounts), most: 1, lastResort: 'newHardware' },
    { changes: () => combine(models, accelerators, quantizations), most: 1, lastResort: 'newAccelerator' },
  ];
}

const DEFAULT_ENGINE: Change = { engine: { type: null, version: null } };

/** The models that an unknown name may mean. */
function modelChanges({ model: { name } }: DeepSeekDeploymentSpec, catalog: Catalog): Change[] {
  if (name === 'custom' || findModel(catalog, name) !== undefined) return [unchanged];
  const names = catalog.models.map((model) => model.name);
  return similarNames(name, names).map((similar) => ({ model: { name: similar } }));
}

/** Other GPUs; for an unknown name those that it may mean. */
function acceleratorChanges({ accelerator: { type } }: DeepSeekDeploymentSpec, catalog: Catalog): Change[] {
  const names = catalog.accelerators.map(({ name }) => name).filter((name) => name !== type);
  const isUnknown = type !== 'custom' && findAccelerator(catalog, type) === undefined;
  const similar = isUnknown ? similarNames(type, names) : [];
  return (similar.length > 0 ? similar : names).map((name) => ({
    accelerator: { ...anyCount, type: name, custom: null, resourceName: null },
  }));
}

/** Every combination of one change of each list. */
function combine(...lists: readonly (readonly Change[])[]): Change[] {
  return lists.reduce<Change[]>((all, list) => all.flatMap((a) => list.map((b) => join(a, b))), [unchanged]);
}

/** Other formats, as far as the spec leaves it to the catalogue where the weights come from. */
function quantizationChanges(spec: DeepSeekDeploymentSpec, catalog: Catalog): Change[] {
  const { source } = spec.model;
  if (spec.model.name === 'custom' || source?.persistentVolumeClaim || source?.image || source?.objectStorage)
    return [];
  const own =
    source?.huggingFace?.repository === undefined ? {} : { model: { source: { huggingFace: { repository: null } } } };
  return catalog.quantizations
    .filter(({ type }) => type !== spec.quantization?.type && type !== 'FP32')
    .map(({ type }) => ({ ...own, quantization: { type, bits: null, ggufType: null } }));
}

/** Joins two merge patches; nulls stay, because they remove. */
function join(a: Change, b: Change): Change {
  const joined: Record<string, unknown> = { ...a };
  for (const [key, value] of Object.entries(b)) {
    const before = joined[key];
    joined[key] = isObject(before) && isObject(value) ? join(before, value) : value;
  }
  return joined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function summary(plan: ServingPlan): string {
  const context = `${formatCount(plan.maxModelLen)} tokens of context, ${plan.maxConcurrency} at once`;
  return `${plan.model.name} in ${plan.quantization} on ${plan.gpusPerReplica} x ${plan.accelerator.type} (${context})`;
}
