import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '../../operator/telemetry/metrics.ts';
import type { MonitoredRevision } from '../../operator/monitoring/index.ts';

/** The operator's own metrics, as it would show them of these models, which have all been rolled back once. */
export async function startOperatorExporter(namespace: string, models: ReadonlyMap<string, MonitoredRevision>) {
  const metrics = new Metrics({ version: '0.1.0' });
  metrics.setLeader('deepseek-operator', true);
  metrics.watchQueue('deepseekdeployment', {
    depth: 0,
    unfinishedSeconds: () => 0,
    longestRunningSeconds: () => 0,
  });
  for (const [name, revision] of models) {
    const ref = { namespace, name };
    metrics.deployments.set(ref, {
      phase: 'Idle',
      reason: 'Serving',
      readyReplicas: 1,
      wantedReplicas: 1,
      ...{ assignedReplicas: 1, hasServed: true, isScraped: true, isAtMaxReplicas: true, maxReplicas: 4 },
      rolledBackAt: Date.now() - 60_000,
      revisions: [{ ...revision, maxNumSeqs: revision.maxNumSeqs ?? 1 }],
      rollback: { warmGpus: 1, readiness: 'Warm' },
    });
    metrics.deployments.observe(ref, { ended: [{ outcome: 'Promoted', way: 'Full', seconds: 60 }], verdicts: [] });
  }
  const work = (): void => {
    const queue = metrics.queueHooks('deepseekdeployment');
    queue.added();
    queue.started(0.01);
    queue.finished(0.02);
    queue.retried();
    metrics.observeReconcile('success', 0.02);
    metrics.observeRequest({ method: 'GET', host: 'kubernetes', code: 200, seconds: 0.005 });
  };
  const server = createServer((_, response) => {
    // Something has happened between two scrapes.
    work();
    void metrics.registry.metrics().then((text) => {
      response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
