/** `node upstream.ts`: an engine that answers at once, for what stands in front of it to be measured. Prints its port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of a stream; with the pauses it is there for some 0.4 s. */
const TOKENS = 20;
const PAUSE_MS = 20;

const ANSWER = JSON.stringify({ choices: [{ text: ' 4.', finish_reason: 'stop' }] });

const server = createServer((request, response) => {
  request.resume();
  if (request.url !== '/stream') {
    response.setHeader('content-type', 'application/json').end(ANSWER);
    return;
  }
  response.setHeader('content-type', 'text/event-stream');
  void (async () => {
    for (let token = 0; token < TOKENS; token++) {
      response.write(`data: {"choices":[{"text":" ${token}"}]}\n\n`);
      await sleep(PAUSE_MS);
    }
    response.end('data: [DONE]\n\n');
  })();
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
