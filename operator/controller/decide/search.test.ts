import { describe, expect, it } from '@jest/globals';
import { SCOPES } from '../testing/scopes.ts';
import { search, type Spoil } from '../testing/search.ts';

/** A few changes deep. `make search` looks at more. */
const STATES = 300;

describe('every state of a DeepSeekDeployment, as far as it was searched', () => {
  it.each(SCOPES.map((scope) => [scope.name, scope] as const))('%s: keeps what is promised, and ends', (_, scope) => {
    const { problem, states, isComplete } = search(scope, STATES);
    expect(problem).toBeUndefined();
    expect(isComplete || states >= STATES).toBe(true);
  });
});

interface Planted {
  readonly name: string;
  readonly scope: string;
  readonly spoil: Spoil;
  readonly found: RegExp;
}

const ORDERS = 'versions and orders';
const PLANTED: readonly Planted[] = [
  {
    name: 'the Service goes to the candidate as soon as there is one',
    scope: ORDERS,
    spoil: (world, { rollout: { candidate, phase } }) => {
      if (phase !== 'Loading') return;
      world.tamper('Service', 'chat', (object) => {
        (object as unknown as { spec: { selector: Record<string, string> } }).spec.selector[
          'deepseek-operator.io/revision'
        ] = candidate ?? '';
      });
    },
    found: /the traffic moves from \w+, which is ready, to \w+, which is not/,
  },
  {
    name: 'the active Service selects pods of every revision',
    scope: ORDERS,
    spoil: (world, { rollout: { phase } }) => {
      if (phase !== 'Watching') return;
      world.tamper('Service', 'chat', (object) => {
        (object as unknown as { spec: { selector: object } }).spec.selector = { 'deepseek-operator.io/name': 'chat' };
      });
    },
    found: /the active Service selects no revision any more/,
  },
  {
    name: 'the template of a revision is rendered again',
    scope: ORDERS,
    spoil: (world, { rollout: { serving, phase } }) => {
      if (phase !== 'Loading') return;
      world.tamper('Deployment', `chat-${serving ?? ''}`, (object) => {
        (object as unknown as { spec: { template: Record<string, unknown> } }).spec.template['rendered'] = 'again';
      });
    },
    found: /the template in Deployment\/chat-\w+ has changed/,
  },
  {
    name: 'the version that serves is cleaned up',
    scope: ORDERS,
    spoil: (world, { rollout: { serving, phase } }) => {
      if (phase === 'Loading') world.objects.delete(`Deployment/chat-${serving ?? ''}`);
    },
    found: /the Deployment of \w+ is deleted, which serves/,
  },
  {
    name: 'the version that serves is scaled away',
    scope: ORDERS,
    spoil: (world, { rollout: { serving, phase } }) => {
      if (phase !== 'Loading') return;
      world.tamper('Deployment', `chat-${serving ?? ''}`, (object) => {
        (object as unknown as { spec: { replicas: number } }).spec.replicas = 0;
      });
    },
    found: /what serves \(\w+\) is sized to 0/,
  },
  {
    name: 'the status counts pods that load as ready',
    scope: 'pods that vanish and fail',
    spoil: (world) => {
      const { status } = world.deployment;
      world.deployment = { ...world.deployment, status: { ...status, readyReplicas: 2 } };
    },
    found: /2 ready replicas are said to be, of 0/,
  },
  {
    name: 'Ready is said of a version that has gone',
    scope: 'pods that vanish and fail',
    spoil: (world) => {
      const { status = {} } = world.deployment;
      if ((status.readyReplicas ?? 0) > 0) return;
      const conditions = (status.conditions ?? []).map((one) =>
        one.type === 'Ready' ? { ...one, status: 'True' as const, lastTransitionTime: '2026-01-01T00:00:00Z' } : one,
      );
      world.deployment = { ...world.deployment, status: { ...status, conditions } };
    },
    found: /Ready, with \d ready replicas|Ready and Stalled/,
  },
  {
    name: 'a status is of a spec before',
    scope: ORDERS,
    spoil: (world) => {
      world.deployment = { ...world.deployment, status: { ...world.deployment.status, observedGeneration: 1 } };
    },
    found: /generation 1 is observed of 2/,
  },
  {
    name: 'an order is forgotten',
    scope: ORDERS,
    spoil: (world) => {
      const { handledOrder: _, ...status } = world.deployment.status ?? {};
      world.deployment = { ...world.deployment, status };
    },
    found: /tells of nothing: rollback: /,
  },
  {
    name: 'each pass writes the status',
    scope: ORDERS,
    spoil: (world) => {
      const { status } = world.deployment;
      const rollout = { ...status?.rollout, message: `as of ${world.now}` };
      world.deployment = { ...world.deployment, status: { ...status, rollout } as NonNullable<typeof status> };
    },
    found: /no rest after/,
  },
  {
    name: 'a change of its own that is called foreign',
    scope: ORDERS,
    spoil: (world, { rollout: { candidate, phase } }) => {
      const name = `chat-${candidate ?? ''}`;
      if (phase !== 'Loading' || !world.objects.has(`Deployment/${name}`)) return;
      world.tamper('Deployment', name, (object) => {
        (object as unknown as { spec: { minReadySeconds: number } }).spec.minReadySeconds = 99;
      });
    },
    found: /calls foreign what is its own: Deployment chat-\w+ was changed/,
  },
  {
    name: 'a rollout pauses itself',
    scope: ORDERS,
    spoil: (world, { rollout: { phase } }) => {
      const { spec } = world.deployment;
      if (phase !== 'Watching' || spec.rollout?.paused === true) return;
      const rollout = { ...spec.rollout, paused: true } as NonNullable<typeof spec.rollout>;
      world.deployment = { ...world.deployment, spec: { ...spec, rollout } };
    },
    found: /does not end: Watching/,
  },
];

describe('the search finds', () => {
  it.each(PLANTED.map((bug) => [bug.name, bug] as const))('%s', (_, { scope: name, spoil, found }) => {
    const scope = SCOPES.find((one) => one.name === name);
    if (scope === undefined) throw new Error(`no scope ${name}`);
    expect(search(scope, STATES, spoil).problem?.message).toMatch(found);
  });
});
