import { isDeepStrictEqual } from 'node:util';
import type { PlanSummary } from '../../operator/rollout/revision.ts';
import { formatDuration, secondsSince } from '../support/ages.ts';
import { formatCount, safe, times } from '../support/phrases.ts';
import { type Line, padLine, span } from '../support/styled.ts';
import { flow } from '../support/table.ts';
import { wrap } from '../support/text.ts';
import { type RenderOptions, sign, TONES } from './glyphs.ts';
import { rolloutFacts } from './rollout-facts.ts';
import type { CapacityView, DeploymentInfo, ReadyView, RevisionView } from './info.ts';

/** Columns that the labels take. */
const LABEL_WIDTH = 10;

/** What is said of one DeepSeekDeployment above its tree: whether it is ready and why, its plan, its rollout. */
export function renderFacts(info: DeploymentInfo, options: RenderOptions): Line[] {
  const { terminal } = options;
  const width = terminal.width - LABEL_WIDTH;
  const pieces = (texts: readonly (string | undefined)[]): Line[] => {
    const present = texts.filter((text) => text !== undefined).map((text) => [span(safe(text, terminal))]);
    return flow(present, width, ', ');
  };
  const prose = (text: string): Line[] => wrap(safe(text, terminal), width).map((line) => [span(line)]);
  const capacity = untold(info);
  return [
    ...labelled('Name', [[span(safe(`${info.namespace}/${info.name}`, terminal), 'strong')]]),
    ...labelled('Serving', pieces(servingPieces(info))),
    ...labelled('Next', pieces(nextPieces(info))),
    ...rolloutFacts(info, info.ready.message, options).flatMap(({ label, lines }) => labelled(label, lines(width))),
    ...labelled('Ready', [verdictLine(info.ready, options), ...prose(info.ready.message)]),
    ...(capacity ? labelled('Capacity', [verdictLine(capacity, options), ...prose(capacity.message)]) : []),
    ...plansOf(info).flatMap(({ label, ...planned }) => labelled(label, pieces(planPieces(planned, options)))),
    ...info.warnings.flatMap((warning) => labelled('Warning', prose(warning))),
  ];
}

/** A label before the first line, and nothing before the others; no lines, no label. */
function labelled(label: string, lines: readonly Line[]): Line[] {
  return lines.map((line, index) => [...padLine([span(index === 0 ? label : '', 'dim')], LABEL_WIDTH), ...line]);
}

/** What is wrong with the nodes, unless it is the reason of Ready or is explained in the tree. */
function untold({ capacity, ready, revisions }: DeploymentInfo): CapacityView | undefined {
  const told = [ready.reason, ...revisions.flatMap(reasonsIn)];
  return capacity === undefined || told.includes(capacity.reason) ? undefined : capacity;
}

function reasonsIn({ failure, pods }: RevisionView): (string | undefined)[] {
  return [failure?.reason, ...pods.map((pod) => pod.failure?.reason)];
}

function verdictLine({ health, reason, since }: ReadyView | CapacityView, { terminal, now }: RenderOptions): Line {
  const seconds = secondsSince(since, now);
  return [
    sign(health, terminal),
    span(` ${safe(reason ?? 'not judged yet', terminal)}`, TONES[health]),
    ...(seconds === undefined ? [] : [span(` for ${formatDuration(seconds)}`, 'dim')]),
  ];
}

interface Planned {
  readonly plan: PlanSummary;
  /** Undefined: nobody knows any more what its pods run on. */
  readonly accelerator: string | undefined;
}

/** The plan of what serves, and that of what comes next where it differs: each with the accelerator that it was made for. */
function plansOf(info: DeploymentInfo): (Planned & { readonly label: string })[] {
  const { serving, candidate, plan, accelerator } = info;
  const planned = (revision: string | undefined): Planned | undefined => {
    const view = info.revisions.find((known) => known.revision === revision);
    return view?.plan && { plan: view.plan, accelerator: view.accelerator };
  };
  const shown = serving ?? candidate;
  const now =
    planned(shown?.revision) ?? (plan && { plan, accelerator: shown === undefined ? accelerator : undefined });
  const next = shown === candidate ? undefined : planned(candidate?.revision);
  return [
    ...(now ? [{ label: 'Plan', ...now }] : []),
    ...(next && !isDeepStrictEqual(next, now) ? [{ label: 'Next plan', ...next }] : []),
  ];
}

function planPieces({ plan, accelerator }: Planned, { terminal }: RenderOptions): (string | undefined)[] {
  const { engine, quantization, gpusPerReplica, tensorParallel, pipelineParallel, kvCacheTokens, maxConcurrency } =
    plan;
  const devices = gpusPerReplica === 0 ? accelerator : times(gpusPerReplica, accelerator ?? 'GPU', terminal);
  return [
    engine,
    quantization,
    devices === undefined ? undefined : `${devices} per replica`,
    tensorParallel > 1 ? `tensor parallel ${tensorParallel}` : undefined,
    pipelineParallel > 1 ? `pipeline parallel ${pipelineParallel}` : undefined,
    `KV cache of ${formatCount(kvCacheTokens)} tokens`,
    `${maxConcurrency} requests of full length at once`,
  ];
}

function servingPieces({ serving, replicas }: DeploymentInfo): (string | undefined)[] {
  if (!serving) return ['nothing'];
  const proven = serving.proven === false ? 'not proven yet' : undefined;
  return [serving.version, `${replicas.ready} of ${replicas.wanted} ready`, proven];
}

function nextPieces({ candidate, rollout }: DeploymentInfo): (string | undefined)[] {
  if (candidate === undefined) return [];
  return [candidate.version, rollout?.phase === 'Held' ? 'held' : undefined];
}
