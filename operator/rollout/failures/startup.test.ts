import { describe, expect, it } from '@jest/globals';
import { startupProgress } from './startup.ts';
import { ago, container, crashed, evidence, loading, NOW, ready, unscheduled } from './test-support.ts';

describe('startupProgress', () => {
  it('counts the pods that have a node and are not ready, and knows when the next is late', () => {
    const started = (seconds: number) => ({ state: { running: { startedAt: ago(seconds) } } });
    const pods = [loading('a', started(100)), loading('b', started(400)), ready('c'), unscheduled('d', 'x')];
    expect(startupProgress(evidence(pods))).toEqual({ loading: 2, overdue: 0, nextDeadline: NOW + 1_400_000 });
  });

  it('counts those whose budget is used up', () => {
    const pods = [loading('a', { state: { running: { startedAt: ago(1801) } } }), loading('b')];
    expect(startupProgress(evidence(pods))).toMatchObject({ loading: 2, overdue: 1 });
  });

  it('does not let a crash loop start the clock again', () => {
    const restarted = (placed: number) =>
      startupProgress(evidence([loading('a', { ...crashed('x'), state: { running: { startedAt: ago(5) } } }, placed)]));
    expect(restarted(1800 + 599)).toMatchObject({ overdue: 0 });
    expect(restarted(1800 + 601)).toMatchObject({ overdue: 1 });
  });

  it('gives the image ten minutes on top', () => {
    const pulling = (placed: number) =>
      startupProgress(evidence([loading('a', { state: { waiting: { reason: 'ContainerCreating' } } }, placed)]));
    expect(pulling(2399)).toMatchObject({ overdue: 0 });
    expect(pulling(2401)).toMatchObject({ overdue: 1 });
  });

  it('does not begin with the proxy, which runs while the engine’s image is pulled', () => {
    const one = loading('a', { state: { waiting: { reason: 'ContainerCreating' } } }, 2399);
    const proxy = { ...container({}), name: 'drain-proxy', state: { running: { startedAt: ago(2390) } } };
    const withProxy = { ...one, status: { ...one.status, initContainerStatuses: [proxy] } };
    expect(startupProgress(evidence([withProxy]))).toMatchObject({ overdue: 0 });
  });

  it('never ends without a budget, and does not wait for pods that are going', () => {
    expect(startupProgress(evidence([loading('a', {}, 1e6)], { startupBudgetSeconds: Infinity }))).toEqual({
      loading: 1,
      overdue: 0,
    });
    const leaving = { ...loading('a', {}, 1e6), metadata: { name: 'a', deletionTimestamp: ago(1) } };
    expect(startupProgress(evidence([leaving]))).toEqual({ loading: 0, overdue: 0 });
  });

  it('reads what the simulated node leaves out', () => {
    const bare = {
      metadata: { name: 'a' },
      status: { phase: 'Running', startTime: ago(50), containerStatuses: [container()] },
    };
    expect(startupProgress(evidence([bare]))).toMatchObject({ loading: 1 });
    expect(startupProgress(evidence([{ metadata: { name: 'a' } }]))).toEqual({ loading: 0, overdue: 0 });
  });
});
