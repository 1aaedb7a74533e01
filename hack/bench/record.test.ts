import { expect, it } from '@jest/globals';
import { merge, type Recorded, UNMEASURED } from './record.ts';

const machine = { cpu: 'CPU', cores: 2, memoryGiB: 8, system: 'Linux 6', node: 'v24.0.0' };
const recorded = (scenario: string, measured: string): Recorded => ({
  ...{ scenario, date: '2026-01-02', machine },
  figures: [{ name: scenario, title: 'T', limit: '', measured, verdict: 'info' }],
});
const before = { note: 'N', scenarios: [recorded('a', '1'), recorded('b', '2')] };

it('puts what was measured in place of what was measured before', () => {
  expect(merge(before, [recorded('a', '3')])).toEqual({
    note: 'N',
    scenarios: [recorded('b', '2'), recorded('a', '3')],
  });
});

it('keeps what a scenario had that broke now', () => {
  expect(merge(before, [recorded('a', UNMEASURED)])).toEqual(before);
});

it('keeps what a scenario had that this run left out, as a run without --full does', () => {
  const skipped = { name: 'a', title: 'T', limit: '', measured: 'by `make bench-full`', verdict: 'skipped' } as const;
  const out: Recorded = { ...recorded('a', ''), figures: [skipped] };
  expect(merge(before, [out])).toEqual(before);
  expect(merge({ scenarios: [] }, [out]).scenarios).toEqual([]);
  const partly: Recorded = { ...out, figures: [...recorded('a', '3').figures, skipped] };
  expect(merge(before, [partly])).toEqual({ note: 'N', scenarios: [recorded('b', '2'), partly] });
});

it('leaves details to the report', () => {
  const [figure] = recorded('a', '3').figures;
  const detailed: Recorded = { ...recorded('a', '3'), figures: [{ ...figure, details: { values: [1] } }] } as Recorded;
  expect(merge({ scenarios: [] }, [detailed]).scenarios).toEqual([recorded('a', '3')]);
});
