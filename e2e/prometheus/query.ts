import type { PrometheusServer } from '../../hack/cluster/index.ts';

/** A sample of an instant query. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Asks a Prometheus now. Throws with its words where it refuses the query. */
export async function queryOf({ url }: Pick<PrometheusServer, 'url'>, promql: string): Promise<readonly Sample[]> {
  const response = await fetch(`${url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: promql }),
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json()) as { status: string; error?: string; data?: { result: Sample[] } };
  if (answer.data === undefined) throw new Error(`${promql}: ${answer.error ?? answer.status}`);
  return answer.data.result;
}
