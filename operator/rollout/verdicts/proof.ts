import type { PromptPair, ProofMeasurements } from '../measurements.ts';
import { incompleteBeta } from './distributions.ts';
import { type Finding, gateVerdict, stageVerdict } from './findings.ts';
import { gateName, latencyGate, type LatencyGate, latencyOf } from './gates.ts';
import { MIN_PAIRS, pairedRatio, sampleQuantile } from './pairs.ts';
import { lowerBound, upperBound } from './proportions.ts';
import type { Gate, GateVerdict, StageVerdict } from './types.ts';
import { change, count, share, shortened, shortName, time } from './words.ts';

/** One-sided, of every bound before the switch: they are looked at once, when the proof is over. */
const CONFIDENCE = 0.95;
const CONFIDENT = '95 % confident';

/**
 * What a candidate has shown before it gets traffic. Always judged: that every pod has generated a token (`WarmUp`), the
 * smoke tests (`SmokeTests`), and, unless a gate on ErrorRatio says what is allowed, that it answers what the old version
 * answers (`PairedPrompts`). Gates are judged on the pairs; those on a query are not: no user has asked the candidate yet.
 */
export function judgeProof(measurements: ProofMeasurements, gates: readonly Gate[]): StageVerdict {
  const hasErrorGate = gates.some(({ metric }) => metric === 'ErrorRatio');
  return stageVerdict([
    warmUp(measurements),
    ...smokeTests(measurements),
    ...(hasErrorGate ? [] : pairedPrompts(measurements)),
    ...gates.filter(({ metric }) => metric !== 'Query').map((gate) => judgeGate(gate, measurements)),
  ]);
}

function warmUp({ pods }: ProofMeasurements): GateVerdict {
  const cold = pods.filter(({ ok }) => !ok);
  const finding = (verdict: Finding['verdict'], message: string): GateVerdict =>
    gateVerdict('WarmUp', 'Proof', [{ verdict, samples: pods.length, message }]);
  if (pods.length === 0) return finding('NoData', 'There was no pod of the candidate to ask for a token.');
  if (cold.length === 0) return finding('Pass', `${count(pods.length, 'pod')} generated a token.`);
  const said = cold.map(({ pod, error }) => `${pod}: ${shortened(error ?? 'no token', 200)}`).join('; ');
  return finding('Fail', `${cold.length} of ${count(pods.length, 'pod')} generated no token: ${said}`);
}

function smokeTests({ smokeTests: tests }: ProofMeasurements): GateVerdict[] {
  if (tests.length === 0) return [];
  const failed = tests.filter(({ outcome }) => outcome !== 'Passed');
  const said = failed.map(({ prompt, expected, outcome, seconds, answer }) => {
    const asked = `"${shortened(prompt, 80)}" (${expected})`;
    const got = `"${shortened(answer, 120)}"`;
    if (outcome === 'TooLate') return `${asked} had no whole answer after ${time(seconds)}`;
    return outcome === 'WrongAnswer' ? `${asked} was answered ${got}` : `${asked} failed: ${got}`;
  });
  const all = count(tests.length, 'smoke test');
  return [
    gateVerdict('SmokeTests', 'Proof', [
      {
        verdict: failed.length > 0 ? 'Fail' : 'Pass',
        samples: tests.length,
        message: failed.length > 0 ? `${failed.length} of ${all} failed: ${said.join('; ')}` : `${all} passed.`,
      },
    ]),
  ];
}

/** Chance that a version that fails no more than the old one is taken for worse by {@link pairedPrompts}. */
const SANITY_ALPHA = 0.01;
/** So many failures and nothing else are no accident. */
const MIN_ALL_FAILED = 3;

/**
 * What users expect without any gate: what the old version answers, the new one answers too. Judged on the pairs in which
 * one version alone failed (the exact form of Q. McNemar, "Note on the sampling error of the difference between correlated
 * proportions", Psychometrika 12, 1947), so that prompts on which both fail speak against neither.
 */
function pairedPrompts({ pairs, notPaired }: ProofMeasurements): GateVerdict[] {
  if (pairs.length === 0 && notPaired === undefined) return [];
  const worse = pairs.filter(({ base, candidate }) => base.ok && !candidate.ok).length;
  const better = pairs.filter(({ base, candidate }) => !base.ok && candidate.ok).length;
  const failed = failures(pairs);
  const byChance = worse === 0 ? 1 : incompleteBeta(0.5, worse, better + 1);
  const dead = failed.candidate === pairs.length && pairs.length >= MIN_ALL_FAILED;
  const verdict = dead || byChance <= SANITY_ALPHA ? 'Fail' : failed.candidate === 0 ? 'Pass' : 'NotRefuted';
  const message = `${failed.candidate} of ${count(pairs.length, 'prompt')} failed, and ${failed.base} at the old version${errorOf(pairs)}`;
  return [
    gateVerdict('PairedPrompts', 'Proof', [uncut({ verdict, samples: pairs.length, message }, pairs, notPaired)]),
  ];
}

function judgeGate(gate: Gate, { pairs, notPaired }: ProofMeasurements): GateVerdict {
  const read = latencyGate(gate);
  const [first, ...rest] = read === undefined ? [errorRatio(gate, pairs)] : latencyFindings(read, pairs);
  if (first === undefined) throw new RangeError(`the gate ${gateName(gate)} has neither max nor maxIncreasePercent`);
  return gateVerdict(gateName(gate), 'Proof', [
    uncut(first, pairs, notPaired),
    ...rest.map((finding) => uncut(finding, pairs, notPaired)),
  ]);
}

/** What is not measured, or not to its end, is never a Pass. A Fail stands: what was measured was enough for it. */
function uncut(finding: Finding, pairs: readonly PromptPair[], notPaired: string | undefined): Finding {
  if (pairs.length === 0) {
    const why = notPaired ?? 'no prompts were compared: proof.pairedRequests is 0';
    return { verdict: 'NoData', samples: 0, message: `Not judged: ${why}` };
  }
  if (notPaired === undefined || finding.verdict === 'Fail') return finding;
  return { ...finding, verdict: 'Inconclusive', message: `${finding.message}; cut short: ${notPaired}` };
}

/** Errors: Fail only when even the lower bound is above the limit. */
function errorRatio({ max }: Gate, pairs: readonly PromptPair[]): Finding {
  const limit = Number(max);
  const failed = failures(pairs);
  const bounds = shareBounds(failed.candidate, pairs.length, limit);
  return {
    verdict: bounds.verdict,
    samples: pairs.length,
    value: failed.candidate / Math.max(1, pairs.length),
    base: failed.base / Math.max(1, pairs.length),
    limit,
    message: `${failed.candidate} of ${count(pairs.length, 'prompt')} failed (${bounds.text}), and ${failed.base} at the old version; allowed ${share(limit)}${errorOf(pairs)}`,
  };
}

function latencyFindings(gate: LatencyGate, pairs: readonly PromptPair[]): Finding[] {
  return [
    ...(gate.max === undefined ? [] : [absolute(gate, gate.max, pairs)]),
    ...(gate.maxRatio === undefined ? [] : [increase(gate, gate.maxRatio, pairs)]),
  ];
}

/**
 * Latency before the switch: Fail when the ratio within pairs exceeds the limit and even its lower bound is above 1. The
 * message also has the quantile that the gate names; what is judged is every prompt against itself, because forty prompts
 * have no P95 to speak of.
 */
function increase(gate: LatencyGate, maxRatio: number, pairs: readonly PromptPair[]): Finding {
  const compared = pairedRatio(pairs, gate.metric, CONFIDENCE);
  if (compared === undefined) return tooFew(gate, pairs);
  const { ratio, atLeast, atMost } = compared;
  const value = sampleQuantile(compared.candidate, gate.quantile);
  const base = sampleQuantile(compared.base, gate.quantile);
  const verdict = ratio > maxRatio && atLeast > 1 ? 'Fail' : atMost <= maxRatio ? 'Pass' : 'NotRefuted';
  const bound = verdict === 'Pass' ? `at most ${change(atMost)}` : `at least ${change(atLeast)}`;
  return {
    verdict,
    samples: compared.pairs,
    value,
    base,
    limit: maxRatio,
    message: `${shortName(gate)} ${time(value)} against ${time(base)}; the same prompts one by one (geometric mean of ${count(compared.pairs, 'pair')}): ${change(ratio)}, ${bound} (${CONFIDENT}), allowed ${change(maxRatio)}`,
  };
}

/** A quantile keeps a limit when no more than the rest of the samples is above it: that share is judged as errors are. */
function absolute(gate: LatencyGate, limit: number, pairs: readonly PromptPair[]): Finding {
  const seconds = pairs.flatMap(({ candidate }) => latencyOf(candidate, gate.metric) ?? []);
  if (seconds.length === 0) return tooFew(gate, pairs);
  const slow = seconds.filter((value) => value > limit).length;
  const allowed = 1 - gate.quantile;
  const bounds = shareBounds(slow, seconds.length, allowed);
  const value = sampleQuantile(seconds, gate.quantile);
  return {
    verdict: bounds.verdict,
    samples: seconds.length,
    value,
    limit,
    message: `${shortName(gate)} ${time(value)}, allowed ${time(limit)}: ${slow} of ${count(seconds.length, 'prompt')} took longer (${bounds.text}), allowed ${share(allowed)}`,
  };
}

function tooFew({ metric }: LatencyGate, pairs: readonly PromptPair[]): Finding {
  const usable = pairs.filter(
    ({ base, candidate }) => latencyOf(base, metric) !== undefined && latencyOf(candidate, metric) !== undefined,
  ).length;
  return {
    verdict: 'NoData',
    samples: usable,
    message: `Both versions answered ${usable} of ${count(pairs.length, 'prompt')}, and a comparison needs ${MIN_PAIRS}${errorOf(pairs)}`,
  };
}

/** A share against a limit: Fail when its lower bound is above, Pass when its upper bound is not. */
function shareBounds(above: number, samples: number, limit: number): { verdict: Finding['verdict']; text: string } {
  const atLeast = lowerBound(above, samples, CONFIDENCE);
  if (atLeast > limit) return { verdict: 'Fail', text: `at least ${share(atLeast)}, ${CONFIDENT}` };
  const atMost = upperBound(above, samples, CONFIDENCE);
  return { verdict: atMost <= limit ? 'Pass' : 'NotRefuted', text: `at most ${share(atMost)}, ${CONFIDENT}` };
}

function failures(pairs: readonly PromptPair[]): { base: number; candidate: number } {
  return {
    base: pairs.filter(({ base }) => !base.ok).length,
    candidate: pairs.filter(({ candidate }) => !candidate.ok).length,
  };
}

/** The first error of the candidate, to go on from. */
function errorOf(pairs: readonly PromptPair[]): string {
  const error = pairs.find(({ candidate }) => !candidate.ok)?.candidate.error;
  return error === undefined ? '' : `; the first error: "${shortened(error, 200)}"`;
}
