import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll } from '@jest/globals';
import { parse } from 'yaml';
import { type Cluster } from '../../hack/cluster/index.ts';
import { KubeHttpClient } from '../../operator/kube/client.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { loadCredentials } from '../../operator/kube/credentials.ts';
import { resources } from '../../operator/kube/resources.ts';
import { Transport } from '../../operator/kube/transport.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A run of the plugin as a process of its own, as people run it. */
export interface Run {
  readonly process: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<number | null>;
}

export interface Plugin {
  readonly start: (...argv: string[]) => Promise<Run>;
  /** Runs it to its end. */
  readonly run: (...argv: string[]) => Promise<{
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  }>;
}

/** Gives the tests of a file the plugin, as the user `cli` unless its arguments say otherwise; what still runs after a test is ended. */
export function testPlugin(cluster: () => Cluster): Plugin {
  const runs: Run[] = [];
  const start = async (...argv: string[]): Promise<Run> => {
    const KUBECONFIG = await cluster().kubeconfig('cli');
    const child = spawn(process.execPath, ['cli/main.ts', ...argv], {
      cwd: ROOT,
      env: { PATH: process.env['PATH'], KUBECONFIG, LANG: 'C.UTF-8', COLUMNS: '140' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<number | null>((resolve) => void child.once('close', (code) => resolve(code)));
    const run = { process: child, stdout: () => stdout, stderr: () => stderr, ended };
    runs.push(run);
    return run;
  };
  afterEach(async () => {
    for (const run of runs.splice(0)) {
      run.process.kill('SIGKILL');
      await run.ended;
    }
  });
  return {
    start,
    run: async (...argv) => {
      const run = await start(...argv);
      const status = await run.ended;
      return { status, stdout: run.stdout(), stderr: run.stderr() };
    },
  };
}

/** Installs the CRD before the tests of a file. */
export function withCrd(cluster: () => Cluster): void {
  beforeAll(async () => {
    const kubeconfig = await cluster().kubeconfig('installer');
    const credentials = await loadCredentials({ clock: systemClock, kubeconfig });
    const transport = new Transport({ credentials, clock: systemClock });
    const crd = parse(await readFile(`${ROOT}/crds/deepseekdeployments.yaml`, 'utf8')) as object;
    const options = { fieldManager: 'installer', force: true, signal: AbortSignal.timeout(30_000) };
    await new KubeHttpClient(transport).apply(resources.customResourceDefinitions, crd, options);
    await transport.close();
  });
}
