import { Command, InvalidArgumentError } from 'commander';
import { startSimulator } from './simulator.ts';

interface Flags {
  readonly kubeconfig: string;
  readonly controlPort: number;
  readonly enginePort?: number;
  readonly seed: number;
  readonly timeScale: number;
  readonly timeToFirstToken: number;
  readonly interTokenLatency: number;
}

const number = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number, 0 or more.');
  return value;
};

const flags = new Command('simulator')
  .description('Plays the engine in every engine pod on the simulated nodes of a cluster.')
  .requiredOption('--kubeconfig <file>', 'cluster to follow')
  .option('--control-port <port>', 'port of the control API on 127.0.0.1; 0: a free one', number, 0)
  .option('--engine-port <port>', 'port of every engine, on its own 127.x.y.z; default: a free one', number)
  .option('--seed <number>', 'decides load times, errors and texts', number, 1)
  .option('--time-scale <factor>', 'on load times, startup budgets and restart back-offs', number, 0.01)
  .option('--time-to-first-token <seconds>', 'of an idle engine', number, 0.02)
  .option('--inter-token-latency <seconds>', 'of an idle engine', number, 0.005)
  .parse()
  .opts<Flags>();

const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());

const { enginePort, timeToFirstToken, interTokenLatency } = flags;
const simulator = await startSimulator({
  kubeconfig: flags.kubeconfig,
  controlPort: flags.controlPort,
  seed: flags.seed,
  timeScale: flags.timeScale,
  latency: { timeToFirstToken, interTokenLatency },
  signal: stopping.signal,
  ...(enginePort !== undefined && { enginePort }),
});
// One line of JSON: whoever has started this process reads where to find it.
process.stdout.write(`${JSON.stringify({ controlUrl: simulator.controlUrl, enginePort: simulator.enginePort })}\n`);
await new Promise<void>((resolve) => {
  if (stopping.signal.aborted) resolve();
  stopping.signal.addEventListener('abort', () => resolve(), { once: true });
});
await simulator.stop();
