import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '../../operator/api/index.ts';
import {
  ago,
  CANDIDATE,
  controllerRevision,
  DAY,
  deploymentObject,
  HOUR,
  MINUTE,
  NOW,
  SERVING,
} from '../get/test-support.ts';
import { displayWidth } from '../support/text.ts';
import { changesBetween, describeChange } from './diff.ts';
import { historyOf } from './history.ts';
import { renderHistory } from './view.ts';

describe('what changed between two revisions', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ model: { name: 'a' } }, { model: { name: 'b' } }, ['model.name: a -> b']],
    [
      {},
      { engine: { version: '1', type: 'vLLM' } },
      ['engine.type: (not set) -> vLLM', 'engine.version: (not set) -> 1'],
    ],
    [{ a: [1, 2] }, { a: [2, 1] }, ['a: [1,2] -> [2,1]']],
    [{ a: '' }, { a: ' x' }, ['a: "" -> " x"']],
    [{ a: { b: 1 } }, { a: 'b' }, ['a: {"b":1} -> b']],
    [
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      {
        env: [
          { name: 'B', value: '3' },
          { name: 'C', value: '4' },
        ],
      },
      [
        'env[A].name: A -> (not set)',
        'env[A].value: 1 -> (not set)',
        'env[B].value: 2 -> 3',
        'env[C].name: (not set) -> C',
        'env[C].value: (not set) -> 4',
      ],
    ],
    [{ env: [{ name: 'A' }, { name: 'A' }] }, { env: [] }, ['env: [{"name":"A"},{"name":"A"}] -> []']],
  ] as const)('%j to %j', (from, to, lines) => {
    expect(changesBetween(from, to).map(describeChange)).toEqual(lines);
  });
});

const spec = (version: string) => ({ data: { spec: { engine: { version } } } });
const stored = [
  controllerRevision(CANDIDATE, 3, 'm/FP16/vLLM 0.33.9', {
    age: HOUR,
    annotations: { [ANNOTATION.failed]: 'ImageNotFound: there is no such image.' },
    ...spec('0.33.9'),
  }),
  controllerRevision(SERVING, 2, 'm/FP16/vLLM 0.32.0', {
    annotations: { [ANNOTATION.proven]: ago(2 * DAY) },
    ...spec('0.32.0'),
  }),
  controllerRevision('5c0e77aa01', 1, 'm/FP16/vLLM 0.31.0', {
    age: 9 * DAY,
    annotations: { [ANNOTATION.accepted]: ago(8 * DAY) },
    ...spec('0.31.0'),
  }),
];
const deployment = deploymentObject({
  serving: { revision: SERVING, version: 'm/FP16/vLLM 0.32.0', readyReplicas: 2 },
  candidate: { revision: CANDIDATE, version: 'm/FP16/vLLM 0.33.9', readyReplicas: 0 },
  rollout: { phase: 'Held' },
  rollback: { revision: '5c0e77aa01', readiness: 'Cold' },
  history: [
    {
      revision: CANDIDATE,
      version: 'm/FP16/vLLM 0.33.9',
      outcome: 'Failed',
      startedAt: ago(HOUR),
      finishedAt: ago(HOUR - 12 * MINUTE),
    },
    { revision: SERVING, version: 'm/FP16/vLLM 0.32.0', outcome: 'Promoted', startedAt: ago(2 * DAY) },
  ],
});

describe('the history', () => {
  it('has attempts with their durations, and revisions with roles, marks and changes', () => {
    expect(historyOf(deployment, stored)).toMatchObject({
      attempts: [{ outcome: 'Failed', durationSeconds: 720 }, { outcome: 'Promoted' }],
      revisions: [
        {
          revision: CANDIDATE,
          role: 'held',
          failed: 'ImageNotFound: there is no such image.',
          changedFrom: 2,
          changes: [{ path: 'engine.version', from: '0.32.0', to: '0.33.9' }],
        },
        { revision: SERVING, role: 'serving', provenAt: ago(2 * DAY), changedFrom: 1 },
        { revision: '5c0e77aa01', role: 'rollback target', acceptedAt: ago(8 * DAY), changes: [] },
      ],
    });
  });

  it('is printed newest first', () => {
    const page = renderHistory(
      historyOf(deployment, stored),
      { width: 110, colour: false, unicode: true, interactive: true },
      NOW,
    );
    expect(page).toBe(
      `
Attempts
  STARTED                AGE   TOOK       OUTCOME    REVISION     VERSION
  2026-11-21T11:00:00Z   60m   12m        Failed     9e1d0c22fa   m/FP16/vLLM 0.33.9
  2026-11-19T12:00:00Z   2d    not over   Promoted   7f3c9a1b2c   m/FP16/vLLM 0.32.0

Revisions
  3  9e1d0c22fa  m/FP16/vLLM 0.33.9  held  made 60m ago
     failed: ImageNotFound: there is no such image.
     engine.version: 0.32.0 -> 0.33.9
  2  7f3c9a1b2c  m/FP16/vLLM 0.32.0  serving  proven 2d ago  made 3d ago
     engine.version: 0.31.0 -> 0.32.0
  1  5c0e77aa01  m/FP16/vLLM 0.31.0  rollback target  accepted unproven 8d ago  made 9d ago
     the oldest that is stored
`.trim(),
    );
  });

  it.each([60, 80])('takes no more than %i columns on a terminal', (width) => {
    const page = renderHistory(
      historyOf(deployment, stored),
      { width, colour: false, unicode: true, interactive: true },
      NOW,
    );
    const revisions = page.split('Revisions')[1] ?? '';
    expect(revisions.split('\n').filter((line) => displayWidth(line) > width)).toEqual([]);
  });

  it('says what is missing to whoever may not list revisions', () => {
    const terminal = { width: 80, colour: false, unicode: true, interactive: false };
    expect(renderHistory(historyOf(deployment, undefined), terminal, NOW)).toContain(
      'You may not list controllerrevisions',
    );
  });
});
