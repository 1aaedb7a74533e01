import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { CredentialsError } from './errors.ts';
import { RefreshedFile } from './refreshed-file.ts';
import type { Clock } from './types.ts';

/** Certificates are looked at again when a request finds them this old. */
const TLS_MAX_AGE_MS = 10_000;
/** A plugin's credentials are asked for again after this; the plugin keeps its own cache. */
const PLUGIN_MAX_AGE_MS = 60_000;

export interface KubeconfigOptions {
  /** Several are merged, as kubectl does with $KUBECONFIG. */
  readonly paths: readonly string[];
  readonly context?: string;
  readonly clock: Clock;
}

/** What an exec plugin or an auth provider answered. */
interface PluginAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly at: number;
}

/**
 * Credentials from kubeconfig files, read by @kubernetes/client-node, which also runs exec plugins and auth providers.
 * It is loaded on first use: a pod with a service account never pays for it.
 */
export class KubeconfigCredentials implements Credentials {
  readonly server: string;
  readonly proxyUrl?: string;
  readonly namespace?: string;
  readonly #options: KubeconfigOptions;
  readonly #cluster: Cluster;
  #user: User;
  #config: KubeConfig;
  readonly #files: ReadonlyMap<string, RefreshedFile>;
  #tls: TlsMaterial | undefined;
  #plugin: PluginAnswer | undefined;
  #pluginInFlight: Promise<PluginAnswer> | undefined;
  #stale = false;

  static async load(options: KubeconfigOptions): Promise<KubeconfigCredentials> {
    return new KubeconfigCredentials(options, await readKubeconfig(options));
  }

  private constructor(options: KubeconfigOptions, config: KubeConfig) {
    const { cluster, user } = current(config, options);
    this.#options = options;
    this.#config = config;
    this.#cluster = cluster;
    this.#user = user;
    this.server = cluster.server;
    if (cluster.proxyUrl !== undefined) this.proxyUrl = cluster.proxyUrl;
    const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
    if (namespace !== undefined) this.namespace = namespace;
    const files = [cluster.caFile, user.certFile, user.keyFile].filter((path) => path !== undefined);
    this.#files = new Map(files.map((path) => [path, new RefreshedFile(path, TLS_MAX_AGE_MS, options.clock)]));
  }

  async tls(): Promise<TlsMaterial> {
    await this.#refresh();
    const plugin = await this.#askPlugin();
    const material: TlsMaterial = {
      verify: !this.#cluster.skipTLSVerify,
      ...optional('ca', await this.#pem(this.#cluster.caFile, this.#cluster.caData)),
      ...optional('cert', plugin?.cert ?? (await this.#pem(this.#user.certFile, this.#user.certData))),
      ...optional('key', plugin?.key ?? (await this.#pem(this.#user.keyFile, this.#user.keyData))),
      ...optional('servername', this.#cluster.tlsServerName),
    };
    if (this.#tls === undefined || !isDeepStrictEqual(material, this.#tls)) this.#tls = material;
    return this.#tls;
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    await this.#refresh();
    const user = this.#user;
    const headers: Record<string, string> = { ...(await this.#askPlugin())?.headers };
    if (user.token !== undefined) headers['authorization'] = `Bearer ${user.token}`;
    else if (user.username !== undefined) {
      headers['authorization'] = `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}`;
    }
    if (user.impersonateUser !== undefined) headers['impersonate-user'] = user.impersonateUser;
    return headers;
  }

  invalidate(): void {
    this.#stale = true;
    this.#plugin = undefined;
    for (const file of this.#files.values()) file.invalidate();
  }

  /** After a refusal the kubeconfig itself is read again: a log-in may have written a new token into it. */
  async #refresh(): Promise<void> {
    if (!this.#stale) return;
    this.#stale = false;
    this.#config = await readKubeconfig(this.#options);
    this.#user = current(this.#config, this.#options).user;
  }

  async #pem(path: string | undefined, data: string | undefined): Promise<Buffer | undefined> {
    if (path !== undefined) return this.#files.get(path)?.read() ?? readFile(path);
    return data === undefined ? undefined : Buffer.from(data, 'base64');
  }

  /** Runs the plugin at most once at a time (client-node starts a process per caller). */
  async #askPlugin(): Promise<PluginAnswer | undefined> {
    if (this.#user.exec === undefined && this.#user.authProvider === undefined) return undefined;
    if (this.#plugin !== undefined && this.#options.clock.monotonic() - this.#plugin.at < PLUGIN_MAX_AGE_MS) {
      return this.#plugin;
    }
    this.#pluginInFlight ??= this.#runPlugin().finally(() => (this.#pluginInFlight = undefined));
    return this.#pluginInFlight;
  }

  async #runPlugin(): Promise<PluginAnswer> {
    const options: RequestOptions = { headers: {} };
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (error) {
      throw new CredentialsError(`the credentials plugin of user ${this.#user.name} failed`, { cause: error });
    }
    const { Authorization: authorization } = options.headers as Readonly<Record<string, string | undefined>>;
    this.#plugin = {
      headers: authorization === undefined ? {} : { authorization },
      at: this.#options.clock.monotonic(),
      ...optional('cert', pemOf(options.cert)),
      ...optional('key', pemOf(options.key)),
    };
    return this.#plugin;
  }
}

/** Only a plugin answers with text; what comes from files and data is a Buffer, and known already. */
function pemOf(value: unknown): Buffer | undefined {
  return typeof value === 'string' ? Buffer.from(value) : undefined;
}

/** An object with that member, or without it when there is no value. */
function optional<K extends string, V>(name: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [name]: value } as Record<K, V>);
}

async function readKubeconfig({ paths, context }: KubeconfigOptions): Promise<KubeConfig> {
  // Only this file of the package: its index also loads every generated API client.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  const merged = new KubeConfig();
  for (const [index, path] of paths.entries()) {
    const one = new KubeConfig();
    try {
      one.loadFromFile(path);
    } catch (error) {
      throw new CredentialsError(`cannot read the kubeconfig ${path}`, { cause: error });
    }
    if (index === 0) merged.loadFromOptions(toOptions(one));
    else merged.mergeConfig(one, true);
  }
  if (context !== undefined) merged.setCurrentContext(context);
  return merged;
}

function toOptions(config: KubeConfig): Parameters<KubeConfig['loadFromOptions']>[0] {
  return {
    clusters: config.getClusters(),
    contexts: config.getContexts(),
    users: config.getUsers(),
    currentContext: config.getCurrentContext(),
  };
}

function current(config: KubeConfig, { paths }: KubeconfigOptions): { cluster: Cluster; user: User } {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null) {
    throw new CredentialsError(
      `context ${JSON.stringify(config.getCurrentContext())} of ${paths.join(', ')} names no known cluster and user`,
    );
  }
  return { cluster, user };
}
