import { describe, expect, it, test } from '@jest/globals';
import { Container } from 'kubernetes-models/v1/Container';
import { parseDeepSeekDeployment } from '../api/index.ts';
import { plan } from '../planner/index.ts';
import { renderEngine } from './index.ts';
import { planned, render as renderSpec } from './test-support.ts';

type Source = Record<string, unknown>;

const BASE = {
  vLLM: { accelerator: { type: 'A100-80GB' } },
  SGLang: { accelerator: { type: 'A100-80GB' } },
  'TensorRT-LLM': { accelerator: { type: 'A100-80GB' }, quantization: { type: 'FP16' } },
  'llama.cpp': { accelerator: { type: 'CPU' }, quantization: { type: 'GGUF', ggufType: 'Q4_K_M' } },
} as const;

function render(type: keyof typeof BASE, source?: Source) {
  const parsed = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: 'ai' },
    spec: {
      ...BASE[type],
      engine: { type },
      model: { name: 'deepseek-r1-distill-qwen-7b', maxModelLen: 8192, ...(source && { source }) },
    },
  });
  if (!parsed.ok) throw new Error(parsed.message);
  const result = plan(parsed.value.spec);
  if (!result.accepted) throw new Error(result.message);
  const engine = renderEngine(result.plan, parsed.value);
  for (const container of engine.initContainers) new Container(container).validate();
  const env = Object.fromEntries(engine.env.map(({ name, value }) => [name, value]));
  return { ...engine, env, plan: result.plan };
}

const ENGINES = Object.keys(BASE) as (keyof typeof BASE)[];
const COPYING = ['SGLang', 'TensorRT-LLM', 'llama.cpp'] as const;
const S3 = { objectStorage: { uri: 's3://models/r1-7b' } };

describe('from the hub', () => {
  test.each(ENGINES)('%s keeps what it downloads in the cache', (type) => {
    const { env, volumes, initContainers, plan: planned } = render(type);
    expect(env['HF_HOME']).toBe('/cache/huggingface');
    expect(volumes.filter(({ name }) => name === 'weights')).toEqual([]);
    expect(initContainers.map(({ name }) => name)).not.toContain('copy-weights');
    expect(planned.host.ephemeralStorageGiB).toBeGreaterThan(planned.model.checkpointGiB);
  });

  test.each(ENGINES)('%s uses a mirror, and a token that no pod shows', (type) => {
    const tokenSecretRef = { name: 'hub', key: 'token' };
    const source = { huggingFace: { repository: 'org/name', endpoint: 'https://mirror.example', tokenSecretRef } };
    const rendered = render(type, source);
    expect(rendered.env['HF_ENDPOINT']).toBe('https://mirror.example');
    expect(rendered.args.join(' ')).toContain('org/name');
  });

  it('gives llama.cpp the names that it knows', () => {
    const { env } = render('llama.cpp', {
      huggingFace: { repository: 'org/name', endpoint: 'https://mirror.example' },
    });
    expect(env).toMatchObject({ LLAMA_CACHE: '/cache/huggingface/hub', MODEL_ENDPOINT: 'https://mirror.example' });
  });
});

describe('from a volume', () => {
  const claim = { persistentVolumeClaim: { claimName: 'weights', path: './r1/7b/' } };

  test.each(ENGINES)('%s reads without writing and without asking the hub', (type) => {
    const { args, env, volumes, volumeMounts, plan: planned } = render(type, claim);
    expect(volumes).toContainEqual({
      name: 'weights',
      persistentVolumeClaim: { claimName: 'weights', readOnly: true },
    });
    expect(volumeMounts).toContainEqual({ name: 'weights', mountPath: '/models', readOnly: true });
    expect(env).toMatchObject({ HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1' });
    expect(args.join(' ')).toContain('/models/r1/7b');
    expect(planned.host.ephemeralStorageGiB).toBe(0);
  });

  test.each(ENGINES)('%s reads an image volume', (type) => {
    const { volumes, args } = render(type, {
      image: { reference: 'registry.example/models/r1:1', pullPolicy: 'IfNotPresent' },
    });
    const image = { reference: 'registry.example/models/r1:1', pullPolicy: 'IfNotPresent' };
    expect(volumes).toContainEqual({ name: 'weights', image });
    expect(args.join(' ')).toContain('/models');
  });

  it('takes the file that llama.cpp is told, or model.gguf in a folder', () => {
    const modelOf = (path?: string) => {
      const { args } = render('llama.cpp', { persistentVolumeClaim: { claimName: 'w', ...(path && { path }) } });
      return args[args.indexOf('--model') + 1];
    };
    expect(modelOf('q4/r1-7b.gguf')).toBe('/models/q4/r1-7b.gguf');
    expect(modelOf('q4')).toBe('/models/q4/model.gguf');
    expect(modelOf()).toBe('/models/model.gguf');
  });
});

describe('from object storage', () => {
  const credentialsSecretRef = { name: 'bucket' };

  test.each(['s3://models/r1-7b', 'gs://models/r1-7b', 'az://models/r1-7b'])('vLLM streams %s by itself', (uri) => {
    const {
      args,
      env,
      envFrom,
      volumes,
      initContainers,
      plan: planned,
    } = render('vLLM', {
      objectStorage: { uri, credentialsSecretRef },
    });
    expect(args[0]).toBe(uri);
    expect(args[args.indexOf('--load-format') + 1]).toBe('runai_streamer');
    expect(envFrom).toEqual([{ secretRef: { name: 'bucket' } }]);
    expect({ volumes, initContainers }).toEqual({ volumes: [], initContainers: [] });
    expect(env).not.toHaveProperty('HF_HUB_OFFLINE');
    expect(planned.host.ephemeralStorageGiB).toBe(0);
  });

  test.each([
    ['A100-80GB', 1, 1],
    ['A100-80GB', 4, 4],
    ['CPU', undefined, 1],
  ])(
    'bounds the buffer of each process of the streamer, which the host has room for (%s, %s)',
    (type, count, ranks) => {
      const spec = (source?: object) => ({
        model: { name: 'deepseek-r1-distill-qwen-7b', ...(source && { source }) },
        accelerator: { type, ...(count !== undefined && { count }) },
        engine: { type: 'vLLM' },
      });
      const streaming = spec({ objectStorage: { uri: 'gs://models/r1-7b' } });
      const limit = renderSpec(streaming).env.find(({ name }) => name === 'RUNAI_STREAMER_MEMORY_LIMIT')?.value;
      expect(limit).toBe(String(4 * 2 ** 30));
      const readAhead = type === 'CPU' ? 0 : 5;
      expect(planned(streaming).host.memoryRequestGiB - planned(spec()).host.memoryRequestGiB).toBe(
        4 * ranks - readAhead,
      );
    },
  );

  it('tells the streamer where a store of one’s own is', () => {
    const { env } = render('vLLM', { objectStorage: { uri: 's3://models/r1', endpoint: 'https://minio.example' } });
    expect(env).toMatchObject({
      AWS_ENDPOINT_URL: 'https://minio.example',
      RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING: '0',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(render('vLLM', S3).env).not.toHaveProperty('AWS_ENDPOINT_URL');
  });

  test.each(COPYING)('%s gets a copy, which it can only read', (type) => {
    const {
      args,
      env,
      envFrom,
      volumeMounts,
      initContainers,
      plan: planned,
    } = render(type, {
      objectStorage: { uri: 's3://models/r1-7b/', credentialsSecretRef },
    });
    const [copy] = initContainers;
    expect(copy).toMatchObject({
      name: 'copy-weights',
      image: expect.stringMatching(/^rclone\/rclone:\d+\.\d+\.\d+$/),
      command: ['rclone'],
      envFrom: [{ secretRef: { name: 'bucket' } }],
      volumeMounts: [{ name: 'cache', mountPath: '/models' }],
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      resources: { requests: { cpu: '1', memory: '2Gi' }, limits: { memory: '2Gi' } },
    });
    expect(copy?.args?.slice(0, 3)).toEqual(['copy', ':s3:models/r1-7b', '/models/models/r1-7b']);
    expect(volumeMounts).toContainEqual({ name: 'cache', mountPath: '/models', readOnly: true });
    expect(args.join(' ')).toContain('/models/models/r1-7b');
    expect(env['HF_HUB_OFFLINE']).toBe('1');
    expect(envFrom).toBeUndefined();
    expect(planned.host.ephemeralStorageGiB).toBeGreaterThan(planned.model.checkpointGiB);
  });

  it('copies one file into the folder of its name', () => {
    const { args, initContainers } = render('llama.cpp', { objectStorage: { uri: 's3://models/q4/r1-7b.gguf' } });
    expect(initContainers[0]?.args?.slice(0, 3)).toEqual(['copy', ':s3:models/q4/r1-7b.gguf', '/models/models/q4']);
    expect(args[args.indexOf('--model') + 1]).toBe('/models/models/q4/r1-7b.gguf');
  });

  test.each<[string, string | undefined, string, Record<string, string>]>([
    ['s3://bucket/m', undefined, ':s3:bucket/m', { RCLONE_S3_PROVIDER: 'AWS', RCLONE_S3_ENV_AUTH: 'true' }],
    [
      's3://bucket/m',
      'https://minio.example',
      ':s3:bucket/m',
      { RCLONE_S3_PROVIDER: 'Other', RCLONE_S3_ENDPOINT: 'https://minio.example' },
    ],
    [
      'oss://bucket/m',
      'https://oss.example',
      ':s3:bucket/m',
      { RCLONE_S3_PROVIDER: 'Alibaba', RCLONE_S3_ENDPOINT: 'https://oss.example' },
    ],
    ['gs://bucket/m', undefined, ':gcs:bucket/m', { RCLONE_GCS_ENV_AUTH: 'true' }],
    ['az://bucket/m', undefined, ':azureblob:bucket/m', { RCLONE_AZUREBLOB_ACCOUNT: '$(AZURE_STORAGE_ACCOUNT_NAME)' }],
  ])('copies %s (endpoint %s)', (uri, endpoint, remote, variables) => {
    const [copy] = render('SGLang', { objectStorage: { uri, ...(endpoint && { endpoint }) } }).initContainers;
    expect(copy?.args?.[1]).toBe(remote);
    expect(Object.fromEntries(copy?.env?.map(({ name, value }) => [name, value]) ?? [])).toMatchObject(variables);
  });

  it('copies oss:// for vLLM too, which does not stream it', () => {
    const { args, initContainers } = render('vLLM', {
      objectStorage: { uri: 'oss://bucket/m', endpoint: 'https://oss.example' },
    });
    expect(initContainers).toHaveLength(1);
    expect(args).not.toContain('--load-format');
  });
});
