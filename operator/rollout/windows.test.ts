import { describe, expect, it } from '@jest/globals';
import { cron } from '../api/scalars.ts';
import type { MaintenanceWindow } from './settings.ts';
import { MAX_JOINED, windowState } from './windows.ts';

const window = (schedule: string, duration: string, timeZone?: string): MaintenanceWindow => ({
  schedule,
  duration,
  ...(timeZone !== undefined && { timeZone }),
});

/** The state at an instant, with the next change as text. */
function at(windows: readonly MaintenanceWindow[], instant: string): { open: boolean; changesAt?: string } {
  const { open, changesAt } = windowState(windows, Date.parse(instant));
  return { open, ...(changesAt !== undefined && { changesAt: new Date(changesAt).toISOString() }) };
}

const NIGHT = window('0 3 * * *', '1h');
const BERLIN = window('30 2 * * *', '1h', 'Europe/Berlin');

describe('windowState', () => {
  it('is always open without windows', () => {
    expect(windowState([], 0)).toEqual({ open: true });
  });

  const ROWS: readonly (readonly [string, readonly MaintenanceWindow[], string, boolean, string | null])[] = [
    ['shut a millisecond before', [NIGHT], '2026-06-01T02:59:59.999Z', false, '2026-06-01T03:00:00.000Z'],
    ['open at its minute', [NIGHT], '2026-06-01T03:00:00.000Z', true, '2026-06-01T04:00:00.000Z'],
    ['open until a millisecond before its end', [NIGHT], '2026-06-01T03:59:59.999Z', true, '2026-06-01T04:00:00.000Z'],
    ['shut at its end', [NIGHT], '2026-06-01T04:00:00.000Z', false, '2026-06-02T03:00:00.000Z'],
    [
      'Shanghai has no daylight saving',
      [window('0 3 * * *', '1h', 'Asia/Shanghai')],
      '2026-03-29T12:00:00Z',
      false,
      '2026-03-29T19:00:00.000Z',
    ],
    ['over midnight', [window('30 23 * * *', '1h')], '2026-06-02T00:10:00Z', true, '2026-06-02T00:30:00.000Z'],
    [
      'over midnight of its zone',
      [window('30 23 * * 5', '2h', 'Asia/Shanghai')],
      '2026-06-05T17:00:00Z',
      true,
      '2026-06-05T17:30:00.000Z',
    ],
    [
      'put forward: opens at the first minute after',
      [BERLIN],
      '2026-03-29T00:59:59Z',
      false,
      '2026-03-29T01:00:00.000Z',
    ],
    ['put forward: for its whole duration', [BERLIN], '2026-03-29T01:00:00Z', true, '2026-03-29T02:00:00.000Z'],
    [
      'put forward inside: elapsed time counts',
      [window('30 1 * * *', '1h', 'Europe/Berlin')],
      '2026-03-29T01:15:00Z',
      true,
      '2026-03-29T01:30:00.000Z',
    ],
    ['put back: the first time', [BERLIN], '2026-10-25T00:30:00Z', true, '2026-10-25T01:30:00.000Z'],
    ['put back: not the second time', [BERLIN], '2026-10-25T01:30:00Z', false, '2026-10-26T01:30:00.000Z'],
    [
      'every hour, both times',
      [window('15 * * * *', '10m', 'Europe/Berlin')],
      '2026-10-25T01:20:00Z',
      true,
      '2026-10-25T01:25:00.000Z',
    ],
    ['February 29th', [window('0 0 29 2 *', '24h')], '2026-03-01T00:00:00Z', false, '2028-02-29T00:00:00.000Z'],
    ['on February 29th', [window('0 0 29 2 *', '24h')], '2028-02-29T23:59:00Z', true, '2028-03-01T00:00:00.000Z'],
    ['a date that never comes', [window('0 0 31 2 *', '1h')], '2026-03-01T00:00:00Z', false, null],
    ['a duration of nothing', [window('0 3 * * *', '0s')], '2026-06-01T03:00:00Z', false, null],
    [
      'day of month or day of week',
      [window('0 3 1 * 1', '1h')],
      '2026-06-02T00:00:00Z',
      false,
      '2026-06-08T03:00:00.000Z',
    ],
    ['Sunday is 0 and 7', [window('0 3 * * 7', '1h')], '2026-06-07T03:30:00Z', true, '2026-06-07T04:00:00.000Z'],
    [
      'began yesterday, and is longer than a day',
      [window('0 3 * * 1', '30h')],
      '2026-06-02T08:00:00Z',
      true,
      '2026-06-02T09:00:00.000Z',
    ],
    [
      'the earliest of several',
      [NIGHT, window('0 1 * * *', '30m')],
      '2026-06-01T00:00:00Z',
      false,
      '2026-06-01T01:00:00.000Z',
    ],
    [
      'several that overlap',
      [NIGHT, window('30 3 * * *', '2h')],
      '2026-06-01T03:10:00Z',
      true,
      '2026-06-01T05:30:00.000Z',
    ],
    [
      'one inside the other',
      [window('0 2 * * *', '6h'), NIGHT],
      '2026-06-01T03:10:00Z',
      true,
      '2026-06-01T08:00:00.000Z',
    ],
    [
      'one begins where the other ends',
      [NIGHT, window('0 4 * * *', '1h')],
      '2026-06-01T03:10:00Z',
      true,
      '2026-06-01T05:00:00.000Z',
    ],
    [
      'a series without gaps',
      [window('*/30 8-17 * * *', '30m')],
      '2026-06-01T09:10:00Z',
      true,
      '2026-06-01T18:00:00.000Z',
    ],
  ];

  it.each(ROWS)('%s', (_, windows, instant, open, changesAt) => {
    expect(at(windows, instant)).toEqual({ open, ...(changesAt !== null && { changesAt }) });
  });

  it('that never closes gives an instant to look again, inside', () => {
    const always = [window('0 0 * * *', '24h')];
    const now = Date.parse('2026-06-01T12:00:00Z');
    const { open, changesAt } = windowState(always, now);
    expect(open).toBe(true);
    expect(changesAt).toBe(Date.parse('2026-06-02T00:00:00Z') + MAX_JOINED * 86_400_000);
    expect(windowState(always, changesAt!).open).toBe(true);
  });

  it.each([
    ['a zone that the runtime does not know', window('0 3 * * *', '1h', 'Mars/Phobos'), 'Mars/Phobos'],
    ['a schedule that is none', window('0 25 * * *', '1h'), '0 25 * * *'],
    ['six fields', window('0 0 3 * * *', '1h'), '0 0 3 * * *'],
    ['a duration that is none', window('0 3 * * *', 'long'), 'long'],
  ])('stays shut for %s, and says so', (_, broken, named) => {
    const state = windowState([broken], 0);
    expect(state).toMatchObject({ open: false, problems: [expect.stringContaining(named)] });
    expect(state.changesAt).toBeUndefined();
  });

  it('goes by the windows that it understands', () => {
    const state = windowState([window('0 3 * * *', '1h', 'Mars/Phobos'), NIGHT], Date.parse('2026-06-01T03:10:00Z'));
    expect(state).toMatchObject({ open: true, changesAt: Date.parse('2026-06-01T04:00:00Z') });
    expect(state.problems).toHaveLength(1);
  });

  it.each([
    ['spring', '2026-03-01T00:00:00Z', '2026-04-05T00:00:00Z'],
    ['autumn', '2026-10-20T00:00:00Z', '2026-11-05T00:00:00Z'],
  ])('changes at changesAt and not before, over the switches of %s', (_, from, to) => {
    const windows = [BERLIN, window('0 12 * * 1-5', '3h', 'America/New_York'), window('50 14 1 * *', '100m')];
    const end = Date.parse(to);
    let changes = 0;
    for (let now = Date.parse(from); now < end; changes++) {
      const { open, changesAt } = windowState(windows, now);
      expect(changesAt).toBeGreaterThan(now);
      expect(windowState(windows, changesAt! - 1).open).toBe(open);
      expect(windowState(windows, changesAt!).open).toBe(!open);
      now = changesAt!;
    }
    expect(changes).toBeGreaterThan(50);
  });
});

describe('what the schema takes for a schedule', () => {
  it.each([
    '0 3 * * *',
    '*/30 0-4,22 1,15 * *',
    '*/60 */24 */31 */12 */7',
    '0-59/5 0-23/2 1-31/3 1-12/4 0-7/2',
    '1,*,3-4 * * * 5-7',
    '59 23 31 12 7',
  ])('"%s" is understood', (schedule) => {
    expect(cron().safeParse(schedule).success).toBe(true);
    expect(windowState([window(schedule, '1h')], 0).problems).toBeUndefined();
  });

  it.each([
    '5/15 * * * *',
    '*/0 * * * *',
    '*/61 * * * *',
    '* */25 * * *',
    '* * */32 * *',
    '* * * */13 *',
    '* * * * */8',
    '0 3 * * 8',
    '0 0 3 * * *',
  ])('"%s" is refused by both', (schedule) => {
    expect(cron().safeParse(schedule).success).toBe(false);
    expect(windowState([window(schedule, '1h')], 0).problems).toHaveLength(1);
  });

  it('a range that falls passes the form, and the window says that it never opens', () => {
    expect(windowState([window('0 22-3 * * *', '1h')], 0).problems).toEqual([expect.stringContaining('22-3')]);
  });
});
