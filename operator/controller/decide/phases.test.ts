import { describe, expect, test } from '@jest/globals';
import { ROLLOUT_PHASES } from '../../api/status.ts';
import { PHASE_CONDITIONS } from '../../rollout/conditions.ts';
import { quiet } from '../../rollout/machine/testing/cells.ts';
import type { RolloutInput } from '../../rollout/machine/types.ts';
import { nextStep } from '../../rollout/next.ts';
import type { Snapshot } from '../snapshot.ts';
import { conditionsOf } from './conditions.ts';
import type { Judgement } from './judgement.ts';

/** The conditions of a quiet rollout, by type. */
function conditions(input: RolloutInput) {
  const step = nextStep(input);
  const { settings, window, traffic, replicas, revisions, sets } = input;
  const judgement = {
    ...{ settings, window, traffic, step, replicas, revisions, states: sets, failures: new Map() },
    ...{ observeOnly: false, leaveService: false, restart: undefined, order: undefined },
    desired: {
      plan: { accepted: true, plan: { warnings: [] } },
      revision: revisions.find(({ hash }) => hash === input.desired),
    },
    capacity: { finding: undefined },
  } as unknown as Judgement;
  const metadata = { name: 'chat', namespace: 'ai', uid: 'u', generation: 1 };
  const snapshot = { now: input.now, deployment: { metadata, spec: {} }, services: [], pods: [], revisions: [] };
  const found = conditionsOf(snapshot as unknown as Snapshot, judgement, []);
  return new Map(found.map((condition) => [condition.type as string, condition]));
}

describe('the conditions of each phase', () => {
  test.each(ROLLOUT_PHASES)('%s', (phase) => {
    const { ready, reasons, holds, candidate } = PHASE_CONDITIONS[phase];
    const found = conditions(quiet(phase));
    expect(found.get('Ready')?.status).toBe(ready);
    expect(reasons).toContain(found.get('Ready')?.reason);
    expect(found.get('Reconciling')?.status).toBe(holds === 'Reconciling' ? 'True' : 'False');
    expect(found.get('Stalled')?.status).toBe(holds === 'Stalled' ? 'True' : 'False');
    expect(found.has('CandidateHealthy')).toBe(candidate);
    expect(found.get('Available')?.status).toBe('True');
  });

  test.each(['Waiting', 'Scheduling', 'Loading', 'Proving', 'AwaitingPromotion'] as const)('%s in a pause', (phase) => {
    const input = quiet(phase);
    const found = conditions({ ...input, settings: { ...input.settings, paused: true } });
    expect(found.get('Ready')).toMatchObject({ status: 'False', reason: 'Paused' });
    expect(found.get('Stalled')?.status).toBe('False');
  });

  test('AwaitingPromotion says who is waited for', () => {
    const input = quiet('AwaitingPromotion');
    const manual = { ...input, settings: { ...input.settings, promotion: 'Manual' as const } };
    expect(conditions(manual).get('Ready')?.reason).toBe('AwaitingPromotion');
    expect(conditions({ ...input, window: { open: false } }).get('Ready')?.reason).toBe('AwaitingWindow');
  });
});
