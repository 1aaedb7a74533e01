import type { DrainBehaviour } from '../../operator/catalog/index.ts';
import { freePort, RunningEngine } from './running-engine.ts';
import type { Program } from './llama-server.ts';
import { localArguments } from './subjects.ts';
import type { Subject } from './subjects.ts';

export interface CheckResult {
  readonly engine: string;
  readonly check: string;
  readonly passed: boolean;
  /** What was seen. */
  readonly detail: string;
}

const REQUEST_MS = 30_000;
/** Longer than the catalogue's engines need to cut what runs. */
const DRAIN_MS = 120_000;

/** Starts the real engine with our command line, asks it what the operator counts on, and ends it while a stream runs. */
export async function checkEngine(
  subject: Subject,
  program: Program,
  modelPath: string,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const engine = `${subject.name} ${program.version}`;
  const note = (check: string, passed: boolean, detail: string): void =>
    void results.push({ engine, check, passed, detail });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { command, cwd } = program;
  const args = localArguments(subject, modelPath, port);
  await using running = await RunningEngine.start({ command, cwd, args, env: subject.environment });
  const { container, version } = subject;
  const health = container.readinessProbe.httpGet?.path ?? '/health';
  const started = performance.now();
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(subject.startSeconds * 1000)]);
    const statuses = await running.untilHealthy(`${url}${health}`, limit, 50);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    note('takes our command line', true, `healthy after ${seconds} s; ${health} on the way: ${statuses.join(', ')}`);
  } catch (error) {
    note('takes our command line', false, error instanceof Error ? error.message : String(error));
    return results;
  }
  const text = async (path: string): Promise<string> =>
    (await fetch(`${url}${path}`, { signal: AbortSignal.timeout(REQUEST_MS) })).text();
  const models = await text('/v1/models');
  note('serves the names of the spec', /"chat"/.test(models) && /"alias"/.test(models), `${models.slice(0, 60)}...`);

  const completion = { model: 'chat', prompt: 'hello', max_tokens: 8, ignore_eos: true };
  const answer = await fetch(`${url}/v1/completions`, post(completion));
  note('answers a prompt', answer.status === 200 && /"choices"/.test(await answer.text()), `status ${answer.status}`);
  const stream = await (await fetch(`${url}/v1/completions`, post({ ...completion, stream: true }))).text();
  note('streams', stream.trimEnd().endsWith('data: [DONE]'), `${stream.split('data: ').length - 1} events`);

  const exposition = await text(container.metricsPath);
  const names = new Set(exposition.split('\n').flatMap((line) => /^# TYPE (\S+) /.exec(line)?.[1] ?? []));
  const wanted = Object.values(version.metrics);
  const missing = wanted.filter((name) => !names.has(name));
  note(
    'shows the metrics that the catalogue names',
    missing.length === 0,
    missing.length === 0 ? `${wanted.length} of ${names.size}` : `missing: ${missing.join(', ')}`,
  );
  results.push(...(await checkDrain(engine, running, url, health, version.drain, signal)));
  return results;
}

async function checkDrain(
  engine: string,
  running: RunningEngine,
  url: string,
  health: string,
  expected: DrainBehaviour,
  signal: AbortSignal,
): Promise<CheckResult[]> {
  // Enough that SIGTERM comes in the middle, few enough that a slow machine ends within the drain deadline.
  const tokens = 400;
  const body = { model: 'chat', prompt: 'x', stream: true, ignore_eos: true, max_tokens: tokens };
  const response = await fetch(`${url}/v1/completions`, { ...post(body), signal: AbortSignal.timeout(DRAIN_MS) });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return [{ engine, check: 'drains', passed: false, detail: 'the stream has no body' }];
  let text = (await reader.read()).value ?? '';
  const begun = performance.now();
  const since = (): string => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  running.terminate();
  const end = (async () => {
    try {
      for (let part = await reader.read(); !part.done; part = await reader.read()) text += part.value;
    } catch {
      // Cut: what it has brought is what counts.
    }
    return since();
  })();
  // The refusal may take a moment to begin.
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  const healthNow = await statusOf(`${url}${health}`);
  const requestNow = await statusOf(`${url}/v1/completions`, post({ ...body, stream: false, max_tokens: 1 }));
  const seen = text.split('data: ').length - 1;
  const streamEnd = await end;
  const exit = await running.ended(AbortSignal.any([signal, AbortSignal.timeout(DRAIN_MS)]));
  // vLLM sends [DONE] also to what it aborts at its deadline: the finish reason tells.
  const reason = [...text.matchAll(/"finish_reason": ?"(\w+)"/g)].at(-1)?.[1];
  const complete = text.includes('[DONE]') && reason === 'length';
  const drains = expected.onSigterm !== 'Cuts';
  return [
    {
      engine,
      check: drains ? 'finishes a running stream after SIGTERM' : 'cuts a running stream after SIGTERM',
      passed: complete === drains,
      detail:
        `${complete ? 'complete' : `not complete (finish reason ${reason ?? 'none'})`} after ${streamEnd}, ${text.split('data: ').length - 1} events ` +
        `(${seen} of them in the first 2.5 s); exit status ${exit} after ${since()}`,
    },
    {
      engine,
      check: `its health says ${expected.health} meanwhile`,
      passed: healthNow === { Ok: 200, Error503: 503, Refused: 0 }[expected.health],
      detail: describe(healthNow),
    },
    {
      engine,
      check: `new requests get ${expected.newRequests} meanwhile`,
      passed: requestNow === { Served: 200, Error500: 500, Error503: 503, Refused: 0 }[expected.newRequests],
      detail: describe(requestNow),
    },
  ];
}

function describe(status: number): string {
  return status === 0 ? 'refused, or no answer in 3 s' : `status ${status}`;
}

/** 0 when there is no answer. */
async function statusOf(url: string, init: RequestInit = {}): Promise<number> {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(3_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 0;
  }
}

function post(body: object): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_MS),
  };
}
