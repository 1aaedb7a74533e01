import { createServer } from 'node:http';
import { NODE_ADDRESS } from '../../hack/cluster/index.ts';

/** What stands where a Prometheus is expected: it refuses every query, and says which token it was sent. */
export interface QuotingPrometheus extends AsyncDisposable {
  readonly url: string;
  /** What came as the header `authorization`, each once. */
  readonly sent: ReadonlySet<string>;
}

/** It listens where pods reach it. */
export async function startQuotingPrometheus(): Promise<QuotingPrometheus> {
  const sent = new Set<string>();
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    sent.add(authorization);
    response.writeHead(401, { 'content-type': 'application/json' });
    const error = `the token ${authorization.replace('Bearer ', '')} is of nobody`;
    response.end(JSON.stringify({ status: 'error', errorType: 'unauthorized', error }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, NODE_ADDRESS, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://${NODE_ADDRESS}:${port}`,
    sent,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
