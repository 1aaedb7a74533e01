import { beforeAll, describe, expect, it, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { issue } from './issue.ts';
import {
  CLOCK_SKEW_MS,
  dueStep,
  flawOf,
  LIFETIMES,
  type Material,
  nextDueAt,
  renewAt,
  type Surroundings,
  trustBundle,
  validity,
} from './material.ts';

const START = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;
const DNS_NAMES = ['webhook.deepseek-system.svc', 'webhook.deepseek-system.svc.cluster.local'];
const at = (now: number, isNextTrusted = false): Surroundings => ({
  ...{ now, isNextTrusted },
  dnsNames: DNS_NAMES,
  lifetimes: LIFETIMES,
});

/** Why a client that trusts `bundle` would not talk to a server with this certificate; undefined: it would. */
function refusalOf(certificate: string, bundle: string, now: number): string | undefined {
  const served = new X509Certificate(certificate);
  const roots = bundle.match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g) ?? [];
  const root = roots.map((pem) => new X509Certificate(pem)).find((one) => served.checkIssued(one));
  if (root === undefined || !served.verify(root.publicKey)) return 'nobody that is trusted has signed it';
  if (!root.ca) return 'it is signed by no authority';
  for (const { validFromDate, validToDate, subject } of [served, root]) {
    if (now < validFromDate.getTime()) return `${subject} is not valid yet`;
    if (now >= validToDate.getTime()) return `${subject} is not valid any more`;
  }
  return DNS_NAMES.every((name) => served.checkHost(name) === name) ? undefined : 'it is of another host';
}

describe('the first material', () => {
  let material: Material;
  beforeAll(async () => {
    material = await issue('IssueAll', undefined, at(START));
  });

  it('is trusted by who trusts its authority, also with a clock that is behind', () => {
    for (const now of [START, START - CLOCK_SKEW_MS, START + LIFETIMES.servingMs - 1])
      expect(refusalOf(material.serving.certificate, trustBundle(material), now)).toBeUndefined();
    expect(flawOf(material)).toBeUndefined();
  });

  it('cannot sign for others with what it serves', () => {
    expect(new X509Certificate(material.serving.certificate).ca).toBe(false);
  });

  test.each<[string, (material: Material) => Material, string]>([
    [
      'a key of another',
      (one) => ({ ...one, serving: { ...one.serving, key: one.ca.key } }),
      'the key does not belong',
    ],
    ['no certificate', (one) => ({ ...one, ca: { ...one.ca, certificate: 'x' } }), ''],
  ])('with %s has a flaw', (_, change, flaw) => {
    expect(flawOf(change(material))).toContain(flaw);
    expect(flawOf(change(material))).toBeDefined();
  });

  it('of another authority has a flaw', async () => {
    const { ca } = await issue('IssueAll', undefined, at(START));
    expect(flawOf({ ...material, ca })).toBe('no authority has signed what is served');
  });

  test.each<[string, number, string | undefined]>([
    ['at once', 0, undefined],
    ['after 50 days', 50 * DAY_MS, undefined],
    ['after 60 days', 60 * DAY_MS, 'IssueServing'],
    ['when the authority has expired', LIFETIMES.caMs, 'IssueAll'],
    ['where the clock was behind by as much as is allowed for', -CLOCK_SKEW_MS, undefined],
    ['where it was made by a clock that was days ahead', -3 * DAY_MS, 'IssueAll'],
  ])('%s (%d ms) needs %s', (_, age, step) => {
    expect(dueStep(material, at(START + age))).toBe(step);
  });

  it('needs another certificate where this one was made by a clock that was ahead', async () => {
    const { serving } = await issue('IssueServing', material, at(START + 3 * DAY_MS));
    expect(dueStep({ ...material, serving }, at(START))).toBe('IssueServing');
  });

  it('needs another certificate where the Service has another name', () => {
    expect(dueStep(material, { ...at(START), dnsNames: ['other.deepseek-system.svc'] })).toBe('IssueServing');
  });

  it('knows when something will be due', () => {
    const due = nextDueAt(material, at(START));
    expect(due).toBe(renewAt(material.serving.certificate));
    expect(dueStep(material, at(due - 1000))).toBeUndefined();
    expect(dueStep(material, at(due))).toBe('IssueServing');
  });
});

describe('the next authority', () => {
  it('signs nothing before it is trusted, and for a day after that it was made', async () => {
    const first = await issue('IssueAll', undefined, at(START));
    const now = renewAt(first.ca.certificate) + 1;
    const renewed = await issue('IssueServing', first, at(now));
    const both = await issue('AddCa', renewed, at(now));
    expect(dueStep(both, at(now + 30 * DAY_MS, false))).toBeUndefined();
    expect(dueStep(both, at(now + DAY_MS - 1000, true))).toBeUndefined();
    expect(dueStep(both, at(now + DAY_MS, true))).toBe('SwitchCa');
    const switched = await issue('SwitchCa', both, at(now + DAY_MS));
    expect(switched.ca).toEqual(both.nextCa);
    expect(switched.formerCa).toBe(both.ca.certificate);
    expect(dueStep(switched, at(validity(both.ca.certificate).notAfter))).toBe('IssueServing');
  });
});

it('for a year every replica is trusted at any time, though it learns of changes hours after the others', async () => {
  // A sixth of the real lives: so many changes as in six years.
  const lifetimes = { caMs: 120 * DAY_MS, servingMs: 15 * DAY_MS, overlapMs: DAY_MS };
  const STEP_MS = 8 * 3_600_000;
  let stored = await issue('IssueAll', undefined, { ...at(START), lifetimes });
  /** What the configuration said, the latest last. */
  const told = [trustBundle(stored)];
  const replicas = [0, 1, 3].map((stepsLate) => ({ stepsLate, material: stored, lookAt: START }));
  const steps = new Map<string, number>();
  const refusals: string[] = [];
  for (let now = START; now < START + 365 * DAY_MS; now += STEP_MS) {
    for (const replica of replicas) {
      // What this one has been told: the one is a day behind.
      const seen = told.at(-1 - replica.stepsLate) ?? '';
      if (now >= replica.lookAt || trustBundle(replica.material) !== seen) {
        const around = () => ({
          ...at(now, stored.nextCa !== undefined && seen.includes(stored.nextCa.certificate)),
          lifetimes,
        });
        for (let step = dueStep(stored, around()); step !== undefined; step = dueStep(stored, around())) {
          stored = await issue(step, stored, around());
          steps.set(step, (steps.get(step) ?? 0) + 1);
        }
        replica.material = stored;
        replica.lookAt = nextDueAt(stored, around());
      }
      // The API server knows what was written before, and not what has just been written.
      const refusal = refusalOf(replica.material.serving.certificate, told.at(-1) ?? '', now);
      if (refusal !== undefined)
        refusals.push(`${new Date(now).toISOString()}, ${replica.stepsLate} steps late: ${refusal}`);
    }
    told.push(trustBundle(stored));
  }
  expect(refusals).toEqual([]);
  expect(Object.fromEntries(steps)).toMatchObject({ AddCa: 4, SwitchCa: 4, DropFormerCa: 4 });
  expect(steps.get('IssueServing')).toBeGreaterThan(20);
  expect(steps.get('IssueAll')).toBeUndefined();
}, 30_000);
