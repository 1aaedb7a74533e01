import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { CATALOG, findEngine } from '../../operator/catalog/index.ts';
import type { EngineVersion } from '../../operator/catalog/index.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import type { EngineContainer } from '../../operator/engines/index.ts';
import { plan } from '../../operator/planner/index.ts';
import { findLlamaServer } from './llama-server.ts';
import type { FetchOptions, Program } from './llama-server.ts';
import { tinyGguf } from './tiny-gguf.ts';
import { writeTinyCheckpoint } from './tiny-checkpoint.ts';
import { findVllm } from './vllm.ts';

/** One engine to check: how it is fetched, what we render for it, and what has to be changed so that it runs here. */
export interface Subject {
  readonly name: string;
  readonly version: EngineVersion;
  readonly container: EngineContainer;
  readonly find: (options: FetchOptions) => Promise<Program>;
  /** Writes weights into a folder; resolves with what replaces the model in the arguments. */
  readonly writeModel: (dir: string) => Promise<string>;
  /** Flags of the plan that need a GPU, with their values. */
  readonly withoutFlags: readonly string[];
  readonly extraArguments: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly startSeconds: number;
}

const LLAMA: Omit<Subject, 'container' | 'version'> = {
  name: 'llama.cpp',
  find: findLlamaServer,
  writeModel: async (dir) => {
    const file = join(dir, 'tiny.gguf');
    await writeFile(file, tinyGguf());
    return file;
  },
  withoutFlags: [],
  extraArguments: [],
  environment: {},
  startSeconds: 60,
};

const VLLM: Omit<Subject, 'container' | 'version'> = {
  name: 'vLLM',
  find: findVllm,
  writeModel: async (dir) => {
    const folder = join(dir, 'tiny');
    await writeTinyCheckpoint(folder);
    return folder;
  },
  withoutFlags: ['--gpu-memory-utilization'],
  // Compiling kernels takes longer than everything else here.
  extraArguments: ['--enforce-eager'],
  environment: {
    VLLM_CPU_KVCACHE_SPACE: '1',
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    VLLM_HOST_IP: '127.0.0.1',
    VLLM_NO_USAGE_STATS: '1',
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
  },
  startSeconds: 600,
};

const weights = (path: string): object => ({ persistentVolumeClaim: { claimName: 'weights', path } });
const termination = { drainDeadline: '60s' };
const model = { name: 'deepseek-r1-distill-qwen-1.5b', servedNames: ['chat', 'alias'], maxModelLen: 2048 };

/** The engines that run without a GPU. */
export function subjects(): Subject[] {
  return [
    {
      ...LLAMA,
      ...rendered({
        model: { ...model, source: weights('tiny.gguf') },
        accelerator: { type: 'CPU' },
        engine: { type: 'llama.cpp' },
        quantization: { type: 'GGUF' },
        termination,
      }),
    },
    {
      ...VLLM,
      ...rendered({
        model: { ...model, source: weights('tiny') },
        accelerator: { type: 'A100-80GB' },
        engine: { type: 'vLLM' },
        termination,
      }),
    },
  ];
}

function rendered(spec: object): Pick<Subject, 'container' | 'version'> {
  const parsed = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: 'default' },
    spec,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  const result = plan(parsed.value.spec);
  if (!result.accepted) throw new Error(result.message);
  const { type, version } = result.plan.engine;
  const entry = findEngine(CATALOG, type)?.versions.find((candidate) => candidate.version === version);
  if (entry === undefined) throw new Error(`the catalogue has no ${type} ${version}`);
  return { version: entry, container: renderEngine(result.plan, parsed.value) };
}

/** Our command's subcommand and arguments, with weights and address of this machine, without what needs a GPU. */
export function localArguments(subject: Subject, modelPath: string, port: number): string[] {
  const { command, args } = subject.container;
  const local: string[] = [];
  let values: string | undefined;
  for (const arg of [...command.slice(1), ...args]) {
    if (arg.startsWith('-')) values = arg;
    if (values !== undefined && subject.withoutFlags.includes(values)) continue;
    const previous = local.at(-1);
    if (previous === '--host') local.push('127.0.0.1');
    else if (previous === '--port') local.push(String(port));
    else local.push(arg.startsWith('/models') ? modelPath : arg);
  }
  return [...local, ...subject.extraArguments];
}

/** Runs `work` with a folder that is gone afterwards. */
export async function withFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'engine-check-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
