import { beforeAll, describe, expect, it, jest, test } from '@jest/globals';
import { findTool } from '../../../hack/cluster/index.ts';
import {
  type AlertingRule,
  deploymentAlerts,
  FLEET,
  operatorRules,
  recordingRules,
  type RuleGroup,
  thresholdsOf,
} from '../../../operator/monitoring/index.ts';
import { ALERT_CASES, type AlertCase } from './alert-cases.ts';
import { type Expectation, rulesFor, testRules } from './promtool.ts';
import { counter, gauge, type InputSeries, POD, type Segment } from './series.ts';

/** Minutes of quiet before: longer than any alert looks back. */
const BEFORE = 90;
/** promtool needs a second or two for a test. */
const TEST_MS = 60_000;
jest.setTimeout(TEST_MS);
const BUILD_MS = 20 * 60_000;
/** The shipped rules for all models, and those in the PrometheusRule of one. */
const ONE = { kind: 'Deployment', namespace: 'ai', name: 'chat' } as const;
const REVISIONS = (['vLLM', 'SGLang', 'TensorRT-LLM', 'llama.cpp'] as const).map((engine) => ({
  ...{ revision: engine === 'vLLM' ? 'a' : engine.toLowerCase(), engine, maxNumSeqs: 8 },
}));
const SCOPES = {
  'of all models': [...recordingRules(FLEET), deploymentAlerts(FLEET), ...operatorRules()],
  'of one model': [...recordingRules(ONE, REVISIONS), deploymentAlerts(ONE)],
} as const;
const GROUPS = SCOPES['of all models'];
const signal = () => AbortSignal.timeout(TEST_MS);

beforeAll(async () => {
  await findTool('promtool', { signal: AbortSignal.timeout(BUILD_MS) });
}, BUILD_MS);

const alertNames = (groups: readonly RuleGroup[]): string[] =>
  groups
    .flatMap(({ rules }) => rules.filter((rule): rule is AlertingRule => 'alert' in rule))
    .map(({ alert }) => alert);

/** Whether the alert, and no other of these, fires at this minute. */
function firing(minute: number, { alert, severity, about }: AlertCase, fires: boolean): Expectation {
  const labels = ['alertstate="firing"', `alertname="${alert}"`, `severity="${severity}"`];
  const who = about ?? 'namespace="ai",deepseekdeployment="chat"';
  const query = `max by (alertname, alertstate, severity, namespace, deepseekdeployment, name) (ALERTS{alertname="${alert}",alertstate="firing"})`;
  return {
    minute,
    query,
    samples: fires ? [{ labels: `{${[...labels, ...(who === '' ? [] : [who])].join(',')}}`, value: 1 }] : [],
  };
}

async function expectPasses(
  name: string,
  series: readonly InputSeries[],
  expectations: readonly Expectation[],
  groups: readonly RuleGroup[] = GROUPS,
) {
  const { status, output } = await testRules(groups, [{ name, series, expect: expectations }], signal());
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
}

const RULES_AND_CASES = Object.entries(SCOPES).flatMap(([whose, groups]) =>
  ALERT_CASES.filter(({ alert }) => alertNames(groups).includes(alert)).map(
    (alertCase) => [alertCase.alert, whose, groups, alertCase] as const,
  ),
);

describe.each(RULES_AND_CASES)('%s, by the rules %s', (_, __, all, alertCase) => {
  const { firesAfter, clearsAfter, quietFor = Math.floor(firesAfter / 2) - 1 } = alertCase;
  const during = firesAfter + 15;
  const groups = rulesFor(all, alertCase.alert);
  const happens = (quiet: number, bad: number): readonly Segment[] => [
    [BEFORE, quiet],
    [during, bad],
    [clearsAfter + 15, quiet],
  ];
  const at = {
    quiet: BEFORE - 1,
    notYet: BEFORE + quietFor,
    fires: BEFORE + firesAfter,
    cleared: BEFORE + during + clearsAfter,
  };

  it('fires, not at once, and clears', async () => {
    await expectPasses(
      'it happens',
      alertCase.series(happens),
      [
        firing(at.quiet, alertCase, false),
        firing(at.notYet, alertCase, false),
        firing(at.fires, alertCase, true),
        firing(at.cleared, alertCase, false),
      ],
      groups,
    );
  });

  const { near, neither = {} } = alertCase;
  it.each(Object.entries({ 'what is just not bad enough': near, ...neither }))(
    'does not fire on %s',
    async (_, series) => {
      const minutes = [at.quiet, at.notYet, at.fires, BEFORE + during - 1, at.cleared];
      await expectPasses(
        'almost',
        series(happens),
        minutes.map((minute) => firing(minute, alertCase, false)),
        groups,
      );
    },
  );
});

test('there is a case for every alert', () => {
  expect(ALERT_CASES.map(({ alert }) => alert).sort()).toEqual(alertNames(GROUPS).sort());
});

test('an engine that is restarted causes no alert', async () => {
  const restart: readonly Segment[] = [
    [30, 60],
    [1, -1],
    [60, 60],
  ];
  const series = [
    gauge(`up{${POD}}`, [30, 1], [1, 0], [60, 1]),
    counter(`vllm:request_success_total{${POD},finished_reason="stop"}`, ...restart),
    counter(`vllm:request_success_total{${POD},finished_reason="error"}`, [30, 1], [1, -1], [60, 0]),
    ...['0.5', '1.0', '2.5', '+Inf'].flatMap((le) => [
      counter(`vllm:e2e_request_latency_seconds_bucket{${POD},le="${le}"}`, ...restart),
      counter(`vllm:time_to_first_token_seconds_bucket{${POD},le="${le}"}`, ...restart),
    ]),
    gauge('deepseek_operator_build_info{instance="op"}', [91, 1]),
    gauge('deepseek_operator_deployment_ready_replicas{namespace="ai",name="chat"}', [30, 2], [1, 1], [60, 2]),
    gauge('deepseek_operator_deployment_wanted_replicas{namespace="ai",name="chat"}', [91, 2]),
  ];
  await expectPasses(
    'restart',
    series,
    Array.from({ length: 30 }, (_, index) => ({
      minute: 1 + index * 3,
      query: 'ALERTS{alertstate="firing"}',
      samples: [],
    })),
  );
});

test('the thresholds of a DeepSeekDeployment are those of its spec, and its rules are about it alone', async () => {
  const scope = { kind: 'Deployment', namespace: 'ai', name: 'chat' } as const;
  const groups = [
    ...recordingRules(scope, [{ revision: 'a', engine: 'SGLang', maxNumSeqs: 8 }]),
    deploymentAlerts(scope, thresholdsOf({ queueDepth: 2, errorRatio: '0.5' })),
  ];
  const query = 'count by (alertname, namespace, deepseekdeployment) (ALERTS{alertstate="firing"})';
  const { status, output } = await testRules(
    groups,
    [
      {
        name: 'two deployments',
        series: [
          gauge(`sglang:num_queue_reqs{${POD}}`, [60, 3]),
          gauge(`sglang:num_running_reqs{${POD}}`, [60, 6]),
          gauge(`sglang:num_queue_reqs{${POD.replaceAll('chat', 'code')}}`, [60, 30]),
        ],
        expect: [
          {
            minute: 30,
            query,
            samples: [
              { labels: '{alertname="DeepSeekQueueGrowing",namespace="ai",deepseekdeployment="chat"}', value: 1 },
            ],
          },
          {
            minute: 30,
            query: 'sum by (deepseekdeployment) (deepseek:batch_utilization)',
            samples: [{ labels: '{deepseekdeployment="chat"}', value: 0.75 }],
          },
        ],
      },
    ],
    signal(),
  );
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
});
