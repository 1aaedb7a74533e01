import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findTool } from '../../hack/cluster/index.ts';
import type { RolloutPhase } from '../../operator/api/index.ts';
import { PHASES, Scene } from '../../operator/controller/testing/scene.ts';
import { World } from '../../operator/controller/testing/world.ts';

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'A100-80GB' }, replicas: 1 };

let command = '';
beforeAll(async () => {
  command = await findTool('kstatus', { signal: AbortSignal.timeout(600_000) });
}, 610_000);

/** What Flux's library says of an object: InProgress, Current or Failed. */
async function kstatus({ deployment }: World): Promise<{ readonly status: string; readonly message: string }> {
  const running = promisify(execFile)(command, [], { timeout: 20_000 });
  running.child.stdin?.end(JSON.stringify([deployment]));
  const [verdict] = JSON.parse((await running).stdout) as { status: string; message: string }[];
  if (!verdict) throw new Error('the library said nothing');
  return verdict;
}

const serving = (): World => {
  const world = new World(SPEC);
  world.conclude();
  return world;
};

describe('what Flux, Helm and kpt wait for', () => {
  it.each<[string, string, () => World]>([
    [
      'a first version that loads',
      'InProgress',
      () => {
        const world = new World(SPEC);
        world.settle();
        return world;
      },
    ],
    [
      'a first version that nobody has looked at',
      'InProgress',
      () => {
        const world = new World(SPEC);
        // What the CRD makes of an object without a status.
        world.deployment = { ...world.deployment, status: { observedGeneration: -1 } };
        return world;
      },
    ],
    ['one that serves', 'Current', serving],
    [
      'a change that nobody has looked at',
      'InProgress',
      () => {
        const world = serving();
        world.edit((spec) => ({ ...spec, replicas: 2 }));
        return world;
      },
    ],
    [
      'a spec that is refused',
      'Failed',
      () => {
        const world = new World({ ...SPEC, model: { name: 'deepseek-r1-671b' }, accelerator: { type: 'T4' } });
        world.settle();
        return world;
      },
    ],
    [
      'replicas 0',
      'Current',
      () => {
        const world = new World({ ...SPEC, replicas: 0 });
        world.conclude();
        return world;
      },
    ],
  ])('%s is %s', async (_, status, make) => {
    const world = make();
    expect(await kstatus(world)).toMatchObject({ status });
  });

  const IN_PHASES: Readonly<Record<RolloutPhase | 'Warm', string>> = {
    Idle: 'Current',
    Waiting: 'InProgress',
    Scheduling: 'InProgress',
    Loading: 'InProgress',
    Proving: 'InProgress',
    AwaitingPromotion: 'InProgress',
    Switching: 'InProgress',
    Watching: 'InProgress',
    Warm: 'Current',
    RollingBack: 'InProgress',
    Aborting: 'InProgress',
    // The version that is wanted will not come by itself.
    Held: 'Failed',
  };

  it.each(PHASES.map((phase) => [phase, IN_PHASES[phase]] as const))(
    'in the phase %s it is %s',
    async (phase, status) => {
      const { world } = new Scene(phase);
      expect(await kstatus(world)).toMatchObject({ status });
    },
  );
});
