import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { access, mkdir, readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectCluster } from '../../cluster/index.ts';
import { atMost, type BenchContext, type Figure, type Scenario } from '../figure.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const REPORTS = join(ROOT, '.reports');
/** Where the demo has its cluster. */
const DEMO = join(ROOT, '.cluster', 'demo');
const LOG = join(REPORTS, 'bench-demo.log');
const TIMEOUT_MS = 300_000;
const TITLE = 'The story of `make demo`, once the cluster is up';
const LIMIT_S = 120;

/** What a newcomer waits for. */
export const demo: Scenario = {
  name: 'demo',
  method: `\`make demo\` as a whole process, with the Kubernetes binaries already built. Its story (a good version, two bad ones, a handover on full
GPUs) counts from the moment at which cluster, simulator and operator are up; the whole, beside it, from the command to its end.`,
  run: measure,
};

async function measure({ signal, log }: BenchContext): Promise<readonly Figure[]> {
  const obstacle = await whyNot();
  if (obstacle !== undefined) {
    return [{ name: 'demo', title: TITLE, limit: `<= ${LIMIT_S} s`, measured: obstacle, verdict: 'skipped' }];
  }
  log('make demo');
  try {
    const startedAt = performance.now();
    const code = await make('demo', signal);
    const whole = (performance.now() - startedAt) / 1000;
    if (code !== 0) throw new Error(`make demo ended with status ${code}; see .reports/bench-demo.log`);
    const output = await readFile(LOG, 'utf8');
    const value = Number(/The story took (\d+) s/.exec(output)?.[1] ?? Number.NaN);
    return [
      atMost({
        name: 'demo',
        title: TITLE,
        value,
        limit: LIMIT_S,
        unit: ' s',
        note: `the whole ${whole.toFixed(0)} s`,
      }),
    ];
  } finally {
    await make('demo-down', AbortSignal.timeout(TIMEOUT_MS));
  }
}

/** Why the demo is left alone, if so: one that runs is somebody's. */
async function whyNot(): Promise<string | undefined> {
  const exists = await access(join(ROOT, 'hack/demo/main.ts')).then(
    () => true,
    () => false,
  );
  if (!exists) return 'there is no demo';
  const runs = await connectCluster(DEMO).then(
    () => true,
    () => false,
  );
  return runs ? 'a demo runs already: make demo-down' : undefined;
}

/** Runs a make target with its output in a log, and resolves to its exit status. */
async function make(target: string, signal: AbortSignal): Promise<number> {
  await mkdir(REPORTS, { recursive: true });
  const output = createWriteStream(join(REPORTS, `bench-${target}.log`));
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const child = spawn('make', [target], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], signal: limit });
  child.stdout.pipe(output, { end: false });
  child.stderr.pipe(output, { end: false });
  const [code] = (await once(child, 'close')) as [number | null];
  output.end();
  return code ?? 1;
}
