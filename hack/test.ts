/**
 * `npm test [-- TIER... [-- JEST ARGUMENTS]]`: runs the tiers (default: all), each with the cluster that its test files
 * share, and ends with the line `N passed, N failed, N skipped` over all of them. The exit status is 0 only if every tier
 * ran tests and none failed; 2 for wrong usage. Clusters go away in any case: after a failure and Ctrl-C by `stop`, after
 * SIGKILL by their watchdogs.
 */
import { spawn } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import {
  clusterVariable,
  findBinaries,
  findTool,
  gatewayApiCrds,
  type Profile,
  runInNewNamespace,
  startCluster,
  type Tool,
  whyNoNamespace,
} from './cluster/index.ts';
import { failure, formatCounts, judge, total, type TierResult } from './testing/report.ts';

interface Tier {
  readonly name: string;
  /** The cluster that the tier's files share. */
  readonly profile?: Profile;
  /** Programs beside the cluster that its files start. They are built before: a test waits for minutes, not for a compiler. */
  readonly tools?: readonly Tool[];
  /** Cluster and tests run in a network namespace of their own, where the addresses of pods are local (cluster/netns.ts). */
  readonly ownNetwork?: boolean;
  readonly timeoutMs: number;
}

const MINUTE_MS = 60_000;
const TIERS: readonly Tier[] = [
  { name: 'unit', timeoutMs: 15 * MINUTE_MS },
  { name: 'integration', profile: 'control-plane', timeoutMs: 30 * MINUTE_MS },
  {
    name: 'simulated',
    profile: 'simulated',
    tools: ['prometheus', 'prometheus-adapter', 'keda-operator'],
    timeoutMs: 30 * MINUTE_MS,
  },
  { name: 'gateway', profile: 'simulated', tools: ['traefik'], ownNetwork: true, timeoutMs: 15 * MINUTE_MS },
];

/** Set in the process that runs a tier inside its own network. */
const INSIDE = 'DEEPSEEK_TEST_INSIDE';

const ROOT = join(import.meta.dirname, '..');
const REPORTS = join(ROOT, '.reports');

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runTier(tier: Tier, jestArgs: readonly string[], signal: AbortSignal): Promise<TierResult> {
  print(`\n=== ${tier.name} ===`);
  const { profile } = tier;
  if (!profile) return runJest(tier, jestArgs, {}, signal);
  const onProgress = (line: string): void => print(`cluster: ${line}`);
  if (tier.ownNetwork && process.env[INSIDE] !== tier.name) return runInside(tier, profile, jestArgs, signal);
  // A file that is run alone builds what it asks for; most ask for nothing.
  for (const tool of jestArgs.length === 0 ? (tier.tools ?? []) : []) await findTool(tool, { signal, onProgress });
  const cluster = await startCluster({ profile, signal, onProgress });
  try {
    return await runJest(tier, jestArgs, { [clusterVariable(profile)]: cluster.dir }, signal);
  } finally {
    await cluster.stop();
  }
}

/** Runs the tier by this script again, in a new network namespace. Nothing can be downloaded there. */
async function runInside(
  tier: Tier,
  profile: Profile,
  jestArgs: readonly string[],
  signal: AbortSignal,
): Promise<TierResult> {
  const why = await whyNoNamespace(signal);
  if (why !== undefined) return { counts: { passed: 0, failed: 0, skipped: 1 }, problem: `skipped: ${why}` };
  const options = { signal, onProgress: (line: string) => print(`cluster: ${line}`) };
  await findBinaries(profile, options);
  for (const tool of tier.tools ?? []) await findTool(tool, options);
  await gatewayApiCrds(signal); // Into Go's module cache.
  const report = reportFile(tier);
  await rm(report, { force: true });
  const again = [process.execPath, '--no-warnings', import.meta.filename, tier.name, '--', ...jestArgs];
  const exitCode = await runInNewNamespace(again, signal, { [INSIDE]: tier.name });
  return judge(await readFile(report, 'utf8').catch(() => undefined), exitCode);
}

const reportFile = ({ name }: Tier): string => join(REPORTS, `jest-${name}.json`);

async function runJest(
  tier: Tier,
  jestArgs: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<TierResult> {
  const report = reportFile(tier);
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
    for (const name of result.flaky ?? []) lines.push(`  flaky, passed when it was tried again: ${name}`);
    if (controller.signal.aborted) break;
  }
  if (process.env[INSIDE] !== undefined) return total(results).failed === 0 ? 0 : 1; // The process outside prints.
  const counts = total(results);
  print('');
  lines.forEach(print);
  print(formatCounts(counts));
  return counts.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
