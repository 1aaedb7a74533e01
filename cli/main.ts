/** `kubectl-deepseek`, the kubectl plugin: `kubectl deepseek plan -f FILE`. */
import { systemClock } from '../operator/kube/clock.ts';
import { run } from './program.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // `on`, not `once`: log-update's signal handler ends the process with 130 when it finds itself the only listener.
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130); // Asked twice: at once.
    stop.abort();
  });
}

// A reader that has seen enough (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await run(process.argv.slice(2), process.env['DEEPSEEK_OPERATOR_VERSION'] ?? 'development', {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  clock: systemClock,
  signal: stop.signal,
});
