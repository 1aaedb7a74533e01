import { describe, expect, it } from '@jest/globals';
import type { ProofMeasurements } from '../measurements.ts';
import { judgeProof } from './index.ts';
import { answered, failed, lognormal, pairs, proof, random } from './test-support.ts';
import type { Gate, VerdictKind } from './types.ts';

const TTFT: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 20 };
const TTFT_MAX: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', max: '0.5' };
const ERRORS: Gate = { metric: 'ErrorRatio', max: '0.05' };

/** The verdict of one gate. */
function gate(name: string, measurements: ProofMeasurements, gates: readonly Gate[] = []) {
  const { gates: said } = judgeProof(measurements, gates);
  const found = said.find((one) => one.gate === name);
  if (found === undefined) throw new Error(`no gate ${name} among ${said.map((one) => one.gate).join(', ')}`);
  return found;
}

describe('warm-up', () => {
  it('passes when every pod generated a token', () => {
    expect(gate('WarmUp', proof())).toMatchObject({ verdict: 'Pass', stage: 'Proof', samples: 1 });
  });

  it('fails for one pod that did not, and says which', () => {
    const pods = [
      { pod: 'c-0', ok: true },
      { pod: 'c-1', ok: false, error: 'connection refused' },
    ];
    expect(gate('WarmUp', proof({ pods }))).toMatchObject({
      verdict: 'Fail',
      message: '1 of 2 pods generated no token: c-1: connection refused',
    });
    expect(judgeProof(proof({ pods }), []).verdict).toBe('Fail');
  });

  it('has no data without a pod', () => {
    expect(judgeProof(proof({ pods: [] }), []).verdict).toBe('NoData');
  });
});

describe('smoke tests', () => {
  const passed = { prompt: '2+2=', expected: 'contains "4"', outcome: 'Passed', seconds: 1, answer: '4' } as const;

  it('are not mentioned when there are none', () => {
    expect(judgeProof(proof(), []).gates.map((one) => one.gate)).toEqual(['WarmUp']);
  });

  it.each([
    ['WrongAnswer', '1 of 2 smoke tests failed: "2+2=" (contains "4") was answered "five"'],
    ['TooLate', '1 of 2 smoke tests failed: "2+2=" (contains "4") had no whole answer after 20 s'],
    ['Failed', '1 of 2 smoke tests failed: "2+2=" (contains "4") failed: "five"'],
  ] as const)('one that ends as %s fails them', (outcome, message) => {
    const smokeTests = [passed, { ...passed, outcome, seconds: 20, answer: 'five' }];
    expect(gate('SmokeTests', proof({ smokeTests }))).toMatchObject({ verdict: 'Fail', samples: 2, message });
  });

  it('pass when all do', () => {
    expect(gate('SmokeTests', proof({ smokeTests: [passed] }))).toMatchObject({ verdict: 'Pass', samples: 1 });
  });

  it('keep their message within what a status takes', () => {
    const long = { ...passed, prompt: 'x'.repeat(8000), answer: '🙂'.repeat(5000), outcome: 'WrongAnswer' } as const;
    const { message } = gate('SmokeTests', proof({ smokeTests: Array.from({ length: 32 }, () => long) }));
    expect(Array.from(message).length).toBeLessThanOrEqual(1000);
  });
});

describe('paired prompts without a gate on errors', () => {
  const good = answered(0.3);
  const ROWS: readonly (readonly [string, Partial<ProofMeasurements>, VerdictKind])[] = [
    ['all answered', { pairs: pairs(80, good, good) }, 'Pass'],
    ['all failed', { pairs: pairs(80, good, failed()) }, 'Fail'],
    ['all failed at both: the candidate is dead all the same', { pairs: pairs(80, failed(), failed()) }, 'Fail'],
    ['one failed', { pairs: [...pairs(79, good, good), ...pairs(1, good, failed())] }, 'NotRefuted'],
    ['six failed', { pairs: [...pairs(74, good, good), ...pairs(6, good, failed())] }, 'NotRefuted'],
    ['seven failed', { pairs: [...pairs(73, good, good), ...pairs(7, good, failed())] }, 'Fail'],
    [
      'the same prompts failed at both',
      { pairs: [...pairs(60, good, good), ...pairs(20, failed(), failed())] },
      'NotRefuted',
    ],
    [
      'each failed at others',
      { pairs: [...pairs(60, good, good), ...pairs(10, failed(), good), ...pairs(10, good, failed())] },
      'NotRefuted',
    ],
    ['the old version failed alone', { pairs: [...pairs(60, good, good), ...pairs(20, failed(), good)] }, 'Pass'],
    ['none could be taken', { notPaired: 'no pod of the old version answers' }, 'NoData'],
    ['cut short', { pairs: pairs(20, good, good), notPaired: 'the operator stopped' }, 'Inconclusive'],
    ['cut short, and dead before', { pairs: pairs(20, good, failed()), notPaired: 'the operator stopped' }, 'Fail'],
  ];

  it.each(ROWS)('%s', (_, measurements, verdict) => {
    expect(gate('PairedPrompts', proof(measurements)).verdict).toBe(verdict);
  });

  it('are not mentioned when they are turned off', () => {
    expect(judgeProof(proof(), []).gates.map((one) => one.gate)).toEqual(['WarmUp']);
  });

  it('are left to the gate on errors where there is one', () => {
    const measured = proof({ pairs: [...pairs(70, good, good), ...pairs(10, good, failed())] });
    expect(judgeProof(measured, [{ metric: 'ErrorRatio', max: '0.2' }]).gates.map((one) => one.gate)).toEqual([
      'WarmUp',
      'ErrorRatio',
    ]);
  });
});

describe('a gate on errors', () => {
  const errors = (count: number, of = 80) =>
    proof({ pairs: [...pairs(of - count, answered(0.3), answered(0.3)), ...pairs(count, answered(0.3), failed())] });

  it.each([
    [0, 80, 'Pass'], // at most 3.7 %
    [0, 40, 'NotRefuted'], // at most 7.2 %
    [7, 80, 'NotRefuted'],
    [8, 80, 'Fail'],
  ] as const)('%d of %d, 5 %% allowed: %s', (count, of, verdict) => {
    expect(gate('ErrorRatio', errors(count, of), [ERRORS]).verdict).toBe(verdict);
  });

  it('says the numbers, the bound and the first error', () => {
    expect(gate('ErrorRatio', errors(12), [ERRORS])).toMatchObject({
      samples: 80,
      value: 0.15,
      base: 0,
      limit: 0.05,
      message:
        '12 of 80 prompts failed (at least 8.89 %, 95 % confident), and 0 at the old version; allowed 5 %; the first error: "status 500: out of blocks"',
    });
  });
});

describe('a gate on an increase', () => {
  it('fails a version that is slower for certain, and says how much', () => {
    expect(
      gate('TimeToFirstToken P95', proof({ pairs: pairs(80, answered(0.298), answered(0.412)) }), [TTFT]),
    ).toMatchObject({
      verdict: 'Fail',
      samples: 80,
      value: 0.412,
      base: 0.298,
      limit: 1.2,
      message:
        'TTFT P95 412 ms against 298 ms; the same prompts one by one (geometric mean of 80 pairs): +38.3 %, at least +38.3 % (95 % confident), allowed +20 %',
    });
  });

  it.each([
    ['faster', 0.8, 'Pass'],
    ['the same', 1, 'Pass'],
    ['19 % slower', 1.19, 'Pass'],
    ['21 % slower', 1.21, 'Fail'],
  ] as const)('without noise: %s', (_, ratio, verdict) => {
    expect(
      gate('TimeToFirstToken P95', proof({ pairs: pairs(80, answered(0.3), answered(0.3 * ratio)) }), [TTFT]).verdict,
    ).toBe(verdict);
  });

  it('does not fail an estimate above the limit that may be chance', () => {
    const noise = lognormal(random(3), 1);
    const few = Array.from({ length: 6 }, (_, index) => ({
      concurrency: 1,
      base: answered(0.3),
      candidate: answered((index === 0 ? 6 : 0.3) * noise()),
    }));
    const said = gate('TimeToFirstToken P95', proof({ pairs: few }), [TTFT]);
    expect(said.verdict).toBe('NotRefuted');
    expect(said.message).toMatch(/\+\d+ %, at least -\d/);
  });

  it('compares each prompt with itself: long and short ones do not blur it', () => {
    const uneven = Array.from({ length: 20 }, (_, index) => ({
      concurrency: 1,
      base: answered(0.1 * (index + 1)),
      candidate: answered(0.13 * (index + 1)),
    }));
    expect(gate('TimeToFirstToken P95', proof({ pairs: uneven }), [TTFT]).verdict).toBe('Fail');
  });

  it.each([
    ['too few pairs', pairs(4, answered(0.3), answered(3))],
    ['the old version failed', pairs(40, failed(), answered(3))],
    ['one token each', pairs(40, answered(0.3, { timePerOutputToken: 0 }), answered(0.3, { timePerOutputToken: 0 }))],
  ])('has no data: %s', (_, measured) => {
    const metric: Gate = { ...TTFT, metric: 'TimePerOutputToken' };
    expect(gate('TimePerOutputToken P95', proof({ pairs: measured }), [metric]).verdict).toBe('NoData');
  });

  it('leaves out pairs in which either failed', () => {
    const measured = [
      ...pairs(40, answered(0.3), answered(0.3)),
      ...pairs(5, failed(), answered(9)),
      ...pairs(5, answered(0.1), failed()),
    ];
    expect(gate('TimeToFirstToken P95', proof({ pairs: measured }), [TTFT])).toMatchObject({
      verdict: 'Pass',
      samples: 40,
    });
  });
});

describe('a gate on a highest value', () => {
  const slow = (count: number, of = 80) =>
    proof({ pairs: [...pairs(of - count, answered(0.3), answered(0.3)), ...pairs(count, answered(0.3), answered(2))] });

  it.each([
    [0, 80, 'Pass'],
    [0, 40, 'NotRefuted'],
    [7, 80, 'NotRefuted'],
    [8, 80, 'Fail'],
  ] as const)('%d of %d take longer: %s', (count, of, verdict) => {
    expect(gate('TimeToFirstToken P95', slow(count, of), [TTFT_MAX]).verdict).toBe(verdict);
  });

  it('can be broken beside an increase that is kept', () => {
    const measured = proof({ pairs: pairs(80, answered(0.6), answered(0.6)) });
    const said = gate('TimeToFirstToken P95', measured, [{ ...TTFT, max: '0.5' }]);
    expect(said).toMatchObject({ verdict: 'Fail', limit: 0.5 });
    expect(said.message).toContain('allowed 500 ms');
    expect(said.message).toContain('allowed +20 %');
  });
});

it('leaves queries to real traffic', () => {
  const query: Gate = { metric: 'Query', name: 'cost', query: 'x{{revision}}', max: '1' };
  expect(judgeProof(proof(), [query]).gates.map((one) => one.gate)).toEqual(['WarmUp']);
});

it('says why a gate was not judged', () => {
  expect(gate('TimeToFirstToken P95', proof({ notPaired: 'no pod of the old version answers' }), [TTFT])).toMatchObject(
    {
      verdict: 'NoData',
      message: 'Not judged: no pod of the old version answers',
    },
  );
  expect(gate('ErrorRatio', proof(), [ERRORS]).message).toContain('proof.pairedRequests is 0');
});
