import type { EngineCore, Timing } from '../core.ts';

/** What llama-server counts, under the names of its own exposition; nothing about errors or latencies. */
export class LlamaMetrics {
  readonly #core: EngineCore;
  #promptTokens = 0;
  #promptSeconds = 0;
  #predictedTokens = 0;
  #predictedSeconds = 0;
  #decodes = 0;
  #longest = 0;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  /** One generation request that has ended. */
  onFinished(promptTokens: number, { prefill, decode, tokens }: Timing): void {
    this.#promptTokens += promptTokens;
    this.#promptSeconds += prefill;
    this.#predictedTokens += tokens;
    this.#predictedSeconds += decode;
    this.#decodes += tokens;
    this.#longest = Math.max(this.#longest, promptTokens + tokens);
  }

  /** The text exposition format, version 0.0.4. */
  render(): string {
    const rate = (count: number, seconds: number): number => (seconds > 0 ? count / seconds : 0);
    const busy = this.#core.running;
    const rows: readonly (readonly [name: string, type: 'counter' | 'gauge', help: string, value: number])[] = [
      [
        'prompt_tokens_total',
        'counter',
        'Number of prompt tokens processed, excluding cached tokens',
        this.#promptTokens,
      ],
      ['prompt_tokens_cached_total', 'counter', 'Number of prompt tokens reused from the cache', 0],
      ['prompt_seconds_total', 'counter', 'Total time spent processing prompts', this.#promptSeconds],
      ['tokens_predicted_total', 'counter', 'Number of generation tokens processed', this.#predictedTokens],
      ['tokens_predicted_seconds_total', 'counter', 'Total time spent generating tokens', this.#predictedSeconds],
      ['n_decode_total', 'counter', 'Total number of llama_decode() calls', this.#decodes],
      ['n_tokens_max', 'counter', 'Largest observed sequence length (prompt + generation)', this.#longest],
      ['spec_decode_num_draft_tokens_total', 'counter', 'Speculative: Total draft tokens generated', 0],
      ['spec_decode_num_accepted_tokens_total', 'counter', 'Speculative: Total draft tokens accepted', 0],
      ['spec_decode_num_drafts_total', 'counter', 'Speculative: Total verification steps', 0],
      [
        'prompt_tokens_seconds',
        'gauge',
        'Average prompt throughput in tokens/s',
        rate(this.#promptTokens, this.#promptSeconds),
      ],
      [
        'predicted_tokens_seconds',
        'gauge',
        'Average generation throughput in tokens/s',
        rate(this.#predictedTokens, this.#predictedSeconds),
      ],
      ['requests_processing', 'gauge', 'Number of requests processing', busy],
      ['requests_deferred', 'gauge', 'Number of requests deferred', this.#core.waiting],
      ['n_busy_slots_per_decode', 'gauge', 'Average number of busy slots per llama_decode() call', busy],
    ];
    return rows
      .map(([name, type, help, value]) => {
        const full = `llamacpp:${name}`;
        return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
      })
      .join('');
  }
}
