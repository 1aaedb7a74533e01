import { checkAccess } from './checks/access.ts';
import { checkNodes } from './checks/nodes.ts';
import { checkOperator } from './checks/operator.ts';
import { checkSurroundings } from './checks/surroundings.ts';
import type { Facts } from './facts.ts';
import { AREAS, type Finding } from './finding.ts';

/** What `doctor` says; `-o json` prints it. */
export interface Diagnosis {
  readonly problems: number;
  readonly warnings: number;
  /** In the order of the areas. */
  readonly findings: readonly Finding[];
}

/** Judges what was read of the cluster. */
export function diagnose(facts: Facts): Diagnosis {
  const all = [...checkAccess(facts), ...checkOperator(facts), ...checkNodes(facts), ...checkSurroundings(facts)];
  const findings = AREAS.flatMap((area) => all.filter((finding) => finding.area === area));
  const among = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return { problems: among('problem'), warnings: among('warning'), findings };
}
