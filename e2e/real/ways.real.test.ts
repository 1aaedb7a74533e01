import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditReader, countWrites } from '../../hack/cluster/index.ts';
import { OPERATOR, type WayName, ways } from '../install/ways.ts';
import { scratchFiles } from '../install/scratch.ts';
import { operatorUser, testCluster } from '../support/index.ts';
import { describeLosses, Load } from './load.ts';
import { OPERATOR_NAMESPACE, PATIENCE, SMALL, Stage } from './stage.ts';

const NAMESPACE = 'ways';
/** Served from before the first way until after the last. */
const NAME = 'served';
const LIMIT_MS = 240_000;

/** Helm's is in all other files: they are installed by it. */
const WAYS: readonly WayName[] = ['install.yaml', 'kustomize, the base', 'cdk8s'];

describe('an operator that was installed without Helm', () => {
  const cluster = testCluster('real');
  const stage = new Stage(cluster);
  const scratch = scratchFiles();
  let users: Load;

  /** Waits for further answers through the Service, all of which are whole and right. */
  async function serves(): Promise<void> {
    await users.more(5, AbortSignal.timeout(PATIENCE.timeoutMs));
    expect(describeLosses(users.sofar().losses)).toEqual([]);
  }

  const pods = async () =>
    (await stage.pods(NAMESPACE, `deepseek-operator.io/name=${NAME}`)).map(({ metadata, status }) => ({
      uid: metadata.uid,
      restarts: status.containerStatuses?.map(({ restartCount }) => restartCount),
    }));

  beforeAll(async () => {
    await stage.install();
    await stage.kubectl(['create', 'namespace', NAMESPACE]);
    await stage.declare(NAMESPACE, NAME, { ...SMALL, replicas: 1 });
    await stage.ready(NAMESPACE, NAME);
    const url = await stage.url(NAMESPACE, NAME);
    users = new Load({ url, model: NAME, callers: 1, pooled: 1, streams: 1, streamTokens: 20 });
    await serves();
    await stage.helm('uninstall', OPERATOR.name, '--namespace', OPERATOR_NAMESPACE, '--wait');
    await serves();
  }, LIMIT_MS);

  afterAll(async () => {
    await users.stop();
    await stage.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await stage.kubectl(['delete', 'pods', '-n', NAMESPACE, '--all', '--force', '--grace-period=0']);
    await stage.close();
  }, 60_000);

  it.each(WAYS)(
    'by %s takes over what serves without a write, judges by its webhook, makes a model Ready, and leaves all serving when it goes',
    async (name) => {
      const way = ways(cluster(), NAMESPACE, scratch)[name];
      const before = await pods();
      const reader = new AuditReader(cluster().auditLog, { user: operatorUser(OPERATOR_NAMESPACE) });
      await reader.read();
      await way.apply();
      const deployment = `deployment/${OPERATOR.name}`;
      await stage.kubectl(['rollout', 'status', '-n', OPERATOR_NAMESPACE, deployment, '--timeout=110s']);
      const model = `chat-${WAYS.indexOf(name)}`;
      await stage.refuses(NAMESPACE, model, { ...SMALL, model: { name: 'deepseek-r1' } });
      await stage.declare(NAMESPACE, model, { ...SMALL, replicas: 1 });
      await stage.ready(NAMESPACE, model);
      const written = (await reader.read()).filter((entry) => countWrites([entry]) === 1);
      const writesTo = (prefix: string) => written.filter((entry) => entry.name?.startsWith(prefix) === true);
      expect(writesTo(model).length).toBeGreaterThan(0);
      expect(writesTo(NAME).map(({ verb, uri }) => `${verb} ${uri}`)).toEqual([]);
      await serves();
      await stage.kubectl(['delete', 'dsd', '-n', NAMESPACE, model, '--timeout=60s']);
      await way.remove();
      await serves();
      expect(await pods()).toEqual(before);
    },
    LIMIT_MS,
  );

  it('lets the requests that still run when all is over end whole', async () => {
    const { losses } = await users.stop();
    expect(describeLosses(losses)).toEqual([]);
  });
});
