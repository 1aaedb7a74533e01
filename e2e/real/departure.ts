import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from '@jest/globals';
import { eventually } from '../support/index.ts';
import type { Pod } from './stage.ts';
import { LIMIT_MS, type Requests } from './traffic.ts';

const run = promisify(execFile);

/** A model, and how its engines are asked what they do. */
export interface Departing {
  /** Where it answers, through a node port. */
  readonly url: string;
  pods(revision: string): Promise<Pod[]>;
  requestsOf(podIP: string): Promise<Requests>;
}

/** The end of a version: what clients still had from it. Times are milliseconds of `performance.now()`. */
export interface Departure {
  /** Connections of clients to its pods when it was first looked at. */
  readonly connections: number;
  /** Requests that its pods ended from then on. */
  readonly requests: number;
  /** When its pods were told to go; the last of them. */
  readonly told: number;
  readonly lastConnection: number;
  /** When the last request was seen to begin at its pods. */
  readonly lastBegun: number;
  /** When the last request was seen to end. */
  readonly lastRequest: number;
  /** When the last pod was gone. */
  readonly gone: number;
}

/** Follows the pods of a version until none is left. */
export async function departure(model: Departing, revision: string): Promise<Departure> {
  const port = new URL(model.url).port;
  const begun = performance.now();
  const counted = new Map<string, Requests>();
  const held: number[] = [];
  let requests = 0;
  let [told, lastConnection, lastBegun, lastRequest] = [begun, begun, begun, begun];
  await eventually(
    async () => {
      const pods = await model.pods(revision);
      told = Math.max(told, ...pods.map(toldToGo));
      const established = await connectionsTo(port);
      const open = pods.reduce((sum, { status }) => sum + (established.get(status.podIP ?? '') ?? 0), 0);
      held.push(open);
      if (open > 0) lastConnection = performance.now();
      for (const { metadata, status } of pods) {
        const now = await model.requestsOf(status.podIP ?? '').catch(() => undefined);
        const before = counted.get(metadata.name);
        if (now === undefined) continue;
        counted.set(metadata.name, now);
        if (now.ended + now.running > (before === undefined ? 0 : before.ended + before.running)) {
          lastBegun = performance.now();
        }
        if (now.ended === before?.ended) continue;
        lastRequest = performance.now();
        requests += before === undefined ? 0 : now.ended - before.ended;
      }
      expect(pods.map(({ metadata }) => metadata.name)).toEqual([]);
    },
    { timeoutMs: LIMIT_MS, intervalMs: 250 },
  );
  return { connections: held[0] ?? 0, requests, told, lastConnection, lastBegun, lastRequest, gone: performance.now() };
}

/** A time between two events, for people. */
export function describeGap(from: number, to: number): string {
  return `${(Math.abs(to - from) / 1000).toFixed(1)} s ${to < from ? 'before' : 'after'}`;
}

/** When a pod was told to go, on the clock of `performance.now()`; the API server cuts fractions of a second off. */
function toldToGo({ metadata }: Pod): number {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0 } = metadata;
  if (deletionTimestamp === undefined) return -Infinity;
  return Date.parse(deletionTimestamp) - deletionGracePeriodSeconds * 1000 - performance.timeOrigin;
}

/** Established connections to a node port, by the pod that has them: as the kernel, which translates their addresses, knows them. */
async function connectionsTo(nodePort: string): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await run('conntrack', ['-L', '-p', 'tcp', '--state', 'ESTABLISHED', '--orig-port-dst', nodePort]);
  const pods = stdout.split('\n').flatMap((line) => {
    // The addresses of the connection, then those of its answers: the first of these is the pod's.
    const [, pod] = [...line.matchAll(/\bsrc=(\S+)/g)].map(([, address]) => address);
    return pod === undefined ? [] : [pod];
  });
  return new Map([...Map.groupBy(pods, (pod) => pod)].map(([pod, all]) => [pod, all.length]));
}
