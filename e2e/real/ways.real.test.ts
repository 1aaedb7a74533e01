import { afterAll, beforeAll, describe, it } from '@jest/globals';
import { OPERATOR, type WayName, ways } from '../install/ways.ts';
import { scratchFiles } from '../install/scratch.ts';
import { testCluster } from '../support/index.ts';
import { OPERATOR_NAMESPACE, SMALL, Stage } from './stage.ts';

const NAMESPACE = 'ways';
const LIMIT_MS = 240_000;

/** Helm's is in all other files: they are installed by it. */
const WAYS: readonly WayName[] = ['install.yaml', 'kustomize, the base', 'cdk8s'];

describe('an operator that was installed without Helm', () => {
  const cluster = testCluster('real');
  const stage = new Stage(cluster);
  const scratch = scratchFiles();

  beforeAll(async () => {
    await stage.install();
    await stage.helm('uninstall', OPERATOR.name, '--namespace', OPERATOR_NAMESPACE, '--wait');
    await stage.kubectl(['create', 'namespace', NAMESPACE]);
  }, LIMIT_MS);

  afterAll(async () => {
    await stage.kubectl(['delete', 'namespace', NAMESPACE, '--wait=false']);
    await stage.kubectl(['delete', 'pods', '-n', NAMESPACE, '--all', '--force', '--grace-period=0']);
    await stage.close();
  }, 60_000);

  it.each(WAYS)(
    'by %s runs as it is, judges by its webhook, and makes a model Ready',
    async (name) => {
      const way = ways(cluster(), NAMESPACE, scratch)[name];
      await way.apply();
      const deployment = `deployment/${OPERATOR.name}`;
      await stage.kubectl(['rollout', 'status', '-n', OPERATOR_NAMESPACE, deployment, '--timeout=110s']);
      const model = `chat-${WAYS.indexOf(name)}`;
      await stage.refuses(NAMESPACE, model, { ...SMALL, model: { name: 'deepseek-r1' } });
      await stage.declare(NAMESPACE, model, { ...SMALL, replicas: 1 });
      await stage.ready(NAMESPACE, model);
      await stage.kubectl(['delete', 'dsd', '-n', NAMESPACE, model, '--timeout=60s']);
      await way.remove();
    },
    LIMIT_MS,
  );
});
