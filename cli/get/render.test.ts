import { describe, expect, it } from '@jest/globals';
import { paint } from '../support/styled.ts';
import type { Terminal } from '../support/terminal.ts';
import { displayWidth } from '../support/text.ts';
import { infoOf, summaryOf } from './info.ts';
import { type RenderOptions, renderInfo, renderTable } from './render.ts';
import {
  CANDIDATE,
  controllerRevision,
  deploymentObject,
  NOW,
  plan,
  pod,
  podStatus,
  ready,
  rollingOut,
  SERVING,
  steady,
} from './test-support.ts';

const terminal = (width: number, change: Partial<Terminal> = {}): Terminal => ({
  width,
  colour: false,
  unicode: true,
  interactive: false,
  ...change,
});

function page(objects = rollingOut(), at = terminal(140), rest: Partial<RenderOptions> = {}): string {
  const options = { terminal: at, now: NOW, wide: false, ...rest };
  return paint(renderInfo(infoOf(objects, NOW), options), at);
}

function table(objects: readonly ReturnType<typeof deploymentObject>[], at: Terminal, rest: object = {}): string {
  const options = { terminal: at, now: NOW, wide: false, allNamespaces: false, ...rest };
  return renderTable(objects.map(summaryOf), options);
}

describe('what is wrong with the nodes', () => {
  const pageWith = (reason: string) => {
    const objects = rollingOut();
    const { status } = objects.deployment;
    const message = 'The GPUs of the nodes have 40960 MiB, and the plan counts on 81920 MiB.';
    const capacity = { ...ready('False', reason, message, 240), type: 'CapacityAvailable' as const };
    const deployment = deploymentObject({ ...status, conditions: [...(status?.conditions ?? []), capacity] });
    return page({ ...objects, deployment });
  };

  it('stands below Ready when that has another reason', () => {
    expect(pageWith('AcceleratorMemoryMismatch')).toContain(
      '\nCapacity  ✖ AcceleratorMemoryMismatch for 4m\n          The GPUs of the nodes have 40960 MiB, and the plan',
    );
  });

  it('is not said twice, and not when nothing is wrong', () => {
    expect(pageWith('ImageNotFound')).not.toContain('Capacity');
    expect(page()).not.toContain('Capacity');
  });
});

describe('the page of one DeepSeekDeployment', () => {
  it('is laid out in columns where there is room', () => {
    expect(page()).toBe(
      `
Name      ai/chat
Serving   deepseek-r1-distill-qwen-7b/FP16/0.32.0, 2 of 2 ready
Next      deepseek-r1-distill-qwen-7b/FP16/0.33.9
Rollout   Loading, attempt 2
Ready     ✖ ImageNotFound for 4m
          Pod chat-9e1d0c22fa-6d8f9c7b5d-vwxyz: the image vllm/vllm-openai:v0.33.9 cannot be pulled: docker.io/vllm/vllm-openai:v0.33.9: not
          found. Correct engine.image or engine.version (or model.source.image.reference).
Plan      vLLM 0.32.0, FP16, 1 × A100-80GB per replica, KV cache of 1,013,000 tokens, 30.9 requests of full length at once

chat  2/2 ready  3d
├─ serving 7f3c9a1b2c  deepseek-r1-distill-qwen-7b/FP16/0.32.0  2/2 ready  3d
│  ├─ chat-7f3c9a1b2c-6d8f9c7b5d-abcde  ✔ Ready                             3d  on a100-80gb-0 (A100-80GB)
│  └─ chat-7f3c9a1b2c-6d8f9c7b5d-fghij  ✔ Ready                             3d  on a100-80gb-1 (A100-80GB)  2 restarts
├─ candidate 9e1d0c22fa  deepseek-r1-distill-qwen-7b/FP16/0.33.9  0/2 ready  5m
│  ├─ chat-9e1d0c22fa-6d8f9c7b5d-qrstu  ◌ Loading 3m12s of at most 9m       5m  on a100-80gb-0 (A100-80GB)
│  └─ chat-9e1d0c22fa-6d8f9c7b5d-vwxyz  ✖ ImageNotFound (ImagePullBackOff)  5m  on a100-80gb-1 (A100-80GB)
└─ earlier: 5c0e77aa01 deepseek-llm-7b-chat/INT8/0.31.0 (failed)
`.trim(),
    );
  });

  it('is folded at the same places everywhere where there is not, and in ASCII if need be', () => {
    expect(page(rollingOut(), terminal(60, { unicode: false })).split('\n\n')[1]).toBe(
      `
chat  2/2 ready  3d
|- serving 7f3c9a1b2c
|  |  deepseek-r1-distill-qwen-7b/FP16/0.32.0  2/2 ready  3d
|  |- chat-7f3c9a1b2c-6d8f9c7b5d-abcde  + Ready
|  |     3d  on a100-80gb-0 (A100-80GB)
|  \`- chat-7f3c9a1b2c-6d8f9c7b5d-fghij  + Ready
|        3d  on a100-80gb-1 (A100-80GB)  2 restarts
|- candidate 9e1d0c22fa
|  |  deepseek-r1-distill-qwen-7b/FP16/0.33.9  0/2 ready  5m
|  |- chat-9e1d0c22fa-6d8f9c7b5d-qrstu
|  |     ~ Loading 3m12s of at most 9m
|  |     5m  on a100-80gb-0 (A100-80GB)
|  \`- chat-9e1d0c22fa-6d8f9c7b5d-vwxyz
|        ! ImageNotFound (ImagePullBackOff)
|        5m  on a100-80gb-1 (A100-80GB)
\`- earlier: 5c0e77aa01 deepseek-llm-7b-chat/INT8/0.31.0 (...
`.trim(),
    );
  });

  it.each([60, 80, 100, 140, 200])('takes no more than %i columns', (width) => {
    const lines = page(rollingOut(), terminal(width)).split('\n');
    expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
  });

  it('has ASCII alone where the locale is not UTF-8, also in what the cluster says', () => {
    const deployment = deploymentObject({
      ...steady().deployment.status,
      conditions: [ready('False', 'Loading', 'The model’s weights “load” … 2 × 3')],
    });
    const text = page({ ...steady(), deployment }, terminal(80, { unicode: false }));
    expect(text).toContain(`The model's weights "load" ... 2 x 3`);
    expect(text).toMatch(/^\p{ASCII}*$/u);
  });

  it('lets no escape sequence of a container reach the terminal', () => {
    const message = 'crashed: \u001b[2J\u001b]0;owned\u0007 \u009b31m bye\u0000';
    const deployment = deploymentObject({
      ...steady().deployment.status,
      conditions: [ready('False', 'CrashLoop', message)],
    });
    const text = page({ ...steady(), deployment });
    expect(text).toContain('crashed:');
    expect(text).not.toMatch(/[^\P{Control}\n]/u);
  });

  it('explains each reason once: not below the tree what is said above it', () => {
    const text = page();
    expect(text.match(/Correct engine\.image/g)).toHaveLength(1);
    const base = rollingOut();
    const waiting = { ...base, pods: [...base.pods, pod(SERVING, 'klmno', undefined, podStatus.unschedulable(), 60)] };
    const twice = page(waiting, terminal(400));
    expect(twice).toContain('◌ InsufficientGPUs (Unschedulable)');
    expect(twice.match(/It goes on by itself/g)).toHaveLength(1);
  });

  it('shows each plan with the accelerator that it was made for, though the spec asks for another one', () => {
    const base = rollingOut();
    const next = { ...plan, quantization: 'INT8', gpusPerReplica: 2, tensorParallel: 2 };
    const stored = controllerRevision(CANDIDATE, 3, 'deepseek-r1-distill-qwen-7b/INT8/0.32.0', {
      data: { plan: next, spec: { accelerator: { type: 'T4' } } },
    });
    const [serving, , ...earlier] = base.controllerRevisions;
    const moved = {
      ...base,
      deployment: deploymentObject(base.deployment.status, { accelerator: { type: 'T4' } }),
      controllerRevisions: [serving!, stored, ...earlier],
    };
    const lines = page(moved).split('\n');
    expect(lines.find((line) => line.startsWith('Plan '))).toContain('FP16, 1 × A100-80GB per replica, KV');
    expect(lines.find((line) => line.startsWith('Next plan '))).toContain(
      'INT8, 2 × T4 per replica, tensor parallel 2',
    );
    expect(page(rollingOut())).not.toContain('Next plan');
    const lost = page({ ...moved, controllerRevisions: [stored] });
    expect(lost).toContain('FP16, 1 × GPU per replica, KV');
  });

  it('says how many pods do not exist yet', () => {
    const base = rollingOut();
    expect(page({ ...base, pods: base.pods.slice(0, 3) })).toContain('└─ 1 more to be created');
  });

  it('says that nothing serves, and what the operator has not seen yet', () => {
    const text = page({
      ...steady(),
      deployment: deploymentObject(undefined),
      controllerRevisions: [],
      deployments: [],
      pods: [],
    });
    expect(text).toContain('Serving   nothing');
    expect(text).toContain('◌ not judged yet');
    expect(text).toContain('The operator has not looked at this object yet.');
  });

  it('answers what a rollback would be and until when', () => {
    const base = rollingOut();
    const status = {
      ...base.deployment.status,
      rollback: {
        revision: SERVING,
        until: new Date(NOW + 5_400_000).toISOString(),
        readiness: 'Warm' as const,
        estimatedSeconds: 20,
      },
    };
    expect(page({ ...base, deployment: deploymentObject(status) })).toContain(
      `Rollback  Warm to ${SERVING}, deepseek-r1-distill-qwen-7b/FP16/0.32.0, takes about 20s, kept for another 90m`,
    );
  });

  it('is in colour only where that is wanted', () => {
    const coloured = page(rollingOut(), terminal(140, { colour: true }));
    expect(coloured).toContain('\u001b[31m');
    expect(page()).not.toContain('\u001b');
  });
});

describe('the table', () => {
  const objects = [steady().deployment, rollingOut().deployment];

  it('has every word whole in a pipe, however narrow', () => {
    const lines = table(objects, terminal(40)).split('\n');
    expect(lines[0]).toMatch(/^NAME +READY +SERVING +NEXT +PHASE +REASON +AGE$/);
    expect(lines[2]?.split(/ {2,}/)).toEqual([
      'chat',
      '2/2',
      'deepseek-r1-distill-qwen-7b/FP16/0.32.0',
      'deepseek-r1-distill-qwen-7b/FP16/0.33.9',
      'Loading',
      'ImageNotFound',
      '3d',
    ]);
  });

  it('fits where a person looks at it, and keeps the ends of versions, where they differ', () => {
    const lines = table(objects, terminal(90, { interactive: true })).split('\n');
    expect(lines.map(displayWidth).filter((width) => width > 90)).toEqual([]);
    expect(lines[2]).toMatch(/deep\S*…\S*\/0\.32\.0 .*…\S*0\.33\.9/);
  });

  it('has namespaces with -A, and more columns with -o wide', () => {
    expect(table(objects, terminal(80), { allNamespaces: true })).toMatch(/^NAMESPACE +NAME/);
    const wide = table(objects, terminal(80), { wide: true }).split('\n');
    expect(wide[0]).toMatch(/ACCELERATOR +GPUS +REVISION +ROLLBACK +MESSAGE$/);
    expect(wide[1]).toMatch(/A100-80GB +2 +7f3c9a1b2c +- +2 replicas of revision/);
  });
});

describe('a rollout under way', () => {
  const base = rollingOut();
  const { status } = base.deployment;
  const withRollout = (rollout: object, spec: object = {}, rest: object = {}) =>
    page(
      {
        ...base,
        deployment: deploymentObject({ ...status, rollout: { phase: 'Loading', ...rollout }, ...rest }, spec),
      },
      terminal(100),
    );
  const later = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

  it('shows way, step, weight, GPUs, gates with numbers, and the time that is left', () => {
    const text = withRollout(
      {
        phase: 'Proving',
        way: 'Full',
        attempt: 3,
        step: 1,
        weight: 30,
        startedAt: later(-200),
        deadline: later(400),
        message: 'Step 2 of 2: 30 % of the traffic goes to revision 9e1d0c22fa.',
        capacity: { needed: 2, free: 3, reserved: 1 },
        verdicts: [
          {
            gate: 'TimeToFirstToken P95',
            stage: 'Canary',
            verdict: 'Fail',
            samples: 400,
            message: 'TTFT P95 412 ms against 298 ms: +38 %, allowed +20 %, 95 % confident',
          },
        ],
      },
      { rollout: { strategy: 'Canary', canary: { steps: [{ weight: 5 }, { weight: 30 }] } } },
    );
    expect(text).toContain(
      `
Rollout   Proving for 3m20s, way Full, attempt 3, step 2 of 2, 30 % of the traffic
Now       Step 2 of 2: 30 % of the traffic goes to revision 9e1d0c22fa.
GPUs      2 needed, 3 free, 1 reserved and not held yet
Gates     ✖ Canary TimeToFirstToken P95 Fail
            TTFT P95 412 ms against 298 ms: +38 %, allowed +20 %, 95 % confident
Time      6m40s until the pause of the step is over
`.trim(),
    );
  });

  it('says that a pause stops the clocks, with what was left then, and that a deadline is over', () => {
    expect(withRollout({ deadline: later(-5), pausedAt: later(-90) }, { rollout: { paused: true } })).toMatch(
      /Rollout +Loading, paused\nTime +paused: deadlines stand still, for 90s, 85s until the pods have to be ready\n/,
    );
    expect(withRollout({ deadline: later(-5) })).toContain('Time      the pods have to be ready: overdue\n');
  });

  it('shows the last order and what came of it, or that nobody has handled it', () => {
    const order = `promote/${CANDIDATE}/6a1f0c9e-2b7d-4e07-9a51-000000000001/n`;
    expect(withRollout({}, {}, { handledOrder: order, orderResult: 'Refused: not now.' })).toContain(
      `Order     promote ${CANDIDATE}: Refused: not now.`,
    );
    const deployment = deploymentObject(status);
    const annotations = { 'deepseek-operator.io/order': order };
    const pending = { ...deployment, metadata: { ...deployment.metadata, annotations } };
    expect(page({ ...base, deployment: pending })).toContain(
      `Order     promote ${CANDIDATE}: not handled by the operator yet`,
    );
  });

  it('names a version that is held as such', () => {
    const text = withRollout({ phase: 'Held' });
    expect(text).toContain('Next      deepseek-r1-distill-qwen-7b/FP16/0.33.9, held\n');
    expect(text).toContain(`├─ held ${CANDIDATE}`);
  });
});
