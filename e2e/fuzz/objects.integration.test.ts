import { afterEach, beforeEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { API_VERSION, isReason, KIND, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { HOSTILE_TEXTS } from '../../operator/api/testing/hostile.ts';
import { TEMPERS } from '../../operator/api/testing/specs.ts';
import { arrivals, HEALTHY, LEAST_TAKEN } from '../../operator/controller/testing/fuzz.ts';
import { PROGRAM } from '../../operator/controller/testing/lives.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import type { LiveDeepSeekDeployment } from '../../operator/controller/snapshot.ts';
import { collection, errorsOf, Server } from '../api/server.ts';
import { eventually, testCluster, testNamespace } from '../support/index.ts';
import { FuzzStage, PATIENCE } from './stage.ts';

const OBJECTS = Number(process.env['FUZZ_OBJECTS'] ?? 510);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
/** Of all objects so much is taken by the API server, at least. */
const LEAST_IN_ALL = 0.6;
const QUIET_MS = 3_000;
/** Requests of the operator for one object that came, was refused or not, and was corrected. */
const MAX_REQUESTS = 60;

const cluster = testCluster('control-plane');
const namespace = testNamespace(cluster);
let stage: FuzzStage;
let server: Server;
beforeEach(async () => {
  stage = await FuzzStage.open(cluster(), namespace());
  server = await Server.of(cluster());
}, 120_000);
afterEach(async () => {
  await stage.close();
  await server.close();
}, 60_000);

/** Of an object that the API server has refused: the words, if they name no field. */
const NAMES_A_FIELD =
  /^(spec|metadata|\.spec)\b|: (spec|metadata)[.[]|strict decoding|unmarshal|json: |Request entity too large|request is too large/;

const conditionOf = ({ status }: LiveDeepSeekDeployment, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

/** The API server drops a null where there may be none. */
const withoutNulls = (object: object): unknown =>
  JSON.parse(JSON.stringify(object), (_, value: unknown) => value ?? undefined);

/** Whether the operator has looked at the object as it is. */
const isSeen = ({ metadata, status }: LiveDeepSeekDeployment) => status?.observedGeneration === metadata.generation;

const saysNothing = (message: string, spec: object): boolean => {
  const words = PROGRAM.exec(message)?.[0];
  return words !== undefined && !JSON.stringify(spec).includes(words);
};

/** Versions of which there is a part. */
function halves(owned: ReadonlySet<string>): string[] {
  const revisions = new Set([...owned].map((child) => child.split('/')[1] ?? '').filter((revision) => revision !== ''));
  return [...revisions].flatMap((revision) => {
    const has = ['Deployment', 'Service'].filter((kind) => owned.has(`${kind}/${revision}`));
    const isWhole = has.length === 2 && owned.has(`ControllerRevision/${revision}`);
    return has.length === 0 || isWhole ? [] : [`${revision} has only ${has.join(', ')}`];
  });
}

it(`answers whatever objects come, and a correction heals each (${OBJECTS} objects, seed ${SEED})`, async () => {
  const each = Math.ceil(OBJECTS / TEMPERS.length);
  const specs = TEMPERS.flatMap((temper) => fc.sample(arrivals(temper), { numRuns: each, seed: SEED }));
  const named = HOSTILE_TEXTS.map((name) => ({ name, spec: HEALTHY, annotations: {} }));
  const wishes = [
    ...specs.map(({ spec, annotations = {} }, index) => ({ name: `f-${index}`, spec, annotations })),
    ...named,
  ];
  const created = new Set<string>();
  const wrong: unknown[] = [];
  const refusals = new Map<string, string>();
  const waiting = wishes.values();
  const create = async ({ name, spec, annotations }: (typeof wishes)[number]) => {
    const object = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, namespace: namespace(), annotations },
      spec,
    };
    const answer = await server.send('POST', `${collection(namespace())}?fieldValidation=Ignore`, object);
    const accepted = answer.status === 201;
    if (accepted) created.add(name);
    else refusals.set(name, errorsOf(answer).join('; '));
    const errors = accepted ? [] : errorsOf(answer);
    if (!accepted && (answer.status >= 500 || !errors.every((error) => NAMES_A_FIELD.test(error))))
      wrong.push({ name, status: answer.status, errors });
    const parsed = parseDeepSeekDeployment(withoutNulls(object));
    if (parsed.ok !== accepted)
      wrong.push({ name, spec: JSON.stringify(spec).slice(0, 2_000), errors, parsed: parsed.ok || parsed.message });
    if (!accepted) return;
    // As the webhook would have said.
    const live = answer.body as unknown as LiveDeepSeekDeployment;
    const { refusal } = await stage.manager.judge.judge(live, stage.signal);
    if (refusal !== undefined) refusals.set(name, refusal.reason);
  };
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const wish of waiting) await create(wish);
    }),
  );
  // Were nearly all refused, nothing of what follows would say anything.
  const taken = TEMPERS.map((temper, index) => {
    const names = Array.from({ length: each }, (_, number) => `f-${index * each + number}`);
    return { temper, taken: names.filter((name) => created.has(name)).length };
  });
  expect(taken.filter(({ temper, taken: count }) => count < LEAST_TAKEN[temper] * each)).toEqual([]);
  expect(created.size).toBeGreaterThanOrEqual(LEAST_IN_ALL * OBJECTS);
  const reasons = new Map<string, number>();
  const judged = await eventually(async () => {
    const objects = await stage.objects();
    const unseen = objects.filter((object) => !isSeen(object) || conditionOf(object, 'Ready') === undefined);
    if (unseen.length > 0)
      throw new Error(`${unseen.length} have no answer: ${JSON.stringify(unseen[0]).slice(0, 3_000)}`);
    return objects;
  }, PATIENCE);
  for (const object of judged) {
    const { name } = object.metadata;
    const { reason = '', message = '' } = conditionOf(object, 'Ready') ?? {};
    const stalled = conditionOf(object, 'Stalled')?.status === 'True';
    const key = `${reason}${stalled ? ' (stalled)' : ''}`;
    reasons.set(key, (reasons.get(key) ?? 0) + 1);
    if (!isReason(reason) || message === '' || saysNothing(message, object.spec)) wrong.push({ name, reason, message });
    const refused = refusals.get(name);
    if (refused !== undefined && refused !== reason) wrong.push({ name, webhook: refused, reason });
  }
  const before = await stage.children();
  for (const [owner, owned] of before) for (const half of halves(owned)) wrong.push({ owner, half });
  console.log(
    JSON.stringify({
      created: created.size,
      taken: Object.fromEntries(taken.map(({ temper, taken: count }) => [temper, `${count} of ${each}`])),
      refused: wishes.length - created.size,
      reasons: Object.fromEntries(reasons),
    }),
  );
  expect(wrong).toEqual([]);

  const patch = [
    { op: 'replace', path: '/spec', value: HEALTHY },
    { op: 'replace', path: '/metadata/annotations', value: {} },
  ];
  const correct = created.values();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (const name of correct)
        await stage.client.patch(DEEPSEEK_DEPLOYMENTS, { namespace: namespace(), name }, patch, {
          type: 'json',
          signal: stage.signal,
        });
    }),
  );
  await eventually(async () => {
    const sick = (await stage.objects()).filter(
      (object) =>
        !isSeen(object) ||
        conditionOf(object, 'PlanAccepted')?.status !== 'True' ||
        conditionOf(object, 'Stalled')?.status !== 'False' ||
        object.status?.candidate === undefined,
    );
    if (sick.length > 0)
      throw new Error(`${sick.length} do not heal: ${JSON.stringify(sick.slice(0, 2)).slice(0, 3_000)}`);
  }, PATIENCE);

  let count = -1;
  let since = performance.now();
  await eventually(async () => {
    const now = (await stage.requests()).length;
    if (now !== count) [count, since] = [now, performance.now()];
    if (performance.now() - since < QUIET_MS) throw new Error(`${now} requests, the last a moment ago`);
  }, PATIENCE);
  const after = await stage.children();
  for (const [owner, owned] of after) {
    for (const half of halves(owned)) wrong.push({ owner, half });
    const deployments = [...owned].filter((child) => child.startsWith('Deployment/'));
    if (deployments.length !== 1) wrong.push({ owner, deployments });
  }
  expect(wrong).toEqual([]);
  expect(after.size).toBe(created.size);

  const requests = await stage.requests();
  const perObject = new Map<string, number>();
  for (const { name = '' } of requests) {
    const owner = /^f-\d+/.exec(name)?.[0] ?? name;
    perObject.set(owner, (perObject.get(owner) ?? 0) + 1);
  }
  console.log(
    `${requests.length} requests, at most ${Math.max(...[...created].map((name) => perObject.get(name) ?? 0))} for one object`,
  );
  expect([...perObject].filter(([name, times]) => created.has(name) && times > MAX_REQUESTS)).toEqual([]);
  expect(stage.log.filter(({ message }) => message === 'the pass failed and is repeated')).toEqual([]);
}, 580_000);
