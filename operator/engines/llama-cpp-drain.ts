import type { Termination } from './termination.ts';

/**
 * A preStop command that waits until no slot of llama-server generates, at most as long as the drain may take, and
 * first until the pod has left every EndpointSlice. llama-server stops generating at SIGTERM, so that nothing may be
 * running by then; an idle pod on the other hand should not hold its GPU for minutes. The shell and curl are those of
 * the image (its own health check is curl); without an answer, or without curl, it waits its whole time.
 */
export function waitUntilIdle(port: number, { preStopSeconds, drainSeconds }: Termination): string[] {
  const script = [
    `sleep ${preStopSeconds}`,
    `end=$(($(date +%s) + ${drainSeconds}))`,
    `while [ "$(date +%s)" -lt "$end" ]; do`,
    // The key by standard input: arguments are in the list of processes.
    `  slots=$(printf 'Authorization: Bearer %s' "$LLAMA_API_KEY" | curl -fsS -m 2 -H @- http://127.0.0.1:${port}/slots) || slots=unknown`,
    `  case "$slots" in *'"is_processing":true'* | unknown) sleep 1 ;; *) exit 0 ;; esac`,
    'done',
  ].join('\n');
  return ['/bin/sh', '-c', script];
}
