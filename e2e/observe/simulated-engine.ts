import { systemClock } from '../../operator/kube/clock.ts';
import type { EngineEndpoint } from '../../operator/observe/index.ts';
import { loopbackAddress } from '../simulator/addresses.ts';
import { llamaCpp } from '../simulator/engines/llama-cpp/persona.ts';
import { sglang } from '../simulator/engines/sglang/persona.ts';
import { tensorRTLLM } from '../simulator/engines/tensorrt-llm/persona.ts';
import type { Behaviour, Engine, EnginePersona, EngineSpec } from '../simulator/engines/types.ts';
import { vllm } from '../simulator/engines/vllm/persona.ts';
import { freePortOnAllAddresses } from '../simulator/ports.ts';

/** A row for each engine: its name, its persona, and what its pod is known by. */
export const ENGINES: readonly (readonly [string, EnginePersona, Pick<EngineEndpoint, 'engine' | 'metricsPath'>])[] = [
  ['vLLM', vllm, { engine: { type: 'vLLM', version: '0.32.0' }, metricsPath: '/metrics' }],
  ['SGLang', sglang, { engine: { type: 'SGLang', version: '0.5.23' }, metricsPath: '/metrics' }],
  [
    'TensorRT-LLM',
    tensorRTLLM,
    { engine: { type: 'TensorRT-LLM', version: '1.3.0rc23' }, metricsPath: '/prometheus/metrics' },
  ],
  ['llama.cpp', llamaCpp, { engine: { type: 'llama.cpp', version: 'b11669' }, metricsPath: '/metrics' }],
];

/** As fast as tells one engine from a slower one: the noise of a busy machine is some milliseconds. */
const LATENCY = { timeToFirstToken: 0.02, interTokenLatency: 0.002, perPromptToken: 0 };

const spec: EngineSpec = {
  servedNames: ['chat'],
  maxModelLen: 4096,
  maxNumSeqs: 8,
  apiKeys: [],
  shutdownTimeoutSeconds: 0,
  model: 'org/model',
  reasoning: 'none',
  port: 8000,
  kvCacheTokens: 80_000,
  gpuMemoryUtilization: 0.9,
  metrics: true,
};

/** One simulated engine in real time, at the loopback address of a pod. */
export class SimulatedEngine {
  readonly endpoint: EngineEndpoint;
  /** Read at every request. */
  behaviour: Behaviour = { errorRate: 0, slowFactor: 1, wrongAnswers: false };
  readonly #engine: Engine;

  private constructor(
    [, persona, known]: (typeof ENGINES)[number],
    changes: Partial<EngineSpec>,
    at: { readonly host: string; readonly port: number },
  ) {
    const [apiKey] = changes.apiKeys ?? [];
    this.endpoint = { ...known, ...at, pod: `chat-${at.host}`, model: 'chat', ...(apiKey && { apiKey }) };
    this.#engine = persona.serve(
      { ...spec, ...changes },
      { clock: systemClock, seed: 1, latency: LATENCY, behaviour: () => this.behaviour },
    );
  }

  /** `podIP`: in 10.0.0.0/8, another one for each engine of a test. */
  static async start(
    engine: (typeof ENGINES)[number],
    podIP: string,
    changes: Partial<EngineSpec> = {},
  ): Promise<SimulatedEngine> {
    const started = new SimulatedEngine(engine, changes, { host: podIP, port: await freePortOnAllAddresses() });
    await started.#engine.listen(loopbackAddress(podIP), started.endpoint.port);
    started.#engine.loaded();
    return started;
  }

  /** The process is gone; another one on the same address counts from 0. */
  async kill(): Promise<void> {
    await this.#engine.kill();
  }
}
