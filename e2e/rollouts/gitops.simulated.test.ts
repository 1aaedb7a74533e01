import { describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../../operator/api/index.ts';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { PROGRAMMING_MS, untilPhase } from '../reconcile/rollouts.ts';
import { revisionRule } from '../simulator/index.ts';
import { kubectl, testCluster } from '../support/index.ts';
import { FIRST, SECOND, THIRD } from './ways.ts';

const cluster = testCluster('simulated');
const bench = operatorBench(cluster);

const SYNCS = 10;
const MODES: Readonly<Record<string, readonly string[]>> = {
  'kubectl apply': ['apply', '-f', '-'],
  'kubectl apply --server-side': ['apply', '--server-side', '--field-manager=gitops', '-f', '-'],
};

/** The file in the repository: the spec, and a label that changes with each commit that does not touch it. */
type Manifest = (model: string, commit?: number) => object;

/** Who owns a part of the object's spec. */
async function ownersOfSpec(): Promise<readonly string[]> {
  const { metadata } = await bench().get('chat');
  const fields = (metadata as { readonly managedFields?: readonly ManagedFields[] }).managedFields ?? [];
  return fields.filter(({ fieldsV1 }) => fieldsV1?.['f:spec'] !== undefined).map(({ manager = '' }) => manager);
}
interface ManagedFields {
  readonly manager?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

describe.each(Object.keys(MODES))('%s of the same commit, ten times over', (mode) => {
  const send = (manifest: object): Promise<string> =>
    kubectl(cluster(), 'gitops', MODES[mode] ?? [], { input: JSON.stringify(manifest) });

  /** Waits until the next version has the traffic. */
  async function switched(): Promise<string> {
    await untilPhase(bench(), 'chat', 'Switching');
    bench().advance(PROGRAMMING_MS);
    await untilPhase(bench(), 'chat', 'Watching');
    return (await bench().status('chat')).serving?.revision ?? '';
  }

  /** The same wish again and again is no new attempt at a version that is held; nobody else writes a field of the spec. */
  async function resync(manifest: Manifest, model: string, held: string): Promise<void> {
    const before = await bench().get('chat');
    // Half of them are the same bytes.
    for (let sync = 0; sync < SYNCS; sync++) await send(manifest(model, Math.floor(sync / 2)));
    await bench().rest();
    const after = await bench().get('chat');
    const { rollout, candidate, history } = before.status ?? {};
    expect(rollout?.phase).toBe('Held');
    expect(after.status?.rollout).toEqual(rollout);
    expect(after.status?.candidate).toEqual(candidate);
    expect(candidate?.revision).toBe(held);
    expect(after.status?.history).toEqual(history);
    expect(after.metadata.generation).toBe(before.metadata.generation);
    expect(after.spec).toEqual(before.spec);
    const names = (await bench().deployments('chat')).map(({ metadata }) => metadata.name);
    expect(names).not.toContain(`chat-${held}`);
    const owners = new Set(await ownersOfSpec());
    expect([...owners]).toEqual([mode.includes('server-side') ? 'gitops' : 'kubectl-client-side-apply']);
  }

  it('tries no version again that was taken back by itself, nor one that a person has taken back', async () => {
    const pool = await bench().pool({ accelerator: 'A100-80GB', nodes: 1, gpusPerNode: 2 });
    const manifest: Manifest = (model, commit = 0) => ({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { namespace: bench().namespace, name: 'chat', labels: { commit: `${commit}` } },
      spec: {
        model: { name: model },
        accelerator: pool.accelerator,
        termination: { preStopDelay: '1s', drainDeadline: '5s', rollbackDrain: '5s' },
        replicas: 1,
        rollout: { proof: { warmUpRequests: 1, pairedRequests: 0 } },
      },
    });
    await send(manifest(FIRST));
    await bench().condition('chat', 'Ready', 'True');
    const old = (await bench().status('chat')).serving?.revision ?? '';
    const watch = await bench().watchTraffic('chat');

    await send(manifest(SECOND));
    const bad = await switched();
    await bench().simulator.setRule(revisionRule('chat', bad, { failure: 'crash' }));
    await untilPhase(bench(), 'chat', 'RollingBack', 'Held');
    bench().advance(6_000);
    await untilPhase(bench(), 'chat', 'Held');
    await resync(manifest, SECOND, bad);

    await send(manifest(THIRD));
    const unwanted = await switched();
    await bench().order('chat', 'rollback', old);
    await untilPhase(bench(), 'chat', 'RollingBack', 'Held');
    bench().advance(6_000);
    await untilPhase(bench(), 'chat', 'Held');
    await resync(manifest, THIRD, unwanted);
    expect(watch.switches.map(({ to }) => to)).toEqual([old, bad, old, unwanted, old]);
    await watch.served(old);

    // A commit that takes the version back is one, and the object is as the repository says.
    await send(manifest(FIRST));
    await bench().condition('chat', 'Ready', 'True');
    const { spec } = await bench().client.get(
      DEEPSEEK_DEPLOYMENTS,
      { namespace: bench().namespace, name: 'chat' },
      { signal: bench().signal },
    );
    expect(spec).toMatchObject((manifest(FIRST) as { readonly spec: object }).spec);
  });
});
