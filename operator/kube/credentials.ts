import { access } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CredentialsError } from './errors.ts';
import { KubeconfigCredentials } from './kubeconfig.ts';
import { SERVICE_ACCOUNT_DIRECTORY, ServiceAccountCredentials } from './service-account.ts';
import type { Clock } from './types.ts';

/** What a TLS connection needs. PEM. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Name to verify instead of the URL's host. */
  readonly servername?: string;
  /** False only when the kubeconfig says insecure-skip-tls-verify. */
  readonly verify: boolean;
}

/** Who we are, and where the API server is. Everything that can rotate is asked for at each request. */
export interface Credentials {
  /** Base URL of the API server; it may carry a path (Rancher and other front doors). */
  readonly server: string;
  /** An HTTP proxy to reach it through. */
  readonly proxyUrl?: string;
  /** The context's namespace, for command lines. */
  readonly namespace?: string;
  /** The same object as long as nothing has changed: a new one means new connections. */
  tls(): Promise<TlsMaterial>;
  /** Authorization and impersonation headers. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** The server refused them (401, TLS alert): what comes next is read afresh. */
  invalidate(): void;
}

export interface LoadCredentialsOptions {
  readonly clock: Clock;
  /** An explicit kubeconfig; comes before everything else. */
  readonly kubeconfig?: string;
  /** A context of the kubeconfig; default: its current one. */
  readonly context?: string;
  /** Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: where Kubernetes mounts the pod's service account. */
  readonly serviceAccountDirectory?: string;
}

/** Load order: explicit path, $KUBECONFIG, the pod's service account, ~/.kube/config. */
export async function loadCredentials(options: LoadCredentialsOptions): Promise<Credentials> {
  const { clock, context, env = process.env } = options;
  const kubeconfig = (paths: readonly string[]): Promise<Credentials> =>
    KubeconfigCredentials.load({ paths, clock, ...(context === undefined ? {} : { context }) });

  if (options.kubeconfig !== undefined) return kubeconfig([options.kubeconfig]);
  const fromEnvironment = env['KUBECONFIG']
    ?.split(process.platform === 'win32' ? ';' : ':')
    .filter((path) => path !== '');
  if (fromEnvironment !== undefined && fromEnvironment.length > 0) return kubeconfig(fromEnvironment);

  const directory = options.serviceAccountDirectory ?? SERVICE_ACCOUNT_DIRECTORY;
  const host = env['KUBERNETES_SERVICE_HOST'];
  if (host !== undefined && (await exists(join(directory, 'token')))) {
    return new ServiceAccountCredentials({ directory, host, port: env['KUBERNETES_SERVICE_PORT'] ?? '443', clock });
  }

  const inHome = join(env['HOME'] ?? homedir(), '.kube', 'config');
  if (await exists(inHome)) return kubeconfig([inHome]);
  throw new CredentialsError(
    'no credentials for a cluster: pass --kubeconfig, set KUBECONFIG, or run in a pod with a service account',
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
