import { describe, expect, it } from '@jest/globals';
import type { QueryResult, TrafficMeasurements } from '../measurements.ts';
import { baselineOf, judgeTraffic, type TrafficJudgement } from './index.ts';
import { histogram, lognormal, mixed, random, traffic } from './test-support.ts';
import type { Gate, VerdictKind } from './types.ts';

const ERRORS: Gate = { metric: 'ErrorRatio', max: '0.01' };
const TTFT: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', maxIncreasePercent: 20 };
const TTFT_MAX: Gate = { metric: 'TimeToFirstToken', quantile: '0.95', max: '0.5' };
const COST: Gate = { metric: 'Query', name: 'cost', query: 'x{revision="{{revision}}"}', max: '0.5' };

function judge(gates: readonly Gate[], measurements: TrafficMeasurements, over: Partial<TrafficJudgement> = {}) {
  return judgeTraffic({ stage: 'Watch', gates, measurements, queries: new Map(), final: true, ...over });
}
const only = (...args: Parameters<typeof judge>) => judge(...args).gates[0]!;

describe('without gates', () => {
  it('passes whatever there is', () => {
    expect(judge([], traffic({ requests: 0 }))).toEqual({ verdict: 'Pass', gates: [] });
    expect(judge([], traffic({ requests: 9, errors: 2 })).verdict).toBe('Pass');
  });

  it('fails a version at which most requests fail', () => {
    expect(judge([], traffic({ requests: 30, errors: 28 })).gates).toMatchObject([
      { gate: 'Requests', verdict: 'Fail', samples: 30, message: '28 of 30 requests failed' },
    ]);
  });
});

describe('a gate on errors', () => {
  it.each([
    [0, 300, true, 'Pass'],
    [0, 299, true, 'NoData'],
    [0, 299, false, 'NotRefuted'],
    [0, 0, false, 'NotRefuted'],
    [0, 0, true, 'NoData'],
    [3, 300, true, 'Pass'],
    [4, 300, true, 'NotRefuted'],
    [14, 300, true, 'Fail'],
    [14, 300, false, 'Fail'],
    [5, 20, false, 'Fail'], // far too few for a Pass
  ] as const)('%d of %d, final %s: %s', (errors, requests, final, verdict) => {
    expect(only([ERRORS], traffic({ requests, errors }), { final }).verdict).toBe(verdict);
  });

  it('takes the number of requests from the spec', () => {
    const measured = traffic({ requests: 400 });
    expect(only([ERRORS], measured, { minRequests: 1000 })).toMatchObject({
      verdict: 'NoData',
      message:
        '400 of the 1,000 requests that a verdict needs; 0 of 400 requests failed: 0 % (at most 0.746 %, 95 % confident), allowed 1 %',
    });
  });

  it('says the old version’s share in a canary', () => {
    const base = traffic({ requests: 6000, errors: 30 });
    const said = only([ERRORS], traffic({ requests: 600, errors: 60 }), { stage: 'Canary', base });
    expect(said).toMatchObject({ verdict: 'Fail', stage: 'Canary', value: 0.1, base: 0.005 });
    expect(said.message).toMatch(
      /^60 of 600 requests failed: 10 % \(at least \d\.\d+ %, 99\.5 % confident over all looks\), 0\.5 % at the old version, allowed 1 %$/,
    );
  });

  it('has no data from an engine that does not count them, whenever', () => {
    for (const final of [true, false]) {
      const said = only([ERRORS], traffic({ errors: undefined }), { final });
      expect(said.verdict).toBe('NoData');
      expect(said.message).toContain('metric Query');
    }
  });

  it('does not believe counters that contradict each other', () => {
    expect(only([ERRORS], traffic({ requests: 5, errors: 9 })).verdict).toBe('Inconclusive');
  });
});

describe('pods that cannot be read', () => {
  const podsFailed = [{ pod: 'c-1', error: 'timed out' }];

  it('are never part of a Pass', () => {
    const said = only([ERRORS], traffic({ podsRead: 1, podsFailed }));
    expect(said.verdict).toBe('Inconclusive');
    expect(said.message).toContain('metrics of 1 of 2 pods cannot be read (c-1: timed out)');
  });

  it('do not save a bad version', () => {
    expect(only([ERRORS], traffic({ errors: 100, podsRead: 1, podsFailed })).verdict).toBe('Fail');
  });

  it('all of them: no data', () => {
    expect(only([ERRORS], traffic({ requests: 0, podsRead: 0, podsFailed }))).toMatchObject({
      verdict: 'NoData',
      message: 'No metrics could be read: timed out',
    });
  });
});

describe('a quantile out of buckets', () => {
  const at = (TimeToFirstToken: ReturnType<typeof mixed>) => traffic({ latencies: { TimeToFirstToken } });
  const ROWS: readonly (readonly [string, Gate, number, number, boolean, VerdictKind])[] = [
    ['its bucket keeps the limit', TTFT_MAX, 590, 10, true, 'Pass'],
    ['too few', TTFT_MAX, 299, 0, true, 'NoData'],
    ['too few so far', TTFT_MAX, 299, 0, false, 'NotRefuted'],
    ['above, and maybe by chance', TTFT_MAX, 565, 35, true, 'NotRefuted'],
    ['above for certain', TTFT_MAX, 500, 100, true, 'Fail'],
    ['above for certain, early', TTFT_MAX, 5, 15, false, 'Fail'],
    ['the limit inside its bucket', { ...TTFT_MAX, max: '0.22' }, 600, 0, true, 'Inconclusive'],
    [
      'the limit inside its bucket, on the other side of the samples',
      { ...TTFT_MAX, max: '0.15' },
      600,
      0,
      true,
      'Inconclusive',
    ],
    ['the limit at the bound', { ...TTFT_MAX, max: '0.25' }, 600, 0, true, 'Pass'],
    ['the limit inside a bucket below', { ...TTFT_MAX, max: '0.3' }, 300, 300, true, 'Fail'],
    ['no requests', TTFT_MAX, 0, 0, false, 'NotRefuted'],
    ['no requests in the end', TTFT_MAX, 0, 0, true, 'NoData'],
  ];

  it.each(ROWS)('%s', (_, gate, fast, slow, final, verdict) => {
    expect(only([gate], at(mixed(fast, slow)), { final }).verdict).toBe(verdict);
  });

  it('says the bucket, and the share that proves it', () => {
    const said = only([TTFT_MAX], at(mixed(500, 100)));
    expect(said).toMatchObject({ samples: 600, limit: 0.5 });
    expect(said.message).toMatch(
      /^TTFT P95 about 2\.05 s \(between 1 s and 2\.5 s\), allowed 500 ms: 100 of 600 requests took longer than 500 ms, at least 1\d(\.\d)? % \(99\.5 % confident over all looks\), where 5 % may$/,
    );
  });

  it('fails nothing beyond the last bound that the engine has', () => {
    const beyond = histogram(Array<number>(600).fill(5000));
    expect(only([{ ...TTFT_MAX, max: '3000' }], at(beyond)).verdict).toBe('Inconclusive');
    expect(only([TTFT_MAX], at(beyond)).verdict).toBe('Fail');
  });

  it('says what an engine without the histogram lacks', () => {
    const said = only([TTFT_MAX], traffic());
    expect(said.verdict).toBe('NoData');
    expect(said.message).toContain('time_to_first_token_seconds');
    expect(said.message).toContain('llama.cpp');
  });

  it.each([
    ['falling counts', { bounds: [1, Infinity], cumulative: [5, 3] }],
    ['no last bucket', { bounds: [1, 2], cumulative: [1, 2] }],
    ['bounds that do not rise', { bounds: [2, 1, Infinity], cumulative: [1, 2, 3] }],
  ])('does not believe %s', (_, broken) => {
    expect(only([TTFT_MAX], at(broken)).verdict).toBe('Inconclusive');
  });
});

describe('an increase against the stored baseline', () => {
  const at = (fast: number, slow: number, over: Partial<TrafficMeasurements> & { seconds?: number } = {}) =>
    traffic({ requests: fast + slow, latencies: { TimeToFirstToken: mixed(fast, slow) }, ...over });
  const baseline = baselineOf(at(600, 0), [TTFT]);

  it('stores the bound that the quantile is at most, and the rate', () => {
    expect(baseline).toEqual({ requestsPerSecond: 1, values: { 'TimeToFirstToken P95': 0.25 } });
  });

  it('stores no value of too few requests, nor of gates without an increase', () => {
    expect(baselineOf(at(60, 0), [TTFT]).values).toEqual({});
    expect(baselineOf(at(600, 0), [TTFT_MAX, ERRORS, COST]).values).toEqual({});
    expect(baselineOf(traffic(), [TTFT]).values).toEqual({});
  });

  it.each([
    ['the same', at(600, 0), 'Pass'],
    ['slower for certain', at(500, 100), 'Fail'],
    ['twice the requests per second', at(1200, 0), 'NoData'],
    ['half as many and one less', at(299, 0), 'NoData'],
    ['half as many', at(300, 0), 'Pass'],
    ['half as many again', at(900, 0), 'Pass'],
  ] as const)('%s', (_, measured, verdict) => {
    expect(only([TTFT], measured, { baseline }).verdict).toBe(verdict);
  });

  it('says why another load is not compared, and waits before the end', () => {
    expect(only([TTFT], at(1200, 0), { baseline }).message).toBe(
      'The increase is not judged: 2 requests/s now are not comparable with 1 requests/s before the switch (more than 50 % apart)',
    );
    expect(only([TTFT], at(1200, 0), { baseline, final: false }).verdict).toBe('NotRefuted');
  });

  it('has no data without a baseline', () => {
    expect(only([TTFT], at(600, 0)).verdict).toBe('NoData');
    expect(only([TTFT], at(600, 0), { baseline: { requestsPerSecond: 1, values: {} } }).verdict).toBe('NoData');
  });

  it('judges the absolute limit of the same gate all the same', () => {
    const both = { ...TTFT, max: '0.5' };
    expect(only([both], at(500, 100)).verdict).toBe('Fail');
    expect(only([both], at(600, 0)).verdict).toBe('NoData');
  });
});

describe('an increase in a canary', () => {
  const at = (fast: number, slow: number) =>
    traffic({ requests: fast + slow, latencies: { TimeToFirstToken: mixed(fast, slow) } });

  it.each([
    ['the same', at(600, 0), at(6000, 0), 'Pass'],
    ['slower', at(500, 100), at(6000, 0), 'Fail'],
    ['both slow', at(500, 100), at(5000, 1000), 'Pass'],
    ['too little of the old one', at(500, 100), at(20, 0), 'NoData'],
    ['the old one without the histogram', at(600, 0), traffic(), 'NoData'],
  ] as const)('%s', (_, measurements, base, verdict) => {
    expect(only([TTFT], measurements, { stage: 'Canary', base }).verdict).toBe(verdict);
  });

  it('has no data without the old version', () => {
    expect(only([TTFT], at(600, 0), { stage: 'Canary' }).verdict).toBe('NoData');
  });
});

describe('a gate on a query', () => {
  const start = traffic().from;
  const ROWS: readonly (readonly [string, QueryResult | undefined, boolean, VerdictKind])[] = [
    ['within', { kind: 'Value', value: 0.5, at: start + 1 }, false, 'Pass'],
    ['beyond', { kind: 'Value', value: 0.51, at: start + 1 }, false, 'Fail'],
    ['from before the stage', { kind: 'Value', value: 9, at: start - 1 }, false, 'NotRefuted'],
    ['from before the stage, in the end', { kind: 'Value', value: 9, at: start - 1 }, true, 'NoData'],
    ['infinite', { kind: 'Value', value: Infinity, at: start + 1 }, true, 'NoData'],
    ['no series', { kind: 'NoData', message: 'no series' }, true, 'NoData'],
    ['no Prometheus', { kind: 'Error', message: 'connection refused' }, true, 'NoData'],
    ['no Prometheus so far', { kind: 'Error', message: 'connection refused' }, false, 'NotRefuted'],
    ['not asked', undefined, true, 'NoData'],
  ];

  it.each(ROWS)('%s', (_, result, final, verdict) => {
    const queries = new Map(result === undefined ? [] : [['cost', result]]);
    expect(only([COST], traffic(), { queries, final })).toMatchObject({ gate: 'cost', verdict });
  });
});

it('combines gates: what decides most decides', () => {
  const queries = new Map<string, QueryResult>([['cost', { kind: 'Value', value: 0.1, at: traffic().from }]]);
  const verdict = (measured: TrafficMeasurements) => judge([ERRORS, COST, TTFT_MAX], measured, { queries }).verdict;
  const latencies = { TimeToFirstToken: mixed(600, 0) };
  expect(verdict(traffic({ latencies }))).toBe('Pass');
  expect(verdict(traffic({ latencies, errors: 7 }))).toBe('NotRefuted');
  expect(verdict(traffic({ latencies: { TimeToFirstToken: mixed(0, 600) } }))).toBe('Fail');
  expect(verdict(traffic())).toBe('NoData');
});

describe('looks every five seconds for ten minutes', () => {
  /** Shares of `runs` watches in which some look fails the version. */
  function alarms(runs: number, errorShare: number, slowdown: number): number {
    const uniform = random(11);
    const noise = lognormal(uniform, 0.5);
    const gates = [ERRORS, TTFT, { ...TTFT_MAX, max: '1' }];
    const latency = (count: number, slower: number) => Array.from({ length: count }, () => 0.21 * slower * noise());
    let failed = 0;
    for (let run = 0; run < runs; run++) {
      const baseline = baselineOf(traffic({ latencies: { TimeToFirstToken: histogram(latency(600, 1)) } }), gates);
      let errors = 0;
      const seconds: number[] = [];
      for (let look = 1; look <= 120; look++) {
        seconds.push(...latency(5, slowdown));
        for (let request = 0; request < 5; request++) errors += uniform() < errorShare ? 1 : 0;
        // The histogram is dear to count: it is looked at less often than the errors.
        const latencies = look % 10 === 0 ? { TimeToFirstToken: histogram(seconds) } : {};
        const measurements = traffic({ seconds: look * 5, requests: look * 5, errors, latencies });
        if (judge(gates, measurements, { baseline, final: false }).verdict === 'Fail') {
          failed++;
          break;
        }
      }
    }
    return failed;
  }

  it('fail at most 1 % of the good versions, with errors of half the limit', () => {
    expect(alarms(60, 0.005, 1)).toBeLessThanOrEqual(1);
  });

  it.each([
    ['5 % of the requests fail', 0.05, 1],
    ['three times as slow', 0, 3],
  ])('catch a bad version: %s', (_, errors, slowdown) => {
    expect(alarms(20, errors, slowdown)).toBeGreaterThanOrEqual(19);
  });
});
