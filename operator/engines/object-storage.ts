import type { IContainer } from 'kubernetes-models/v1/Container';
import type { SourceSpec } from '../api/index.ts';
import { GIB, STREAM_BUFFER_GIB } from '../planner/index.ts';

type Storage = NonNullable<SourceSpec['objectStorage']>;
type Mount = NonNullable<IContainer['volumeMounts']>[number];

/**
 * Speaks every kind of object storage, is a single static binary, and is kept: released every few weeks (rclone.org). The
 * arguments and variables below were tried with this version against its own `rclone serve s3`.
 */
const RCLONE = 'rclone/rclone:1.75.2';

/** The kinds of storage in rclone's words: a remote that is made of the environment (rclone.org/docs, "connection strings"). */
const REMOTES: Readonly<Record<string, { readonly remote: string; readonly env: Readonly<Record<string, string>> }>> = {
  s3: { remote: ':s3:', env: { RCLONE_S3_ENV_AUTH: 'true' } },
  oss: { remote: ':s3:', env: { RCLONE_S3_ENV_AUTH: 'true' } },
  gs: { remote: ':gcs:', env: { RCLONE_GCS_ENV_AUTH: 'true' } },
  az: {
    remote: ':azureblob:',
    // The name under which the engines' streamers want it.
    env: { RCLONE_AZUREBLOB_ENV_AUTH: 'true', RCLONE_AZUREBLOB_ACCOUNT: '$(AZURE_STORAGE_ACCOUNT_NAME)' },
  },
};

/**
 * Where a copy lies below the folder of all copies: by bucket and path, so that models share a cache. The address of a
 * file (a GGUF) gives the file.
 */
export function copiedFolder(uri: string): string {
  return addressOf(uri).path;
}

/**
 * Copies the weights from object storage before the engine starts. What is there already, in the same size and of the
 * same time, is not copied again, and a file has its name only once it is whole: replicas may share the folder.
 */
export function copyFromStorage(storage: Storage, mount: Mount): IContainer {
  const { scheme, path } = addressOf(storage.uri);
  const { remote, env } = REMOTES[scheme] ?? { remote: `:${scheme}:`, env: {} };
  const target = isFile(path) ? path.slice(0, path.lastIndexOf('/')) : path;
  const { credentialsSecretRef } = storage;
  return {
    name: 'copy-weights',
    image: RCLONE,
    command: ['rclone'],
    args: [
      'copy',
      `${remote}${path}`,
      `${mount.mountPath}/${target}`,
      // No file of settings: everything is in the environment.
      '--config=/notfound',
      '--transfers=8',
      '--multi-thread-streams=8',
      '--retries=5',
      '--retries-sleep=5s',
      '--stats=1m',
      '--stats-one-line',
      '--stats-log-level=NOTICE',
    ],
    env: Object.entries({ ...env, ...provider(scheme, storage.endpoint) }).map(([name, value]) => ({ name, value })),
    ...(credentialsSecretRef && { envFrom: [{ secretRef: { name: credentialsSecretRef.name } }] }),
    // Eight buffers of 16 MiB for each of eight files, and the lists of files.
    resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '2Gi' } },
    volumeMounts: [mount],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, readOnlyRootFilesystem: true },
  };
}

/** What a streamer of an engine needs to know beside the credentials (vLLM docs, "Run:ai Model Streamer"). */
export function storageEnvironment({ uri, endpoint }: Storage): NonNullable<IContainer['env']> {
  // Per process; 40 GB by default (runai-model-streamer docs/src/env-vars.md), and the plan counts it as host memory.
  const buffer = { name: 'RUNAI_STREAMER_MEMORY_LIMIT', value: String(STREAM_BUFFER_GIB * GIB) };
  if (endpoint === undefined || addressOf(uri).scheme !== 's3') return [buffer];
  return [
    buffer,
    { name: 'AWS_ENDPOINT_URL', value: endpoint },
    { name: 'AWS_EC2_METADATA_DISABLED', value: 'true' },
    { name: 'RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING', value: '0' },
  ];
}

function provider(scheme: string, endpoint: string | undefined): Record<string, string> {
  if (scheme !== 's3' && scheme !== 'oss') return {};
  return {
    RCLONE_S3_PROVIDER: scheme === 'oss' ? 'Alibaba' : endpoint === undefined ? 'AWS' : 'Other',
    ...(endpoint !== undefined && { RCLONE_S3_ENDPOINT: endpoint }),
  };
}

function addressOf(uri: string): { readonly scheme: string; readonly path: string } {
  const [scheme = '', rest = ''] = uri.split('://');
  return { scheme, path: rest.replace(/\/+$/, '') };
}

const isFile = (path: string): boolean => path.endsWith('.gguf') && path.includes('/');
