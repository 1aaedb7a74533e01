import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A target whose samples the test chooses, with their times. */
export interface Exporter extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
}

/** Serves gauges whose samples were taken so many milliseconds ago, by name. */
export async function startExporter(ages: Readonly<Record<string, number>>): Promise<Exporter> {
  const startedAt = Date.now();
  const lines = Object.entries(ages).map(([name, ms]) => `# TYPE ${name} gauge\n${name} 1 ${startedAt - ms}\n`);
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(lines.join(''));
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
