import { createLogUpdate } from 'log-update';
import { systemClock } from '../../operator/kube/clock.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeClient } from '../../operator/kube/types.ts';
import { MODELS } from './manifests.ts';
import { changedRows, modelRows, renderRow, renderTable } from './models.ts';
import type { ModelRow } from './models.ts';

const REFRESH_MS = 500;

/** Some models did not become Ready in time; the message says why, model by model. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
}

export interface WatchOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  /** Names of the models to wait for. */
  readonly names: readonly string[];
  readonly timeoutMs: number;
  readonly output: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

/**
 * Shows the models until all of them are Ready: on a terminal as one table that changes in place, on a pipe as a line for
 * each change and the table at the end.
 *
 * @throws NotReadyError at the timeout.
 */
export async function watchModels(options: WatchOptions): Promise<ModelRow[]> {
  const { names, timeoutMs, output, signal } = options;
  const show = output.isTTY ? showInPlace(output) : showAsLines(output);
  const deadline = systemClock.monotonic() + timeoutMs;
  for (;;) {
    const rows = await readRows(options);
    const late = rows.filter(({ ready }) => !ready);
    const done = late.length === 0 && rows.length === names.length;
    const over = systemClock.monotonic() > deadline;
    show(rows, done || over);
    if (done) return rows;
    if (over) {
      const missing = names.filter((name) => !rows.some((row) => row.name === name));
      const reasons = [
        ...late.map(({ name, message }) => `  ${name}: ${message}`),
        ...missing.map((name) => `  ${name}: is not in the cluster`),
      ].join('\n');
      throw new NotReadyError(`Not Ready after ${Math.round(timeoutMs / 1000)} s:\n${reasons}`);
    }
    await systemClock.sleep(REFRESH_MS, signal);
  }
}

type Show = (rows: readonly ModelRow[], last: boolean) => void;

function showInPlace(output: NodeJS.WriteStream): Show {
  const update = createLogUpdate(output);
  return (rows, last) => {
    update(renderTable(rows));
    if (last) update.done();
  };
}

function showAsLines(output: NodeJS.WriteStream): Show {
  let shown: readonly ModelRow[] = [];
  return (rows, last) => {
    for (const row of changedRows(shown, rows)) output.write(`${renderRow(row)}\n`);
    if (last) output.write(`${renderTable(rows)}\n`);
    shown = rows;
  };
}

async function readRows({ client, namespace, names, signal }: WatchOptions): Promise<ModelRow[]> {
  const [models, pods, nodes] = await Promise.all([
    client.list(MODELS, { namespace, signal }),
    client.list(resources.pods, { namespace, signal }),
    client.list(resources.nodes, { signal }),
  ]);
  const ours = models.items.filter(({ metadata }) => names.includes(metadata.name));
  return modelRows(ours, pods.items, nodes.items);
}
