import { describe, expect, it } from '@jest/globals';
import { ANNOTATION } from '../../api/index.ts';
import { SCOPES } from '../testing/scopes.ts';
import { type Bug, search } from '../testing/search.ts';
import { TRANSITIONS } from '../../rollout/machine/testing/search.ts';
import type { Snapshot } from '../snapshot.ts';

/** A few changes deep: enough for every pair of phases. `make search` looks at more. */
const STATES = 200;

describe('every state of a DeepSeekDeployment, as far as it was searched', () => {
  const seen = new Set<string>();
  const counts = { states: 0, transitions: 0 };

  it.each(SCOPES.map((scope) => [scope.name, scope] as const))('%s: keeps what is promised, and ends', (_, scope) => {
    const { problem, states, transitions, isComplete, pairs } = search(scope, STATES);
    for (const pair of pairs) seen.add(pair);
    counts.states += states;
    counts.transitions += transitions;
    expect(problem).toBeUndefined();
    expect(isComplete || states >= STATES).toBe(true);
  });

  it('goes from each phase to each that the table leads to', () => {
    const pairs = new Set(TRANSITIONS.map(({ pair }) => pair));
    expect([...pairs].filter((pair) => !seen.has(pair))).toEqual([]);
    console.log(
      `decide: ${counts.states} states, ${counts.transitions} transitions, all ${pairs.size} pairs of phases`,
    );
  });
});

interface Planted extends Bug {
  readonly name: string;
  readonly scope: string;
  readonly found: RegExp;
}

const ORDERS = 'versions and orders';
const PROMOTED = 'a candidate that somebody has to promote, in windows';

/** An operator that takes rollout settings for others. */
const withRollout =
  (rollout: object): NonNullable<Bug['misread']> =>
  (snapshot) => {
    const { spec } = snapshot.deployment;
    return {
      ...snapshot,
      deployment: { ...snapshot.deployment, spec: { ...spec, rollout: { ...spec.rollout, ...rollout } } },
    } as Snapshot;
  };
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
  {
    name: 'the traffic moves without a proof',
    scope: ORDERS,
    misread: withRollout({ proof: { warmUpRequests: 0, pairedRequests: 0 } }),
    found: /the traffic moves to \w+ without a proof/,
  },
  {
    name: 'a proof is taken to have passed before it has ended',
    scope: 'a third version that is proven, while the second has yet to show that it serves',
    misread: (snapshot) => ({
      ...snapshot,
      observations: {
        ...snapshot.observations,
        proofs: { get: () => ({ pods: [{ pod: 'pod', ok: true }], smokeTests: [], pairs: [] }) } as never,
      },
    }),
    found: /\w+ is remembered as proven, and its proof has not ended/,
  },
  {
    name: 'a canary gets its share without a proof',
    scope: 'a canary behind a gateway',
    misread: withRollout({ proof: { warmUpRequests: 0, pairedRequests: 0 } }),
    found: /10 % of the traffic goes to \w+ without a proof/,
  },
  {
    name: 'routes that may not be read are taken for none',
    scope: 'a version behind a gateway that is taken back, and routes that cannot be seen',
    misread: (snapshot) => (snapshot.route ? { ...snapshot, route: { ...snapshot.route, missing: true } } : snapshot),
    found: /the gateway sends 100 % of the requests to chat-\w+, and its pods go/,
  },
  {
    name: 'the pods of a canary whose route may not be read are given back',
    scope: 'a step of a canary, and routes that cannot be seen',
    misread: (snapshot) => (snapshot.route ? { ...snapshot, route: { ...snapshot.route, missing: true } } : snapshot),
    found: /the gateway sends 10 % of the requests to chat-\w+, and its pods go/,
  },
  {
    name: 'a version that was taken back is tried again at once',
    scope: 'a third version that is held',
    misread: (snapshot) => ({
      ...snapshot,
      revisions: snapshot.revisions.map(({ failed: _, held: __, ...revision }) => revision),
    }),
    found: /\w+, which was taken back, is tried again|is forgiven, and is what is asked for/,
  },
  {
    name: 'the traffic moves in a pause',
    scope: PROMOTED,
    misread: withRollout({ paused: false }),
    found: /the traffic moves to \w+, and it is paused/,
  },
  {
    name: 'the traffic moves outside of the windows',
    scope: PROMOTED,
    misread: withRollout({ maintenanceWindows: [] }),
    found: /the traffic moves to \w+, and no window is open/,
  },
  {
    name: 'the traffic moves without a promotion',
    scope: PROMOTED,
    misread: withRollout({ promotion: 'Automatic' }),
    found: /the traffic moves to \w+, and nobody has promoted it/,
  },
  {
    name: 'an order for another object of this name is carried out',
    scope: 'orders for others',
    misread(snapshot) {
      const { metadata, status } = snapshot.deployment;
      if (status?.candidate === undefined) return snapshot;
      const { [ANNOTATION.order]: order = '', ...annotations } = metadata.annotations ?? {};
      const taken = { ...annotations, [ANNOTATION.order]: order.replace('uid-before', metadata.uid) };
      return { ...snapshot, deployment: { ...snapshot.deployment, metadata: { ...metadata, annotations: taken } } };
    },
    found: /Order\w+, and the order is for uid-before|a restart begins, and nobody has ordered it/,
  },
  {
    name: 'a candidate takes more GPUs than are promised',
    scope: ORDERS,
    spoil: (world, { rollout: { candidate, phase } }) => {
      const name = `chat-${candidate ?? ''}`;
      if (phase !== 'Loading' || !world.objects.has(`Deployment/${name}`)) return;
      world.tamper('Deployment', name, (object) => {
        (object as unknown as { spec: { replicas: number } }).spec.replicas = 3;
      });
    },
    found: /\w+ has 3 replicas, and 2 are wanted/,
  },
  {
    name: 'a Recreate stops the old version before the status says so',
    scope: 'recreate, by hand',
    spoil: (world, { rollout: { serving, memory } }) => {
      if (memory.way !== 'Recreate' || memory.phase === 'Idle') return;
      world.tamper('Deployment', `chat-${serving ?? ''}`, (object) => {
        (object as unknown as { spec: { replicas: number } }).spec.replicas = 0;
      });
    },
    found: /Recreate: \w+ stops before the status says so/,
  },
];

describe('the search finds', () => {
  it.each(PLANTED.map((bug) => [bug.name, bug] as const))('%s', (_, { scope: name, found, ...bug }) => {
    const scope = SCOPES.find((one) => one.name === name);
    if (scope === undefined) throw new Error(`no scope ${name}`);
    expect(search(scope, STATES, bug).problem?.message).toMatch(found);
  });
});
