/**
 * `npm test [-- TIER... [-- JEST ARGUMENTS]]`: runs the tiers (default: all), each with the cluster that its test files
 * share, and ends with the line `N passed, N failed, N skipped` over all of them. The exit status is 0 only if every tier
 * ran tests and none failed; 2 for wrong usage. Clusters go away in any case: after a failure and Ctrl-C by `stop`, after
 * SIGKILL by their watchdogs.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { clusterVariable, startCluster, type Profile } from './cluster/index.ts';
import { failure, formatCounts, judge, total, type TierResult } from './testing/report.ts';

interface Tier {
  readonly name: string;
  /** The cluster that the tier's files share. */
  readonly profile?: Profile;
  readonly timeoutMs: number;
}

const MINUTE_MS = 60_000;
const TIERS: readonly Tier[] = [
  { name: 'unit', timeoutMs: 15 * MINUTE_MS },
  { name: 'integration', profile: 'control-plane', timeoutMs: 30 * MINUTE_MS },
  { name: 'simulated', profile: 'simulated', timeoutMs: 30 * MINUTE_MS },
];

const ROOT = join(import.meta.dirname, '..');
const REPORTS = join(ROOT, '.reports');

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runTier(tier: Tier, jestArgs: readonly string[], signal: AbortSignal): Promise<TierResult> {
  print(`\n=== ${tier.name} ===`);
  const { profile } = tier;
  if (!profile) return runJest(tier, jestArgs, {}, signal);
  const cluster = await startCluster({ profile, signal, onProgress: (line) => print(`cluster: ${line}`) });
  try {
    return await runJest(tier, jestArgs, { [clusterVariable(profile)]: cluster.dir }, signal);
  } finally {
    await cluster.stop();
  }
}

async function runJest(
  tier: Tier,
  jestArgs: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<TierResult> {
  const report = join(REPORTS, `jest-${tier.name}.json`);
  await mkdir(REPORTS, { recursive: true });
  await rm(report, { force: true });
  const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      jest,
      `--selectProjects=${tier.name}`,
      '--maxWorkers=2',
      '--json',
      `--outputFile=${report}`,
      ...jestArgs,
    ],
    // With --outputFile, jest's own words go to stderr.
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
      signal,
      timeout: tier.timeoutMs,
    },
  );
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return judge(await readFile(report, 'utf8').catch(() => undefined), exitCode);
}

async function main(args: readonly string[]): Promise<number> {
  const separator = args.indexOf('--');
  const names = separator < 0 ? args : args.slice(0, separator);
  const jestArgs = separator < 0 ? [] : args.slice(separator + 1);
  const unknown = names.filter((name) => !TIERS.some((tier) => tier.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`No tier "${unknown.join('", "')}". Tiers: ${TIERS.map(({ name }) => name).join(', ')}.\n`);
    return 2;
  }
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => controller.abort(new Error(`stopped by ${name}`)));

  const lines: string[] = [];
  const results: TierResult[] = [];
  for (const tier of TIERS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    const started = performance.now();
    const result = await runTier(tier, jestArgs, controller.signal).catch((error: unknown) =>
      failure(controller.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error)),
    );
    results.push(result);
    const seconds = Math.round((performance.now() - started) / 1000);
    const problem = result.problem === undefined ? '' : `: ${result.problem}`;
    lines.push(`${tier.name}: ${formatCounts(result.counts)} in ${seconds} s${problem}`);
    if (controller.signal.aborted) break;
  }
  const counts = total(results);
  print('');
  lines.forEach(print);
  print(formatCounts(counts));
  return counts.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
