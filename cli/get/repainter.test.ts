import { describe, expect, it } from '@jest/globals';
import { FakeClock } from '../../operator/kube/testing/fake-clock.ts';
import { Repainter } from './repainter.ts';

function setUp() {
  const clock = new FakeClock();
  const paintedAt: number[] = [];
  const repainter = new Repainter({ clock, paint: () => void paintedAt.push(clock.monotonic()) });
  return { clock, paintedAt, repainter };
}

describe('the repainter', () => {
  it('paints at once, and a burst of changes no more than every 200 ms', async () => {
    const { clock, paintedAt, repainter } = setUp();
    repainter.request();
    await clock.advance(0);
    for (let ms = 10; ms <= 500; ms += 10) {
      await clock.advance(10);
      repainter.request();
    }
    expect(paintedAt).toEqual([0, 200, 400]);
    await clock.advance(100);
    expect(paintedAt).toEqual([0, 200, 400, 600]);
  });

  it('paints every second when nothing changes, for the ages', async () => {
    const { clock, paintedAt, repainter } = setUp();
    repainter.request();
    await clock.advance(3_000);
    expect(paintedAt).toEqual([0, 1_000, 2_000, 3_000]);
  });

  it('leaves no timer behind', async () => {
    const { clock, paintedAt, repainter } = setUp();
    repainter.request();
    await clock.advance(0);
    repainter.stop();
    repainter.request();
    await clock.advance(5_000);
    expect(paintedAt).toEqual([0]);
    expect(clock.pendingTimers).toBe(0);
  });
});
