import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { parse } from 'yaml';
import { GROUP, parseDeepSeekDeployment, PLURAL, VERSION } from '../../operator/api/index.ts';
import { badObjects } from '../../operator/api/fixtures/bad/index.ts';
import { fullStatus, goodSpecs } from '../../operator/api/fixtures/good.ts';
import { mergePatch, smallest } from '../../operator/api/fixtures/objects.ts';
import { testCluster, testNamespace } from '../support/index.ts';
import { largestSpec } from './largest.ts';
import { mutants } from './mutants.ts';
import { collection, errorsOf, Server } from './server.ts';

const root = new URL('../../', import.meta.url);
const yaml = async (path: string): Promise<unknown> => parse(await readFile(new URL(path, root), 'utf8'));
const samples = (await readdir(new URL('manifests/samples/', root))).filter((name) => name.endsWith('.yaml'));

describe('DeepSeekDeployment on a real API server', () => {
  const cluster = testCluster('control-plane');
  let server: Server;

  beforeAll(async () => {
    server = await Server.of(cluster());
    await server.install((await yaml(`crds/${PLURAL}.yaml`)) as { metadata: { name: string } }, 'default');
  });
  afterAll(() => server.close());

  /** Dry runs leave nothing behind, so they need no namespace of their own. */
  const dryRun = (object: unknown) => server.dryRun(object, 'default');
  const withSpec = (spec: unknown, metadata: object = {}) => mergePatch({ ...smallest, spec }, { metadata });

  describe('the CustomResourceDefinition', () => {
    it('is accepted with its rules, and structural', async () => {
      const { body } = await server.send(
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${PLURAL}.${GROUP}`,
      );
      const { conditions } = body['status'] as { conditions: { type: string; status: string }[] };
      const states = Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
      expect(states).toEqual({ NamesAccepted: 'True', Established: 'True' });
    });

    it('is found as dsd and in category ai, and not in all', async () => {
      const { body } = await server.send('GET', `/apis/${GROUP}/${VERSION}`);
      const [resource] = (body['resources'] as { name: string }[]).filter(({ name }) => name === PLURAL);
      expect(resource).toMatchObject({ shortNames: ['dsd'], categories: ['ai'], namespaced: true });
    });

    it('prints what serves, what is next and why', async () => {
      const { body } = await server.send(
        'GET',
        collection('default'),
        undefined,
        'application/json;as=Table;v=v1;g=meta.k8s.io',
      );
      const columns = body['columnDefinitions'] as { name: string; priority: number }[];
      expect(columns.filter(({ priority }) => priority === 0).map(({ name }) => name)).toEqual([
        'Name',
        'Serving',
        'Ready',
        'Desired',
        'Next',
        'Phase',
        'Reason',
        'Age',
      ]);
    });
  });

  describe('refuses, in these words,', () => {
    test.each(badObjects)('$title', async ({ patch, errors }) => {
      const answer = await dryRun(mergePatch(smallest, patch));
      expect(answer.status).toBeGreaterThanOrEqual(400);
      // In no order: the server keeps the errors of a rule in a map.
      expect(errorsOf(answer).sort()).toEqual([...errors].sort());
    });

    it('an object of 4 MB', async () => {
      const answer = await dryRun(withSpec(smallest.spec, { annotations: { a: 'x'.repeat(4 * 1024 * 1024) } }));
      expect(answer.status).toBeGreaterThanOrEqual(400);
    });
  });

  describe('accepts and keeps whole', () => {
    test.each(Object.entries(goodSpecs))('%s', async (_, spec) => {
      const object = withSpec(spec);
      const { status, body } = await dryRun(object);
      expect([status, body['message']]).toEqual([201, undefined]);

      // The API server fills in the same defaults as the operator.
      const parsed = parseDeepSeekDeployment(object);
      expect(parsed).toMatchObject({ ok: true, value: { spec: body['spec'] } });
      expect(body['spec']).toEqual(parsed.ok && parsed.value.spec);
    });

    test.each(samples)('manifests/samples/%s', async (name) => {
      const { status, body } = await dryRun(await yaml(`manifests/samples/${name}`));
      expect([status, body['message']]).toEqual([201, undefined]);
    });

    it('the largest lists that there may be: the rules stay within their budget', async () => {
      const { status, body } = await dryRun(withSpec(largestSpec));
      expect([status, body['message']]).toEqual([201, undefined]);
    });
  });

  it('judges as the operator does, whatever is put where', async () => {
    const wrong: unknown[] = [];
    const verdicts = { accepted: 0, refused: 0 };
    const compare = async (spec: unknown): Promise<void> => {
      const object = withSpec(spec);
      const answer = await dryRun(object);
      const parsed = parseDeepSeekDeployment(object, { unknownFields: 'refuse' });
      const accepted = answer.status === 201;
      verdicts[accepted ? 'accepted' : 'refused'] += 1;
      if (accepted !== parsed.ok) wrong.push({ spec, server: errorsOf(answer), operator: parsed });
    };
    const waiting = mutants().values();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const spec of waiting) await compare(spec);
      }),
    );

    expect(wrong).toEqual([]);
    // Otherwise the specs say nothing.
    expect(Math.min(verdicts.accepted, verdicts.refused)).toBeGreaterThan(300);
  });

  describe('status and scale', () => {
    const namespace = testNamespace(cluster);
    const path = (subresource = '') => `${collection(namespace())}/chat${subresource}`;
    const create = (fields: object = {}) =>
      server.send(
        'POST',
        collection(namespace()),
        withSpec({ ...smallest.spec, ...fields }, { namespace: namespace() }),
      );

    it('marks a new object as not seen, so that kstatus waits for it', async () => {
      expect((await create()).body['status']).toEqual({ observedGeneration: -1 });
    });

    it('keeps a full status whole', async () => {
      const { body } = await create();
      const answer = await server.send('PUT', `${path('/status')}?fieldValidation=Strict`, {
        ...body,
        status: fullStatus,
      });
      expect([answer.status, answer.body['message']]).toEqual([200, undefined]);
      expect(answer.body['status']).toEqual(fullStatus);
    });

    it('keeps replicas absent, and takes them through scale', async () => {
      const { body } = await create();
      expect(body['spec']).not.toHaveProperty('replicas');
      const scaled = await server.send(
        'PATCH',
        path('/scale'),
        { spec: { replicas: 3 } },
        'application/merge-patch+json',
      );
      expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
      expect((await server.send('GET', path())).body).toMatchObject({ spec: { replicas: 3 } });
    });

    it('tells an autoscaler the pods of the serving revision', async () => {
      const { body } = await create({ replicas: 2 });
      await server.send('PUT', path('/status'), { ...body, status: fullStatus });
      const { replicas, selector } = fullStatus;
      expect((await server.send('GET', path('/scale'))).body['status']).toEqual({ replicas, selector });
    });
  });
});
