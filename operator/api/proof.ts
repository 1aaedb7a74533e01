import { z } from 'zod';
import { exactlyOneOf, withRules } from './rules.ts';
import { atomicList, decimal, decimalValue, duration, labelName, matching, text, whenDecimal } from './scalars.ts';

const smokeTest = withRules(
  z.object({
    prompt: text(8192, 1).describe('What is asked, at temperature 0 with a cap on tokens.'),
    contains: text(1024, 1)
      .describe('Text that the answer has to contain (what stands in <think> is taken out).')
      .exactOptional(),
    matches: text(256, 1).describe('Regular expression that the answer has to match.').exactOptional(),
    within: duration().describe('Time for the whole answer.').default('20s'),
  }),
  [exactlyOneOf(['contains', 'matches'], 'set exactly one of contains, matches')],
);

/** What a candidate has to show before any user’s request reaches it. */
export const proofSpec = z.object({
  warmUpRequests: z.int32().min(0).max(1000).describe('Requests that each pod answers first, unmeasured.').default(3),
  smokeTests: atomicList(smokeTest, 32).describe('Prompts with an answer that is known.').exactOptional(),
  pairedRequests: z
    .int32()
    .min(0)
    .max(10_000)
    .describe('Same prompts to both versions, interleaved, at each of two concurrencies. 0 turns the comparison off.')
    .default(40),
});

export const GATE_METRICS = [
  'ErrorRatio',
  'TimeToFirstToken',
  'TimePerOutputToken',
  'RequestLatency',
  'Query',
] as const;
const LATENCIES: readonly string[] = ['TimeToFirstToken', 'TimePerOutputToken', 'RequestLatency'];
const LATENCY_CEL = "self.metric in ['TimeToFirstToken', 'TimePerOutputToken', 'RequestLatency']";

/** A limit that a version has to keep: on paired prompts before the switch, on real traffic after it. */
export const gateSpec = withRules(
  z.object({
    metric: z
      .enum(GATE_METRICS)
      .describe(
        'What is measured: share of failed requests (0 to 1), seconds to the first token, seconds per further token, seconds of a request, or a PromQL query.',
      ),
    name: labelName().describe('Name of the gate in status and events. With metric Query only.').exactOptional(),
    query: text(4096, 1)
      .describe(
        'PromQL that yields one number; `{{revision}}` stands for the revision that is judged. With metric Query only.',
      )
      .exactOptional(),
    quantile: matching(/^0\.[0-9]{1,5}$/, 7, 'should be a quantile such as "0.95"')
      .describe('Quantile of a latency, such as "0.95".')
      .exactOptional(),
    max: decimal().describe('Highest value that passes, in the unit of the metric.').exactOptional(),
    maxIncreasePercent: z
      .int32()
      .min(0)
      .max(1000)
      .describe('Highest increase of a latency against the version that serves, in percent.')
      .exactOptional(),
  }),
  [
    {
      rule: `(${LATENCY_CEL}) == has(self.quantile)`,
      message:
        'quantile is needed for a latency (TimeToFirstToken, TimePerOutputToken, RequestLatency), and allowed only there',
      holds: (self) => LATENCIES.includes(self.metric) === (self.quantile !== undefined),
    },
    {
      rule: `has(self.max) || has(self.maxIncreasePercent)`,
      message: 'a gate needs max, or maxIncreasePercent, or both',
      holds: (self) => self.max !== undefined || self.maxIncreasePercent !== undefined,
    },
    {
      rule: `!has(self.maxIncreasePercent) || ${LATENCY_CEL}`,
      message: 'maxIncreasePercent is allowed for a latency only',
      holds: (self) => self.maxIncreasePercent === undefined || LATENCIES.includes(self.metric),
    },
    {
      rule: "(self.metric == 'Query') == has(self.query) && (self.metric == 'Query') == has(self.name)",
      message: 'name and query are needed when metric is Query, and allowed only then',
      holds: (self) =>
        (self.metric === 'Query') === (self.query !== undefined) &&
        (self.metric === 'Query') === (self.name !== undefined),
    },
    {
      rule: "!has(self.query) || self.query.contains('{{revision}}')",
      message: 'query must contain {{revision}}: without it both versions would give the same number',
      holds: (self) => self.query?.includes('{{revision}}') ?? true,
    },
    {
      rule: `self.metric != 'ErrorRatio' || !has(self.max) || ${whenDecimal(['self.max'], '(double(self.max) > 0.0 && double(self.max) <= 1.0)')}`,
      message: 'max of ErrorRatio is a ratio: above 0 and at most 1',
      holds: (self) => {
        const max = decimalValue(self.max ?? '');
        return self.metric !== 'ErrorRatio' || !(max <= 0 || max > 1);
      },
    },
  ],
);

export { LATENCIES as LATENCY_METRICS };
