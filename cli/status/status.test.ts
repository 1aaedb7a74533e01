import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, type DeepSeekDeploymentStatus, ROLLOUT_PHASES } from '../../operator/api/index.ts';
import { ago, CANDIDATE, deploymentObject, MINUTE, NOW, ready, SERVING } from '../get/test-support.ts';
import { displayWidth } from '../support/text.ts';
import { outcomeOf } from './outcome.ts';
import { statusOf } from './status.ts';
import { progressLine, renderStatus } from './view.ts';

const good = ready('True', 'Available', '2 replicas ready.');
const bad = ready('False', 'Loading', 'It loads.');
const stalled = { ...bad, type: 'Stalled', status: 'True' } as const;

const terminal = (width: number, unicode = true) => ({ width, colour: false, unicode, interactive: false });
const inFuture = (seconds: number) => ago(-seconds);

function object(status: Partial<DeepSeekDeploymentStatus>, order?: string) {
  const found = deploymentObject({ observedGeneration: 3, ...status });
  return order === undefined
    ? found
    : { ...found, metadata: { ...found.metadata, annotations: { [ANNOTATION.order]: order } } };
}

describe('the outcome', () => {
  const uid = deploymentObject(undefined).metadata.uid ?? '';
  it.each([
    ['Ready', object({ conditions: [good] })],
    ['Waiting', object({ conditions: [bad] })],
    ['Stalled', object({ conditions: [bad, stalled] })],
    ['Held', object({ conditions: [bad, stalled], rollout: { phase: 'Held' } })],
    ['Waiting', object({ conditions: [good], observedGeneration: 2 })],
    ['Waiting', object({ conditions: [bad, stalled], observedGeneration: 2 })],
    ['Waiting', object({ conditions: [good] }, `promote/${CANDIDATE}/${uid}/n`)],
    ['Ready', object({ conditions: [good], handledOrder: `promote/a/${uid}/n` }, `promote/a/${uid}/n`)],
    ['Waiting', object({})],
    ['Waiting', deploymentObject(undefined)],
  ] as const)('is %s', (kind, deployment) => {
    expect(outcomeOf(deployment).kind).toBe(kind);
  });
});

describe('the screen of status', () => {
  const watching = object({
    conditions: [ready('False', 'Progressing', 'Revision 9e1d0c22fa is watched.', 4 * MINUTE)],
    readyReplicas: 2,
    serving: {
      revision: CANDIDATE,
      version: 'deepseek-r1-distill-qwen-7b/FP16/vLLM 0.33.9',
      readyReplicas: 2,
      since: ago(4 * MINUTE),
      proven: false,
    },
    candidate: { revision: CANDIDATE, version: 'deepseek-r1-distill-qwen-7b/FP16/vLLM 0.33.9', readyReplicas: 2 },
    rollout: {
      attempt: 2,
      phase: 'Watching',
      way: 'Full',
      startedAt: ago(4 * MINUTE),
      deadline: inFuture(6 * MINUTE),
      verdicts: [
        { gate: 'SmokeTests', stage: 'Proof', verdict: 'Pass', samples: 2, message: '2 of 2 answered as expected' },
        {
          gate: 'ErrorRatio',
          stage: 'Watch',
          verdict: 'Fail',
          samples: 400,
          message: '3 % of 400 requests failed, allowed 1 %',
        },
      ],
    },
    rollback: { revision: SERVING, readiness: 'Warm', estimatedSeconds: 15, until: inFuture(116 * MINUTE) },
    history: [{ revision: SERVING, version: 'deepseek-r1-distill-qwen-7b/FP16/vLLM 0.32.0', outcome: 'Promoted' }],
    handledOrder: `promote/${CANDIDATE}/u/n`,
    orderResult: 'Accepted: it gets the traffic.',
  });

  it('answers what serves, what is next, why it waits, for how long there is a way back and whether it is warm', () => {
    const options = { terminal: terminal(100), now: NOW, wide: false };
    expect(renderStatus(statusOf(watching), options)).toBe(
      `
ai/chat  ◌ Waiting
           Progressing: Revision 9e1d0c22fa is watched.
Serves     deepseek-r1-distill-qwen-7b/FP16/vLLM 0.33.9, revision 9e1d0c22fa, 2 of 2 ready, for 4m,
           not proven yet
Rollout    Watching for 4m, way Full, attempt 2
Gates      ✔ Proof SmokeTests Pass  2 of 2 answered as expected
           ✖ Watch ErrorRatio Fail  3 % of 400 requests failed, allowed 1 %
Time       6m until the watch ends
Rollback   Warm to 7f3c9a1b2c, deepseek-r1-distill-qwen-7b/FP16/vLLM 0.32.0, takes about 15s,
           kept for another 116m
Order      promote 9e1d0c22fa: Accepted: it gets the traffic.
`.trim(),
    );
  });

  it.each([60, 80, 120])('takes no more than %i columns', (width) => {
    const lines = renderStatus(statusOf(watching), { terminal: terminal(width), now: NOW, wide: false }).split('\n');
    expect(lines.filter((line) => displayWidth(line) > width)).toEqual([]);
  });

  it('is ASCII where the locale is, and takes no escape sequence from the cluster', () => {
    const nasty = object({ conditions: [ready('False', 'Loading', '\u001b[31mred\u001b[0m … 2 × 3')] });
    const page = renderStatus(statusOf(nasty), { terminal: terminal(80, false), now: NOW, wide: false });
    expect(page).toContain('red ... 2 x 3');
    expect(page).toMatch(/^[\p{ASCII}]*$/u);
    expect(page).not.toContain('\u001b');
  });

  it('names the GPUs that are missing before the switch, and when they are counted again', () => {
    const waiting = object({
      conditions: [bad],
      candidate: { revision: CANDIDATE, version: 'new', readyReplicas: 0 },
      rollout: {
        phase: 'Waiting',
        way: 'Wait',
        message: 'There is room for 0 of 2 replicas.',
        capacity: { needed: 2, free: 0 },
        missed: ['Full'],
        retryAt: inFuture(40),
      },
    });
    const page = renderStatus(statusOf(waiting), { terminal: terminal(100), now: NOW, wide: false });
    expect(page).toContain('Now        There is room for 0 of 2 replicas.');
    expect(page).toContain('GPUs       2 needed, 0 free, not placed in time: Full');
    expect(page).toContain('Time       40s until GPUs are counted again');
  });

  it('has a line for a log in every phase', () => {
    for (const phase of ROLLOUT_PHASES) {
      const line = progressLine(statusOf(object({ conditions: [bad], rollout: { phase, message: 'One\nsentence.' } })));
      expect(line).toMatch(phase === 'Idle' ? /^Waiting: / : new RegExp(`^${phase}: `));
      expect(line).not.toContain('\n');
    }
  });
});
