/**
 * `npm test [-- TIER... [-- JEST ARGUMENTS]]`: runs the tiers (default: all), each with the cluster that its test files
 * share, and ends with the line `N passed, N failed, N skipped` over all of them. The exit status is 0 only if every tier
 * ran tests and none failed; 2 for wrong usage. Clusters go away in any case: after a failure and Ctrl-C by `stop`, after
 * SIGKILL by their watchdogs.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  AUDITS_VARIABLE,
  type ClusterOptions,
  clusterVariable,
  findBinaries,
  findTool,
  gatewayApiCrds,
  NODE_IMAGES,
  nodeImagesInside,
  prepareRealNode,
  type Profile,
  readAudit,
  runInNewNamespace,
  startCluster,
  type Tool,
  whyNoNamespace,
  whyNoRealNode,
} from './cluster/index.ts';
import { failure, formatCounts, judge, total, type TierResult } from './testing/report.ts';
import { deniedRights, judgeRights, usedRights } from './testing/rights.ts';

interface Tier {
  readonly name: string;
  /** The cluster that the tier's files share. */
  readonly profile?: Profile;
  /** More flags of the cluster's programs. */
  readonly extraArgs?: ClusterOptions['extraArgs'];
  /** Programs beside the cluster that its files start. They are built before: a test waits for minutes, not for a compiler. */
  readonly tools?: readonly Tool[];
  /** Cluster and tests run in a network namespace of their own, where the addresses of pods are local (cluster/netns.ts). */
  readonly ownNetwork?: boolean;
  /** Files at once. Default: three; they wait more than they compute. One: what they measure is each other's load. */
  readonly workers?: number;
  readonly timeoutMs: number;
}

const MINUTE_MS = 60_000;
/** `TRAFFIC=full` plays the suites of traffic as docs/conformance.md has them: with streams of five minutes. */
const REAL_MINUTES = process.env['TRAFFIC'] === 'full' ? 120 : 40;
const TIERS: readonly Tier[] = [
  { name: 'unit', workers: 2, timeoutMs: 15 * MINUTE_MS },
  { name: 'integration', profile: 'control-plane', tools: ['helm', 'kstatus'], timeoutMs: 30 * MINUTE_MS },
  {
    name: 'simulated',
    profile: 'simulated',
    tools: ['prometheus', 'prometheus-adapter', 'keda-operator', 'helm', 'etcdctl'],
    timeoutMs: 45 * MINUTE_MS,
  },
  { name: 'gateway', profile: 'simulated', tools: ['traefik'], ownNetwork: true, timeoutMs: 15 * MINUTE_MS },
  {
    name: 'real',
    profile: 'real',
    tools: ['prometheus', 'prometheus-adapter', 'helm'],
    // The HPA controller looks every 2 s instead of every 15.
    extraArgs: { 'kube-controller-manager': ['--horizontal-pod-autoscaler-sync-period=2s'] },
    ownNetwork: true,
    workers: 1,
    timeoutMs: REAL_MINUTES * MINUTE_MS,
  },
];

/** Set in the process that runs a tier inside its own network. */
const INSIDE = 'DEEPSEEK_TEST_INSIDE';

const ROOT = join(import.meta.dirname, '..');
const REPORTS = join(ROOT, '.reports');

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runTier(tier: Tier, jestArgs: readonly string[], signal: AbortSignal): Promise<TierResult> {
  print(`\n=== ${tier.name} ===`);
  const { profile } = tier;
  // That of an earlier run says nothing of this one.
  await rm(rightsFile(tier), { force: true });
  if (!profile) return runJest(tier, jestArgs, {}, signal);
  const onProgress = (line: string): void => print(`cluster: ${line}`);
  if (tier.ownNetwork && process.env[INSIDE] !== tier.name) return runInside(tier, profile, jestArgs, signal);
  // A file that is run alone builds what it asks for; most ask for nothing.
  for (const tool of jestArgs.length === 0 ? (tier.tools ?? []) : []) await findTool(tool, { signal, onProgress });
  const images = profile === 'real' ? await nodeImagesInside() : [];
  const { extraArgs = {} } = tier;
  const cluster = await startCluster({ profile, images, extraArgs, signal, onProgress });
  // Of the clusters that files start for themselves.
  const audits = await mkdtemp(join(tmpdir(), 'audits-'));
  try {
    const env = { [clusterVariable(profile)]: cluster.dir, [AUDITS_VARIABLE]: audits };
    const result = await runJest(tier, jestArgs, env, signal);
    const used = new Set<string>();
    const denied = new Set<string>();
    for (const log of [cluster.auditLog, ...(await readdir(audits)).map((name) => join(audits, name))]) {
      const entries = await readAudit(log);
      for (const key of usedRights(entries)) used.add(key);
      // On the real node nothing is narrow.
      for (const request of deniedRights(entries, { mayBeNarrow: profile !== 'real' })) denied.add(request);
    }
    await writeFile(rightsFile(tier), JSON.stringify({ used: [...used], denied: [...denied] }));
    return result;
  } finally {
    await rm(audits, { recursive: true, force: true });
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
  const realNode = profile === 'real';
  const why = (realNode ? whyNoRealNode() : undefined) ?? (await whyNoNamespace(signal));
  if (why !== undefined) {
    // CI promises that all of it was run.
    if (realNode && process.env['CI'] !== undefined) return failure(`required in CI, and not possible: ${why}`);
    print(`NOT RUN: the tier ${tier.name}: ${why}`);
    return { counts: { passed: 0, failed: 0, skipped: 1 }, problem: `skipped: ${why}` };
  }
  const options = { signal, onProgress: (line: string) => print(`cluster: ${line}`) };
  await findBinaries(profile, options);
  for (const tool of tier.tools ?? []) await findTool(tool, options);
  const env: Record<string, string> = { [INSIDE]: tier.name };
  if (realNode) env[NODE_IMAGES] = await prepareRealNode(signal, options.onProgress);
  else await gatewayApiCrds(signal); // Into Go's module cache.
  const report = reportFile(tier);
  await rm(report, { force: true });
  const again = [process.execPath, '--no-warnings', import.meta.filename, tier.name, '--', ...jestArgs];
  const exitCode = await runInNewNamespace(again, signal, env, { realNode });
  return judge(await readFile(report, 'utf8').catch(() => undefined), exitCode);
}

/** What the tier's runs used of the rights that the operator has, and what they lacked. */
const rightsFile = ({ name }: Tier): string => join(REPORTS, `rights-${name}.json`);

async function judgeAllRights(): Promise<TierResult> {
  const used = new Set<string>();
  const denied = new Set<string>();
  const missing: string[] = [];
  for (const tier of TIERS.filter(({ profile }) => profile !== undefined)) {
    const found = await readFile(rightsFile(tier), 'utf8').catch(() => undefined);
    if (found === undefined) {
      missing.push(tier.name);
      continue;
    }
    const rights = JSON.parse(found) as { readonly used: readonly string[]; readonly denied: readonly string[] };
    for (const key of rights.used) used.add(key);
    for (const request of rights.denied) denied.add(request);
  }
  return judgeRights({ used, denied, missing });
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
      `--maxWorkers=${tier.workers ?? 3}`,
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
  const note = async (name: string, run: () => Promise<TierResult>): Promise<void> => {
    const started = performance.now();
    const result = await run().catch((error: unknown) =>
      failure(controller.signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error)),
    );
    results.push(result);
    const seconds = Math.round((performance.now() - started) / 1000);
    const problem = result.problem === undefined ? '' : `: ${result.problem}`;
    lines.push(`${name}: ${formatCounts(result.counts)} in ${seconds} s${problem}`);
    for (const test of result.flaky ?? []) lines.push(`  flaky, passed when it was tried again: ${test}`);
  };
  for (const tier of TIERS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    await note(tier.name, () => runTier(tier, jestArgs, controller.signal));
    if (controller.signal.aborted) break;
  }
  if (names.length === 0 && jestArgs.length === 0 && !controller.signal.aborted) await note('rights', judgeAllRights);
  if (process.env[INSIDE] !== undefined) return total(results).failed === 0 ? 0 : 1; // The process outside prints.
  const counts = total(results);
  print('');
  lines.forEach(print);
  print(formatCounts(counts));
  return counts.failed === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
