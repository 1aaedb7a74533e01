/**
 * `node hack/mutants/summary.ts [PART...]`: what the reports of the parts (default: all) in `.reports/mutants` say, each and together.
 * Ends with 1 where less than 85 % of the changes were noticed together, or a part has no report.
 */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PARTS, reportOf } from './parts.ts';
import { percentOf, type Report, type Score, scoreOf, sumOf } from './score.ts';

const ROOT = join(import.meta.dirname, '../..');
const ENOUGH = 85;

function read(part: string): Score | undefined {
  const path = join(ROOT, reportOf(part, '.json'));
  if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
  return scoreOf(JSON.parse(readFileSync(path, 'utf8')) as Report);
}

function print(name: string, score: Score | undefined): void {
  const words =
    score === undefined
      ? '  no report'
      : `${percentOf(score).toFixed(1).padStart(6)} %  ${score.caught} of ${score.caught + score.missed}, ${score.ignored} not tried`;
  console.log(`${name.padEnd(10)}${words}`);
}

const given = process.argv.slice(2);
const parts = given.length > 0 ? given : Object.keys(PARTS);
const scores = parts.map((part) => ({ part, score: read(part) }));
for (const { part, score } of scores) print(part, score);
const all = sumOf(scores.flatMap(({ score }) => score ?? []));
if (parts.length > 1) print('together', all);
const isMissing = scores.some(({ score }) => score === undefined);
if (isMissing || percentOf(all) < ENOUGH) {
  console.error(isMissing ? 'Not all parts have a report.' : `Less than ${ENOUGH} % of the changes were noticed.`);
  process.exitCode = 1;
}
