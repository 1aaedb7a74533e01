import { isBeforeSwitch } from '../../rollout/machine/table.ts';
import type { Observed } from '../../rollout/machine/types.ts';
import type { Memory } from '../../rollout/machine/types.ts';
import type { QueryResult } from '../../rollout/measurements.ts';
import type { RolloutSettings } from '../../rollout/settings.ts';
import type { Traffic } from '../../rollout/traffic.ts';
import type { StageVerdict } from '../../rollout/verdicts/types.ts';
import { baselineOf, judgeProof, judgeTraffic } from '../../rollout/verdicts/index.ts';
import { isGone, isReady } from '../../rollout/failures/pod.ts';
import { LABEL } from '../../api/index.ts';
import { engineId } from '../observations.ts';
import type { Snapshot } from '../snapshot.ts';
import { processOf } from './engines.ts';

/** What was observed, judged. */
export function observedOf(
  snapshot: Snapshot,
  { settings, memory, traffic }: { settings: RolloutSettings; memory: Memory | undefined; traffic: Traffic },
): Observed {
  const { observations, pods } = snapshot;
  const { serving = '' } = traffic;
  const { candidate = '', attempt = 0 } = memory ?? {};
  const proof = observations.proofs.get(`${candidate}/${attempt}`);
  const served = observations.traffic.get(serving);
  const ready = pods.filter(
    (pod) => pod.metadata.labels?.[LABEL.revision] === candidate && isReady(pod) && !isGone(pod),
  );
  const engines = ready.map((pod) => ({ pod: pod.metadata.name, id: engineId(processOf(pod)) }));
  const cold = engines.flatMap(({ pod, id }) => {
    const error = observations.coldPods.get(id);
    return error === undefined || observations.warmPods.has(id) ? [] : [{ pod, ok: false, error }];
  });
  const measured = served !== undefined && served.podsRead > 0;
  return {
    ...(proof !== undefined && { proof: judgeProof(proof, settings.gates) }),
    warmedUp: ready.length > 0 && engines.every(({ id }) => observations.warmPods.has(id)),
    ...(cold.length > 0 && { warmUp: judgeProof({ pods: cold, smokeTests: [], pairs: [] }, []) }),
    traffic: trafficVerdict(snapshot, settings, memory, traffic),
    ...(served !== undefined && {
      load: measured ? { running: served.running, waiting: served.waiting } : ('Unknown' as const),
    }),
    ...(served !== undefined && { trafficFrom: served.from }),
    ...(measured && settings.gates.length > 0 && { baseline: baselineOf(served, settings.gates) }),
    idleSince: new Map(
      [...observations.traffic].flatMap(([revision, { idleSince }]) =>
        idleSince === undefined ? [] : [[revision, idleSince] as const],
      ),
    ),
  };
}

/** Real traffic: of what was switched to, or of the candidate of a canary beside what serves. */
function trafficVerdict(
  { observations, now }: Snapshot,
  settings: RolloutSettings,
  memory: Memory | undefined,
  { serving = '', switchedAt }: Traffic,
): StageVerdict | undefined {
  if (memory === undefined) return undefined;
  const { gates, watch } = settings;
  const queriesOf = (revision: string) => observations.queries.get(revision) ?? new Map<string, QueryResult>();
  const common = {
    gates,
    ...(watch.minRequests !== undefined && { minRequests: watch.minRequests }),
  };
  // Both have traffic in a canary, and in a handover in which both versions serve; else nobody measures the candidate.
  const shared = isBeforeSwitch(memory.phase) && (memory.step !== undefined || memory.way === 'Handover');
  if (shared && memory.candidate !== undefined && memory.candidate !== serving) {
    const measurements = observations.traffic.get(memory.candidate);
    const base = observations.traffic.get(serving);
    if (measurements === undefined) return undefined;
    const queries = queriesOf(memory.candidate);
    return judgeTraffic({ ...common, stage: 'Canary', measurements, queries, ...(base && { base }), final: false });
  }
  const measurements = observations.traffic.get(serving);
  if (measurements === undefined || (memory.phase !== 'Watching' && memory.phase !== 'Switching')) return undefined;
  const final = now >= (switchedAt ?? memory.since) + watch.durationMs;
  const { baseline } = memory;
  const judged = { ...common, measurements, queries: queriesOf(serving), ...(baseline && { baseline }) };
  const verdict = judgeTraffic({ ...judged, stage: 'Watch', final });
  // Without gates the requests alone are asked for.
  const { minRequests = 0 } = watch;
  if (!final || gates.length > 0 || verdict.verdict !== 'Pass' || measurements.requests >= minRequests) return verdict;
  const { requests } = measurements;
  const message = `${requests} requests, and ${minRequests} are asked for (rollout.watch.minRequests)`;
  return {
    verdict: 'NoData',
    gates: [{ gate: 'Requests', stage: 'Watch', verdict: 'NoData', samples: requests, message }],
  };
}
