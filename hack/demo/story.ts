import { relative } from 'node:path';
import type { RolloutPhase } from '../../operator/api/index.ts';
import { isNotFound } from '../../operator/kube/errors.ts';
import type { KubeHttpClient } from '../../operator/kube/client.ts';
import { nextRevisionRule, revisionRule, type SimulatorControl } from '../../e2e/simulator/index.ts';
import { waitFor } from '../cluster/wait.ts';
import { type LiveModel, MODELS } from './manifests.ts';
import type { Narrator } from './narrator.ts';

/** The models of the story, and the files that they come from. */
const CHAT = 'chat';
const BATCH = 'batch';
const CLEAN_UP_MS = 60_000;

export interface StoryOptions {
  readonly client: KubeHttpClient;
  readonly namespace: string;
  readonly simulator: SimulatorControl;
  readonly narrator: Narrator;
  /** Folder of the manifests. */
  readonly manifests: string;
  readonly signal: AbortSignal;
}

/** Makes room for a story that was told before: its models go, and what engines were told to do is forgotten. */
export async function clearStage({
  client,
  namespace,
  simulator,
  signal,
}: Pick<StoryOptions, 'client' | 'namespace' | 'simulator' | 'signal'>): Promise<void> {
  await simulator.reset();
  for (const name of [CHAT, BATCH]) {
    const gone = async (): Promise<true | undefined> => {
      try {
        await client.delete(MODELS, { namespace, name }, { signal });
        return undefined;
      } catch (error) {
        if (isNotFound(error)) return true;
        throw error;
      }
    };
    await waitFor(gone, { what: `${name} to be gone`, timeoutMs: CLEAN_UP_MS, signal });
  }
}

/** A good version, a bad one that is caught before and one that is caught after the switch, and a handover on full GPUs. */
export async function tellStory(options: StoryOptions): Promise<void> {
  const { narrator } = options;
  await narrator.begin();
  try {
    await firstVersions(options);
    await goodVersion(options);
    await wrongAnswers(options);
    await outOfMemory(options);
    await handover(options);
  } finally {
    await narrator.end();
  }
}

const isReady = ({ status }: LiveModel): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') === true;
const inPhase =
  (...phases: readonly RolloutPhase[]) =>
  ({ status }: LiveModel): boolean =>
    status?.rollout !== undefined && phases.includes(status.rollout.phase);

const patch = (change: object): string[] => ['--type', 'merge', '-p', JSON.stringify({ spec: change })];

async function firstVersions({ narrator, manifests }: StoryOptions): Promise<void> {
  narrator.part('1. Two models: one with GPUs to spare, one on the last GPUs of its kind', CHAT);
  const file = (name: string): string => `${relative(process.cwd(), manifests)}/${name}.yaml`;
  await narrator.command('kubectl', 'apply', '-f', file(CHAT), '-f', file(BATCH));
  await Promise.all([narrator.until(CHAT, 'Ready', isReady), narrator.until(BATCH, 'Ready', isReady)]);
  await narrator.command('kubectl', 'deepseek', 'get');
}

async function goodVersion({ narrator }: StoryOptions): Promise<void> {
  narrator.part('2. A good version: proven before any user reaches it, then switched at once', CHAT);
  await narrator.command(
    'kubectl',
    'patch',
    'deepseekdeployment',
    CHAT,
    ...patch({ model: { name: 'deepseek-r1-distill-qwen-14b' } }),
  );
  await narrator.until(CHAT, 'Watching', inPhase('Watching'));
  narrator.say('The old version stays warm beside it: to go back is one write.');
  await narrator.command('kubectl', 'deepseek', 'get', CHAT);
  await narrator.until(CHAT, 'Ready', isReady);
  narrator.say(
    "Its engines were watched under users' traffic: for ten minutes, unless the spec asks for less, as here.",
  );
}

async function wrongAnswers({ narrator, simulator }: StoryOptions): Promise<void> {
  narrator.part('3. A bad version that answers wrongly: its proof fails, and no user ever meets it', CHAT);
  const { status } = await narrator.until(CHAT, 'Ready', isReady);
  await simulator.setRule(nextRevisionRule(CHAT, status?.serving?.revision ?? '', { wrongAnswers: true }));
  await narrator.command(
    'kubectl',
    'patch',
    'deepseekdeployment',
    CHAT,
    ...patch({ model: { name: 'deepseek-r1-distill-llama-8b' } }),
  );
  await narrator.until(CHAT, 'Held', inPhase('Held'));
  await narrator.command('kubectl', 'deepseek', 'status', CHAT);
  narrator.say(
    'The same commit, applied again by a GitOps tool, changes nothing: that version is held until the spec changes or somebody orders `kubectl deepseek retry`.',
  );
  await simulator.reset();
}

async function outOfMemory({ narrator, simulator }: StoryOptions): Promise<void> {
  narrator.part('4. A bad version that passes its proof, and dies among users: taken back by itself', CHAT);
  await narrator.command(
    'kubectl',
    'patch',
    'deepseekdeployment',
    CHAT,
    ...patch({ model: { name: 'deepseek-r1-distill-qwen-14b', maxModelLen: 16384 } }),
  );
  const { status } = await narrator.until(CHAT, 'switched', inPhase('Switching', 'Watching'));
  narrator.say('It has the traffic. Now its engines run out of memory, as a leak would have it:');
  const { revision = '' } = status?.serving ?? {};
  await simulator.setRule(revisionRule(CHAT, revision, { failure: 'oom' }));
  await narrator.until(CHAT, 'Held', inPhase('Held'));
  await narrator.command('kubectl', 'deepseek', 'history', CHAT);
  await simulator.reset();
}

async function handover({ narrator }: StoryOptions): Promise<void> {
  narrator.part('5. A new version where no GPU is free: handed over, one replica at a time', BATCH);
  await narrator.command(
    'kubectl',
    'patch',
    'deepseekdeployment',
    BATCH,
    ...patch({ model: { name: 'deepseek-r1-distill-qwen-7b' } }),
  );
  await narrator.until(BATCH, 'switched', inPhase('Switching', 'Watching'));
  narrator.say(
    'Half of the replicas served all the time, as `handover.minAvailablePercent` promises; a bad version would have cost one.',
  );
  await narrator.command('kubectl', 'deepseek', 'get', BATCH);
  await narrator.until(BATCH, 'Ready', isReady);
  await narrator.command('kubectl', 'deepseek', 'get');
}
