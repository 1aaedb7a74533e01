import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startCluster } from '../../../hack/cluster/index.ts';
import { runCampaign } from './campaign.ts';

interface Options {
  readonly runs: number;
  readonly seed: number;
  readonly shard: { readonly index: number; readonly of: number };
  readonly concurrency: number;
  readonly report?: string;
}

function integer(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('must be a whole number');
  return Number(text);
}

function positive(text: string): number {
  const value = integer(text);
  if (value === 0) throw new InvalidArgumentError('must be at least 1');
  return value;
}

function shard(text: string): Options['shard'] {
  const [, index = '0', of = '0'] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (Number(index) < 1 || Number(index) > Number(of)) throw new InvalidArgumentError('must be i/n with 1 <= i <= n');
  return { index: Number(index), of: Number(of) };
}

const program = new Command('faults')
  .description('Random faults between an informer and a real kube-apiserver; the store must end up equal to etcd.')
  .option('--runs <n>', 'how many seeds to run', positive, 1000)
  .option('--seed <n>', 'the first seed; run one again with --runs 1', integer, 1)
  .option('--shard <i/n>', 'run only every n-th seed, beginning with the i-th', shard, { index: 1, of: 1 })
  .option('--concurrency <n>', 'runs at the same time', positive, 4)
  .option('--report <file>', 'write the result as JSON');

async function main(): Promise<void> {
  const options = program.parse().opts<Options>();
  const interrupted = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => interrupted.abort(new Error(`interrupted by ${name}`)));
  }
  const { signal } = interrupted;
  const seeds = Array.from({ length: options.runs }, (_, index) => options.seed + index).filter(
    (_, index) => index % options.shard.of === options.shard.index - 1,
  );
  await using cluster = await startCluster({ profile: 'control-plane', signal });
  const report = await runCampaign({
    cluster,
    seeds,
    concurrency: options.concurrency,
    signal,
    onResult: ({ seed, problems }, done) => {
      for (const problem of problems) console.error(`seed ${seed}: ${problem}`);
      if (done % 50 === 0 || done === seeds.length) console.log(`${done} of ${seeds.length} runs`);
    },
  });
  if (options.report !== undefined) {
    await mkdir(dirname(options.report), { recursive: true });
    await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
  }
  console.table(report.faults);
  const idle = Object.keys(report.faults).filter((name) => report.faults[name] === 0);
  if (idle.length > 0) console.error(`never happened, so not proved: ${idle.join('; ')}`);
  if (report.failed.length > 0) console.error(`failing seeds: ${report.failed.map(({ seed }) => seed).join(', ')}`);
  console.log(
    `${report.passed} of ${report.runs} runs passed (${report.events} events, ${report.lists} lists, ${report.watches} watches)`,
  );
  if (report.failed.length > 0) process.exitCode = 1;
}

await main();
