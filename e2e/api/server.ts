import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import { parse } from 'yaml';
import type { Cluster } from '../../hack/cluster/index.ts';
import { GROUP, PLURAL, VERSION } from '../../operator/api/index.ts';
import { eventually } from '../support/index.ts';

const TIMEOUT_MS = 30_000;

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The parts of a Status that a user reads. */
interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] };
}

/** An API server as kubectl talks to it, with answers as they come: refusals are what these tests are about. */
export class Server {
  readonly #url: string;
  readonly #agent: Agent;

  private constructor(url: string, agent: Agent) {
    this.#url = url;
    this.#agent = agent;
  }

  static async of(cluster: Cluster): Promise<Server> {
    const kubeconfig = parse(await readFile(await cluster.kubeconfig('api-tests'), 'utf8')) as {
      clusters: [{ cluster: Record<string, string> }];
      users: [{ user: Record<string, string> }];
    };
    const decode = (base64 = ''): string => Buffer.from(base64, 'base64').toString();
    const { cluster: target } = kubeconfig.clusters[0];
    const { user } = kubeconfig.users[0];
    return new Server(
      cluster.server,
      new Agent({
        connect: {
          ca: decode(target['certificate-authority-data']),
          cert: decode(user['client-certificate-data']),
          key: decode(user['client-key-data']),
        },
      }),
    );
  }

  async send(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH',
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<Answer> {
    const response = await request(new URL(path, this.#url), {
      method,
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: method === 'GET' ? { accept: type } : { 'content-type': type },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: (await response.body.json()) as Answer['body'] };
  }

  /** Installs a CRD and waits until the server serves it. */
  async install(crd: { readonly metadata: { readonly name: string } }, namespace: string): Promise<void> {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}?fieldManager=tests&force=true`;
    const { status, body } = await this.send('PATCH', path, crd, 'application/apply-patch+yaml');
    if (status >= 300) throw new Error(String(body['message']));
    await eventually(
      async () => {
        const list = await this.send('GET', collection(namespace));
        if (list.status !== 200) throw new Error(`${PLURAL} are not served yet: ${list.status}`);
      },
      { timeoutMs: TIMEOUT_MS },
    );
  }

  /** What `kubectl create` does, without keeping the object: strict about unknown fields. */
  dryRun(object: unknown, namespace: string): Promise<Answer> {
    return this.send('POST', `${collection(namespace)}?fieldValidation=Strict&dryRun=All`, object);
  }

  async close(): Promise<void> {
    await this.#agent.close();
  }
}

export const collection = (namespace: string): string => `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${PLURAL}`;

/** `<field>: <message>` of every cause of a refusal, or its message when it has none. */
export function errorsOf({ body }: Answer): string[] {
  const { message = '', details } = body as Status;
  // Says only that rules were not looked at because of the errors beside it.
  const causes = (details?.causes ?? []).filter(({ field }) => field !== '<nil>');
  return causes.length > 0 ? causes.map(({ field, message: text }) => `${field}: ${text}`) : [message];
}
