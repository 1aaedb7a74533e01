import type { Rule } from '../rules.ts';
import { SimulatorError } from './types.ts';
import type { PodRecord, SimulatorControl, SimulatorInfo } from './types.ts';

/** Every call is local and quick; one that takes longer has met a dead simulator. */
const timeoutMilliseconds = 10_000;

/** The control API of a simulator in another process. */
export class SimulatorClient implements SimulatorControl {
  readonly #url: string;

  /** @param url as the simulator printed it: `http://127.0.0.1:port` */
  constructor(url: string) {
    this.#url = url;
  }

  info(): Promise<SimulatorInfo> {
    return this.#call('GET', '/v1/info');
  }

  pods(): Promise<PodRecord[]> {
    return this.#call('GET', '/v1/pods');
  }

  rules(): Promise<Rule[]> {
    return this.#call('GET', '/v1/rules');
  }

  async setRule(rule: Rule): Promise<void> {
    await this.#call('POST', '/v1/rules', rule);
  }

  async removeRule(name: string): Promise<void> {
    await this.#call('DELETE', `/v1/rules/${encodeURIComponent(name)}`);
  }

  async loseNode(name: string): Promise<void> {
    await this.#call('POST', `/v1/nodes/${encodeURIComponent(name)}/lose`);
  }

  async restoreNode(name: string): Promise<void> {
    await this.#call('POST', `/v1/nodes/${encodeURIComponent(name)}/restore`);
  }

  async reset(): Promise<void> {
    await this.#call('POST', '/v1/reset');
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.#url + path, {
        method,
        signal: AbortSignal.timeout(timeoutMilliseconds),
        ...(body && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new SimulatorError('UNAVAILABLE', `No simulator answers at ${this.#url}.`, { cause: error });
    }
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    const { code = 'UNAVAILABLE', message = `HTTP ${response.status}` } = answer as {
      code?: SimulatorError['code'];
      message?: string;
    };
    throw new SimulatorError(code, message);
  }
}
