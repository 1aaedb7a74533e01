import { describe, expect, it } from '@jest/globals';
import { expiresAfterMs, heldLease, holderOf, isFree, microTime, releasedLease } from './lease.ts';

const NOW = Date.parse('2026-03-01T00:00:00.250Z');
const claim = (identity: string, now = NOW) => ({
  ...{ lease: { namespace: 'system', name: 'operator' }, identity, leaseDurationMs: 14_500, now },
});

describe('a Lease', () => {
  it('that is new is held from now on, without a transition', () => {
    const held = heldLease(undefined, claim('one'));
    expect(held).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'system', name: 'operator' },
      spec: {
        holderIdentity: 'one',
        // Whole seconds, not fewer than were asked for.
        leaseDurationSeconds: 15,
        acquireTime: '2026-03-01T00:00:00.250000Z',
        renewTime: '2026-03-01T00:00:00.250000Z',
        leaseTransitions: 0,
      },
    });
    expect([holderOf(held), isFree(held), expiresAfterMs(held)]).toEqual(['one', false, 15_000]);
  });

  it('that is renewed is held since it was taken', () => {
    const held = { ...heldLease(undefined, claim('one')), metadata: { name: 'operator', resourceVersion: '7' } };
    const renewed = heldLease(held, claim('one', NOW + 2_000));
    expect(renewed.metadata).toEqual(held.metadata);
    expect(renewed.spec).toEqual({ ...held.spec, renewTime: microTime(NOW + 2_000) });
  });

  it.each([
    ['one that has expired', heldLease(undefined, claim('one'))],
    ['one that was given back', releasedLease(heldLease(undefined, claim('one')), NOW)],
  ])('that is taken over is held since then, by a transition more: %s', (_, before) => {
    const { spec } = heldLease(before, claim('two', NOW + 60_000));
    const time = microTime(NOW + 60_000);
    expect(spec).toMatchObject({ holderIdentity: 'two', acquireTime: time, renewTime: time, leaseTransitions: 1 });
  });

  it('that is given back has no holder, a second to run, and keeps the rest', () => {
    const held = heldLease(undefined, claim('one'));
    const released = releasedLease(held, NOW + 1_000);
    const time = microTime(NOW + 1_000);
    expect(released).toEqual({
      ...held,
      spec: { ...held.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time },
    });
    expect([holderOf(released), isFree(released), expiresAfterMs(released)]).toEqual(['', true, 1_000]);
  });

  it('that somebody has emptied is free, and trusts nobody', () => {
    const { spec: _, ...empty } = heldLease(undefined, claim('one'));
    expect([holderOf(empty), isFree(empty), expiresAfterMs(empty)]).toEqual(['', true, 0]);
    expect(heldLease(empty, claim('two')).spec?.leaseTransitions).toBe(1);
  });
});
