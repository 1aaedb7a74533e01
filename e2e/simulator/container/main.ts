/**
 * The simulator as the program of a container: `vllm serve ...`, `python3 -m sglang.launch_server ...` or `trtllm-serve
 * ...` in an image without Python or a GPU. The kubelet does here what PodLife does in a simulated cluster.
 */
import { writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../operator/kube/clock.ts';
import { personaOf } from '../engines/index.ts';
import type { Behaviour, Launch } from '../engines/types.ts';
import { readSettings } from './settings.ts';

/** The status of a shell that does not find a program. */
const NOT_FOUND = 127;
/** The kubelet sends SIGKILL when the pod's time is over; the engine's own deadline comes before. */
const NO_LIMIT_SECONDS = 3_600;

const end = (code: number, words = ''): never => {
  writeSync(2, words); // console.error to a pipe may be lost by exit.
  process.exit(code);
};

const [, program = '', ...args] = process.argv;
const settings = readSettings(process.env);
const environment = new Map(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
const words = [basename(program), ...args];
const subcommands = words[0] === 'vllm' ? 2 : 1;
const launch: Launch = {
  command: words.slice(0, subcommands),
  args: words.slice(subcommands),
  environment,
  files: await filesNamed([...args, ...environment.values()]),
  gpuCount: settings.gpuCount,
  gpu: settings.gpu,
};
const persona = personaOf(launch) ?? end(NOT_FOUND, `${words.join(' ')}: not found\n`);
const started = persona.start(launch);
if (!started.accepted) end(started.exitCode, started.log);
else {
  const begun = systemClock.monotonic();
  const engine = persona.serve(started.engine, {
    clock: systemClock,
    seed: 1,
    key: hostname(),
    latency: settings.latency,
    behaviour: (): Behaviour =>
      (systemClock.monotonic() - begun) / 1_000 < settings.healthySeconds
        ? { errorRate: 0, slowFactor: 1, wrongAnswers: false }
        : settings.behaviour,
  });
  let stopping = false;
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (stopping) return;
      stopping = true;
      void engine.terminate(NO_LIMIT_SECONDS).then((code) => process.exit(code));
    });
  }
  console.log(`${persona.name} loads ${started.engine.model} for ${settings.loadSeconds} s`);
  await sleep(settings.loadSeconds * 1_000 * persona.listensAt);
  await engine.listen('0.0.0.0', started.engine.port);
  await sleep(settings.loadSeconds * 1_000 * (1 - persona.listensAt));
  engine.loaded();
  console.log(`serving on port ${started.engine.port}`);
}

/** What an init container has written for it: settings that the command line or the environment names. */
async function filesNamed(words: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const path of words.filter((word) => /^\/.*\.(ya?ml|json)$/.test(word))) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) files.set(path, text);
  }
  return files;
}
