import type { DeepSeekDeploymentSpec, PlannerReason } from '../api/index.ts';
import { findAccelerator } from '../catalog/index.ts';
import type { Catalog } from '../catalog/index.ts';
import { changesOf } from './changes.ts';
import type { Change, Option } from './changes.ts';
import { applyMergePatch, isObject } from './merge-patch.ts';
import { isRefusal } from './refusal.ts';
import type { Refusal } from './refusal.ts';
import type { Alternative, ServingPlan } from './types.ts';
import { formatCount, formatTokens } from './units.ts';

const MOST = 5;

type Decide = (spec: DeepSeekDeploymentSpec) => ServingPlan | Refusal;

interface Candidate {
  readonly change: Change;
  readonly plan: ServingPlan;
  readonly cost: number;
}

interface Ranked extends Candidate {
  /** Place within its kind: the first of each kind is shown before the second of any. */
  readonly rank: number;
}

/** Changes to a refused spec with which it plans, the cheapest first. Each has been planned. */
export function alternatives(
  spec: DeepSeekDeploymentSpec,
  reason: PlannerReason,
  catalog: Catalog,
  decide: Decide,
): readonly Alternative[] {
  const chosen = new Map<string, Ranked>();
  for (const { options, most, enough, lastResort } of changesOf(spec, reason, catalog)) {
    if (lastResort !== undefined && chosen.size >= MOST) break;
    const aspect = (plan: ServingPlan): string => {
      if (lastResort === undefined) return summary(plan);
      return lastResort === 'NewAccelerator' ? plan.accelerator.type : hardware(plan);
    };
    const known = new Set([...chosen.values()].map(({ plan }) => aspect(plan)));
    cheapest(options(), most, (change) => {
      const candidate = tryChange(spec, change, catalog, decide);
      return candidate === undefined || known.has(aspect(candidate.plan)) ? undefined : candidate;
    }).forEach((candidate, index) =>
      chosen.set(summary(candidate.plan), { ...candidate, rank: lastResort === undefined ? index : MOST }),
    );
    if (enough === true && chosen.size > 0) break;
  }
  return [...chosen.values()]
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .toSorted(byCost)
    .map(({ change, plan }) => ({
      summary: summary(plan),
      change: withoutIdleNulls(pinned(spec, change, plan, decide), spec),
    }));
}

/** The `most` cheapest that plan. Options are tried in the order of what they cost at least; the rest is not tried. */
function cheapest(
  options: readonly Option[],
  most: number,
  attempt: (change: Change) => Candidate | undefined,
): readonly Candidate[] {
  let found: readonly Candidate[] = [];
  for (const { change, atLeast } of options) {
    const last = found[most - 1];
    if (last !== undefined && last.cost < atLeast) break;
    const candidate = attempt(change);
    if (candidate !== undefined) found = [...found, candidate].toSorted(byCost).slice(0, most);
  }
  return found;
}

function tryChange(
  spec: DeepSeekDeploymentSpec,
  change: Change,
  catalog: Catalog,
  decide: Decide,
): Candidate | undefined {
  const plan = decide(applyMergePatch(spec, change));
  return isRefusal(plan)
    ? undefined
    : { change, plan, cost: cost(plan, catalog) * (plan.maxConcurrency < 2 ? ALONE : 1) };
}

/** What serves one full sequence at a time ranks as if it cost this much more: with twice the GPUs two would be. */
const ALONE = 2;

/** Relative cost of one replica's accelerators. */
function cost({ accelerator, gpusPerReplica }: ServingPlan, catalog: Catalog): number {
  const entry = findAccelerator(catalog, accelerator.type);
  if (entry === undefined) return Number.MAX_SAFE_INTEGER;
  const slice = entry.migProfiles?.find(({ resourceName }) => resourceName === accelerator.resourceName);
  return Math.max(1, gpusPerReplica) * entry.relativeCost * (slice?.computeShare ?? 1);
}

/** Says the number of GPUs where the change leaves it to the planner and the spec says one too. */
function pinned(spec: DeepSeekDeploymentSpec, change: Change, plan: ServingPlan, decide: Decide): Change {
  const { accelerator } = change;
  if (spec.accelerator.count === undefined || !isObject(accelerator) || accelerator['count'] !== null) return change;
  const { tensorParallel, pipelineParallel, gpusPerReplica } = plan;
  const parallelism = pipelineParallel > 1 ? { tensor: tensorParallel, pipeline: pipelineParallel } : null;
  const exact = { ...change, accelerator: { ...accelerator, count: gpusPerReplica, parallelism } };
  return isRefusal(decide(applyMergePatch(spec, exact))) ? change : exact;
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
function byCost(a: Candidate, b: Candidate): number {
  return a.cost - b.cost || a.plan.warnings.length - b.plan.warnings.length;
}

/** `2 x T4`, `CPU`, `nvidia.com/mig-3g.40gb of A100-80GB`: what one replica runs on. */
export function hardware({ accelerator, gpusPerReplica }: Pick<ServingPlan, 'accelerator' | 'gpusPerReplica'>): string {
  const { type, resourceName } = accelerator;
  if (accelerator.device === 'CPU') return type;
  return resourceName?.includes('/mig-') === true ? `${resourceName} of ${type}` : `${gpusPerReplica} x ${type}`;
}

function summary(plan: ServingPlan): string {
  const context = `${formatTokens(plan.maxModelLen)} of context, ${formatCount(plan.maxConcurrency)} at once`;
  return `${plan.model.name} in ${plan.quantization} on ${hardware(plan)} (${context})`;
}
