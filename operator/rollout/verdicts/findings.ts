import type { GateVerdict, Stage, StageVerdict, VerdictKind } from './types.ts';
import { shortened } from './words.ts';

/** What is said of one limit of a gate: a gate can have two, one absolute and one on the increase. */
export type Finding = Omit<GateVerdict, 'gate' | 'stage'>;

/** From what decides most to what decides least. */
const ORDER: readonly VerdictKind[] = ['Fail', 'NoData', 'Inconclusive', 'NotRefuted', 'Pass'];

function worst<T extends { readonly verdict: VerdictKind }>(verdicts: readonly T[]): T | undefined {
  return verdicts.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))[0];
}

/** The verdict of a gate: numbers of the limit that decides, the words of all. */
export function gateVerdict(gate: string, stage: Stage, findings: readonly [Finding, ...Finding[]]): GateVerdict {
  const decisive = worst(findings) ?? findings[0];
  const rest = findings.filter((finding) => finding !== decisive);
  const message = shortened([decisive, ...rest].map((finding) => finding.message).join('; '));
  return { gate, stage, ...decisive, message };
}

/** The verdict of a stage; without any gate nothing speaks against it. */
export function stageVerdict(gates: readonly GateVerdict[]): StageVerdict {
  return { verdict: worst(gates)?.verdict ?? 'Pass', gates };
}
