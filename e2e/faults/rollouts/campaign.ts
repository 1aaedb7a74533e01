import { setTimeout as sleep } from 'node:timers/promises';
import { startSimulator } from '../../simulator/index.ts';
import { connect, installCrd } from '../../reconcile/install.ts';
import { type Cluster, installGatewayApi } from '../../../hack/cluster/index.ts';
import { resources } from '../../../operator/kube/resources.ts';
import { differences, excess, type Finding } from './oracles.ts';
import { isCrash, kindOfWrite, type Plan, plansFor } from './plan.ts';
import { type Outcome, play, type Theatre, UnendedError } from './run.ts';
import type { Scenario } from './scenario.ts';

/** What came of one plan. */
export interface Result extends Plan {
  readonly struck: boolean;
  readonly writes: number;
  readonly events: number;
  /** Its writes for each one of the undisturbed run. */
  readonly ratio: number;
  readonly findings: readonly Finding[];
  readonly ms: number;
}

/** An undisturbed run: what all others of the scenario are held against. */
export interface Reference {
  readonly scenario: string;
  /** Kinds of writes, in order. */
  readonly writes: readonly string[];
  /** Of the undisturbed run itself: there must be none. */
  readonly findings: readonly Finding[];
  /** Absent: it did not come to its end, and there is nothing to hold anything against. */
  readonly outcome?: Outcome;
}

export interface CampaignOptions {
  readonly cluster: Cluster;
  readonly scenarios: readonly Scenario[];
  readonly seed: number;
  /** Runs at the same time. */
  readonly atOnce: number;
  /** Which of all plans are run. */
  readonly choose: (plans: readonly Plan[]) => readonly Plan[];
  readonly onReference?: (reference: Reference) => void;
  readonly onResult?: (result: Result, done: number, all: number) => void;
  readonly signal: AbortSignal;
}

export interface Campaign {
  readonly seed: number;
  readonly references: readonly Reference[];
  readonly plans: readonly Plan[];
  readonly results: readonly Result[];
}

/** An autoscaler writes once in each of its loops. */
const AUTOSCALER_MS = 60_000;

/** Plays each scenario undisturbed, and then once for each plan that is chosen. */
export async function runCampaign(options: CampaignOptions): Promise<Campaign> {
  const { cluster, scenarios, seed, atOnce, signal, onReference, onResult } = options;
  await installCrd(cluster);
  await installGatewayApi(cluster, signal);
  const director = await connect(cluster, 'faults-director');
  const group = `faults-${crypto.randomUUID().slice(0, 6)}`;
  let runs = 0;
  const fresh = (): string => `${group}-${++runs}`;
  const kubeconfig = await cluster.kubeconfig(`simulator-${group}`);
  // Of all namespaces: the cluster is the campaign's own.
  const simulator = await startSimulator({ kubeconfig, timeScale: 0.001, signal });
  const theatre: Theatre = { cluster, director, simulator, seed, signal };
  const over = new AbortController();
  const autoscaler = autoscalerRuns(theatre, AbortSignal.any([over.signal, signal]));
  try {
    const references = await side(scenarios, atOnce, signal, async (scenario) => {
      const reference = await undisturbed(theatre, scenario, fresh());
      onReference?.(reference);
      return reference;
    });
    const plans = options.choose(plansFor(references, seed));
    let done = 0;
    const results = await side(plans, atOnce, signal, async (plan) => {
      const scenario = scenarios.find(({ name }) => name === plan.scenario);
      const reference = references.find((one) => one.scenario === plan.scenario);
      if (scenario === undefined || reference?.outcome === undefined) throw new Error(`no scenario ${plan.scenario}`);
      const { outcome } = reference;
      const attempt = (): Promise<Result> => judged(theatre, scenario, outcome, plan, fresh());
      const first = await attempt();
      // Writes of the status come and go with the speed of the machine: what did not come may come the next time.
      const isMissed = isCrash(plan.kind) && !first.struck && first.findings.length === 0;
      const result = isMissed ? await attempt() : first;
      onResult?.(result, ++done, plans.length);
      return result;
    });
    return { seed, references, plans, results };
  } finally {
    over.abort();
    await autoscaler;
    await simulator.stop();
    await director.close();
  }
}

async function undisturbed(theatre: Theatre, scenario: Scenario, namespace: string): Promise<Reference> {
  const { name } = scenario;
  try {
    const outcome = await play(theatre, scenario, namespace);
    return { scenario: name, writes: outcome.writes.map(kindOfWrite), findings: outcome.findings, outcome };
  } catch (error) {
    // What was interrupted says nothing.
    theatre.signal.throwIfAborted();
    return { scenario: name, writes: [], findings: [failed(error, namespace)] };
  }
}

const failed = (error: unknown, namespace: string): Finding => ({
  oracle: 'error',
  detail: `in ${namespace}: ${error instanceof Error ? error.message : String(error)}`,
});

async function judged(
  theatre: Theatre,
  scenario: Scenario,
  reference: Outcome,
  plan: Plan,
  namespace: string,
): Promise<Result> {
  const began = performance.now();
  try {
    const outcome = await play(theatre, scenario, namespace, plan);
    const { writes, events, struck, findings, end, switches, ms } = outcome;
    return {
      ...{ ...plan, struck, ms, writes: writes.length, events, ratio: writes.length / reference.writes.length },
      findings: [
        ...findings,
        ...differences(end, reference.end),
        ...excess(outcome, reference),
        ...(String(switches) === String(reference.switches)
          ? []
          : [{ oracle: 'switches' as const, detail: `${String(switches)}, not ${String(reference.switches)}` }]),
      ],
    };
  } catch (error) {
    theatre.signal.throwIfAborted();
    return {
      ...{
        ...plan,
        struck: error instanceof UnendedError && error.struck,
        writes: 0,
        events: 0,
        ratio: 0,
        ms: Math.round(performance.now() - began),
      },
      findings: [failed(error, namespace)],
    };
  }
}

/** As cluster-autoscaler shows all the time that it is at work; scenarios that do not want to buy nodes say so. */
async function autoscalerRuns({ director: { client } }: Theatre, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    const at = new Date().toISOString().replace('T', ' ').replace('Z', '000000 +0000 UTC');
    const metadata = {
      name: 'cluster-autoscaler-status',
      namespace: 'kube-system',
      annotations: { 'cluster-autoscaler.kubernetes.io/last-updated': at },
    };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    await client
      .apply(resources.configMaps, object, { fieldManager: 'autoscaler', force: true, signal: end })
      // The next loop writes it again.
      .catch(() => undefined);
    await sleep(AUTOSCALER_MS, undefined, { signal: end }).catch(() => undefined);
  }
}

/** Works on all items, so many at once; results are in the order of the items. */
async function side<T, R>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      signal.throwIfAborted();
      results[next[0]] = await work(next[1]);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return results;
}
