import type { EngineEndpoint } from '../endpoint.ts';

/** A pod on this machine. */
export const localEndpoint: EngineEndpoint = {
  pod: 'chat-7f3c-x',
  host: '127.0.0.1',
  port: 1,
  metricsPath: '/metrics',
  engine: { type: 'vLLM', version: '0.32.0' },
  model: 'chat',
};
