import { z } from 'zod';
import { gateSpec, LATENCY_METRICS, proofSpec } from './proof.ts';
import { withRules } from './rules.ts';
import { atomicList, cron, decimalValue, duration, mapOf, percent, text, timeZone, whenDecimal } from './scalars.ts';

export const ROLLOUT_STRATEGIES = ['BlueGreen', 'Canary', 'Recreate'] as const;
/** What to do when the GPUs for two versions at once are not free. */
export const CAPACITY_WAYS = ['Provision', 'Handover', 'Recreate', 'Wait'] as const;

const handover = z.object({
  minAvailablePercent: percent()
    .describe('Share of the replicas that always serves while GPUs are handed over.')
    .default(50),
  mixedVersions: z
    .boolean()
    .describe(
      'Serve with both versions, in proportion, while GPUs are handed over. Needs traffic.gateway or traffic.routeRef.',
    )
    .default(false),
});

const canary = withRules(
  z.object({
    steps: atomicList(
      z.object({
        weight: z.int32().min(1).max(100).describe('Percent of the traffic that the candidate gets.'),
        pause: duration().describe('Time before the next step. Absent: until somebody promotes.').exactOptional(),
      }),
      20,
      1,
    ).describe('Weights, rising.'),
    match: z
      .object({
        headers: mapOf(text(1024), 16).describe(
          'Headers, by name, that a request must have, with exactly these values.',
        ),
      })
      .describe('Requests that go to the candidate from the first step on, whatever the weight. Needs a gateway.')
      .exactOptional(),
  }),
  [
    {
      rule: 'self.steps.map(s, s.weight).isSorted() && self.steps.all(a, self.steps.exists_one(b, b.weight == a.weight))',
      message: 'weights must rise from step to step',
      holds: ({ steps }) => steps.every(({ weight }, index) => index === 0 || weight > (steps[index - 1]?.weight ?? 0)),
    },
  ],
);

const watch = z.object({
  duration: duration().describe('How long real traffic is judged after the switch.').default('10m'),
  minRequests: z
    .int32()
    .min(1)
    .max(10_000_000)
    .describe('Fewest requests that a verdict needs. Default: 3 / max for a ratio (300 for 1 %), 300 for a quantile.')
    .exactOptional(),
  onNoData: z
    .enum(['AcceptUnproven', 'Rollback'])
    .describe('What to do when there were fewer: accept the version and say that it is unproven, or take it back.')
    .default('AcceptUnproven'),
});

const maintenanceWindow = z.object({
  schedule: cron().describe('When the window opens: a cron schedule of five fields.'),
  duration: duration().describe('How long it stays open.'),
  timeZone: timeZone().describe('Time zone of the schedule. Default: UTC.').exactOptional(),
});

/** Enough requests for each gate to be able to pass: 95 % confidence needs 3 / max of them for a ratio (rule of three). */
const MIN_QUANTILE_SAMPLES = 300;

/** How a new version takes over from the one that serves. */
export const rolloutSpec = withRules(
  z.object({
    strategy: z
      .enum(ROLLOUT_STRATEGIES)
      .describe('BlueGreen: all traffic at once, after proof. Canary: in steps. Recreate: the old version stops first.')
      .default('BlueGreen'),
    whenCapacityIsShort: atomicList(z.enum(CAPACITY_WAYS), 4, 1)
      .describe(
        'What to do, tried in order, when the GPUs for both versions are not free: buy nodes, hand GPUs over one replica at a time, stop the old version first, or wait.',
      )
      .default(['Provision', 'Handover', 'Wait']),
    provisionTimeout: duration().describe('How long Provision waits for new nodes.').default('10m'),
    schedulingDeadline: duration()
      .describe('How long the scheduler may take to place the candidate’s pods.')
      .default('2m'),
    handover: handover.describe('How GPUs are handed over.').exactOptional(),
    promotion: z
      .enum(['Automatic', 'Manual'])
      .describe('Whether a proven candidate gets the traffic by itself, or waits for `kubectl deepseek promote`.')
      .default('Automatic'),
    canary: canary.describe('Steps of strategy Canary.').exactOptional(),
    proof: proofSpec.describe('What a candidate has to show before any user’s request reaches it.').exactOptional(),
    gates: atomicList(gateSpec, 16)
      .describe('Limits: on paired prompts before the switch, on real traffic after it.')
      .exactOptional(),
    watch: watch.describe('Judgement of real traffic after the switch.').exactOptional(),
    progressDeadline: duration()
      .describe(
        'How long a candidate may take until it is ready; in a handover each replica. Default: from the startup budget.',
      )
      .exactOptional(),
    rollbackWindow: duration().describe('How long the old version is kept for a rollback.').default('2h'),
    warmReplicasPercent: percent()
      .describe('Share of the old version’s replicas that is kept running in that time.')
      .default(100),
    maintenanceWindows: atomicList(maintenanceWindow, 16)
      .describe('When traffic may be switched. Absent: at any time. Rollbacks never wait for a window.')
      .exactOptional(),
    paused: z.boolean().describe('Holds the rollout where it is. Repair, scaling and rollback go on.').default(false),
    revisionHistoryLimit: z
      .int32()
      .min(1)
      .max(50)
      .describe('Old revisions that are kept beside those in use.')
      .default(5),
  }),
  [
    {
      rule: "(self.strategy == 'Canary') == has(self.canary)",
      message: 'canary is needed when strategy is Canary, and allowed only then',
      holds: (self) => (self.strategy === 'Canary') === (self.canary !== undefined),
    },
    {
      rule: 'self.whenCapacityIsShort.all(a, self.whenCapacityIsShort.exists_one(b, a == b))',
      message: 'whenCapacityIsShort may list each way once',
      holds: ({ whenCapacityIsShort: ways }) => new Set(ways).size === ways.length,
    },
    {
      rule: "!('Wait' in self.whenCapacityIsShort) || self.whenCapacityIsShort[self.whenCapacityIsShort.size() - 1] == 'Wait'",
      message: 'Wait must be the last of whenCapacityIsShort: what follows it would never be tried',
      holds: ({ whenCapacityIsShort: ways }) => !ways.includes('Wait') || ways.at(-1) === 'Wait',
    },
    {
      rule: `!has(self.gates) || !has(self.watch) || !has(self.watch.minRequests) || self.gates.all(g, g.metric != 'ErrorRatio' || !has(g.max) || ${whenDecimal(['g.max'], 'double(g.max) * double(self.watch.minRequests) >= 2.999999')})`,
      message: 'watch.minRequests is too small for a gate on ErrorRatio: it needs at least 3 / max requests',
      holds: ({ gates = [], watch: watching }) => {
        const requests = watching?.minRequests;
        return (
          requests === undefined ||
          gates.every(({ metric, max }) => metric !== 'ErrorRatio' || !(decimalValue(max ?? '') * requests < 2.999_999))
        );
      },
    },
    {
      rule: `!has(self.gates) || !has(self.watch) || !has(self.watch.minRequests) || self.watch.minRequests >= ${MIN_QUANTILE_SAMPLES} || self.gates.all(g, !has(g.quantile))`,
      message: `watch.minRequests is too small for a gate on a quantile: it needs at least ${MIN_QUANTILE_SAMPLES} requests`,
      holds: ({ gates = [], watch: watching }) =>
        watching?.minRequests === undefined ||
        watching.minRequests >= MIN_QUANTILE_SAMPLES ||
        gates.every(({ metric }) => !LATENCY_METRICS.includes(metric)),
    },
  ],
);
