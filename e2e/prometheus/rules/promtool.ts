import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTool } from '../../../hack/cluster/index.ts';
import type { RuleGroup } from '../../../operator/monitoring/index.ts';
import { type InputSeries, STEP_SECONDS } from './series.ts';

/** What a query has to yield so many minutes after the start. */
export interface Expectation {
  readonly minute: number;
  readonly query: string;
  readonly samples: readonly { readonly labels: string; readonly value: number }[];
}

export interface RuleTest {
  readonly name: string;
  readonly series: readonly InputSeries[];
  readonly expect: readonly Expectation[];
}

/** What promtool said and with which status it ended. */
export interface Verdict {
  readonly status: number;
  readonly output: string;
}

/** Runs `promtool ARGUMENTS` in a folder with these files. */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Verdict> {
  const command = await findTool('promtool', { signal });
  const dir = await mkdtemp(join(tmpdir(), 'promtool-'));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    return await new Promise((resolve, reject) => {
      execFile(command, args, { cwd: dir, signal, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
        if (error && typeof error.code !== 'number') reject(new Error(error.message));
        else resolve({ status: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr });
      });
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The alert's rule with the recording rules that it stands on: promtool evaluates hundreds of rules for seconds a test. */
export function rulesFor(groups: readonly RuleGroup[], alert: string): RuleGroup[] {
  const wanted = new Set<object>(
    groups.flatMap(({ rules }) => rules.filter((rule) => 'alert' in rule && rule.alert === alert)),
  );
  const recording = groups.flatMap(({ rules }) => rules.filter((rule) => 'record' in rule));
  // A Set is iterated with what is added meanwhile.
  for (const rule of wanted as Set<RuleGroup['rules'][number]>)
    for (const other of recording) if (mentions(rule.expr, other.record)) wanted.add(other);
  return groups
    .map((group) => ({ ...group, rules: group.rules.filter((rule) => wanted.has(rule)) }))
    .filter(({ rules }) => rules.length > 0);
}

function mentions(expr: string, record: string): boolean {
  return new RegExp(`(?<![\\w:])${record}(?![\\w:])`).test(expr);
}

/** Runs these tests on these rules: `promtool test rules`. */
export function testRules(groups: readonly RuleGroup[], tests: readonly RuleTest[], signal: AbortSignal) {
  const file = {
    rule_files: ['rules.json'],
    evaluation_interval: `${STEP_SECONDS}s`,
    group_eval_order: groups.map(({ name }) => name),
    tests: tests.map(({ name, series, expect }) => ({
      name,
      interval: `${STEP_SECONDS}s`,
      input_series: series,
      promql_expr_test: expect.map(({ minute, query, samples }) => ({
        expr: query,
        eval_time: `${minute}m`,
        exp_samples: samples,
      })),
    })),
  };
  // JSON is YAML. All groups are evaluated at every step: their own intervals are not what is tested.
  const rules = { groups: groups.map(({ name, rules: own }) => ({ name, interval: `${STEP_SECONDS}s`, rules: own })) };
  const files = { 'rules.json': JSON.stringify(rules), 'tests.json': JSON.stringify(file) };
  return promtool(['test', 'rules', 'tests.json'], files, signal);
}
