import { beforeEach, describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { DEEPSEEK_DEPLOYMENTS } from '../../operator/controller/resources.ts';
import { isInvalid, isPatchMisfit } from '../../operator/kube/errors.ts';
import { resources } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import { eventually, testCluster } from '../support/index.ts';
import { PATIENCE, webhookStage } from './stage.ts';

const cluster = testCluster('control-plane', {});
const stage = webhookStage(cluster);
const FILE = new URL('../../manifests/policies/limits.yaml', import.meta.url);
const NAME = 'limits.deepseek-operator.io';
const PREFIX = `ValidatingAdmissionPolicy '${NAME}' with binding '${NAME}' denied request: `;

const SPEC = { model: { name: 'deepseek-r1-distill-qwen-7b' }, accelerator: { type: 'L4', count: 1 } };
const on = (accelerator: object, more: object = {}) => ({ ...SPEC, accelerator, ...more });
const source = (reference: string) => ({ model: { ...SPEC.model, source: { image: { reference } } } });
const volumes = (reference: string) => ({ podTemplate: { volumes: [{ name: 'tools', image: { reference } }] } });

/** The policy as it is shipped, for this test's namespace alone and no other's. */
beforeEach(async () => {
  const { namespace } = stage();
  const documents = parseAllDocuments(await readFile(FILE, 'utf8')).map((one) => one.toJS() as KubeObject);
  const [policy, binding] = documents as [KubeObject, KubeObject & { spec: object }];
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
  const all = [policy, { ...binding, spec: { ...binding.spec, matchResources } }];
  const made = [`validatingadmissionpolicybinding/${NAME}`, `validatingadmissionpolicy/${NAME}`];
  stage().defer(() => stage().kubectl(['delete', ...made]));
  for (const object of all) expect(await stage().kubectl(['apply', '-f', '-'], object)).toMatchObject({ code: 0 });
  await eventually(async () => {
    const { complaint } = await create(on({ type: 'H200', count: 1 }));
    if (!complaint.includes(`${PREFIX}accelerators`)) throw new Error(`not in force yet: ${complaint}`);
  }, PATIENCE);
}, 60_000);
const create = (spec: object) =>
  stage().kubectl(['create', '--dry-run=server', '-f', '-'], stage().model('chat', spec));

/** The words of a refusal; undefined: it is admitted. */
async function refusal(spec: object): Promise<string | undefined> {
  const { code, complaint } = await create(spec);
  if (code === 0) return undefined;
  const [, words] = complaint.trim().split(PREFIX);
  return words ?? complaint;
}

async function annotate(annotations: object): Promise<void> {
  const { admin, namespace, signal } = stage();
  await admin.patch(
    resources.namespaces,
    { name: namespace },
    { metadata: { annotations } },
    { type: 'merge', signal },
  );
}

describe('the policy', () => {
  it('is applied twice without a change', async () => {
    const [policy] = parseAllDocuments(await readFile(FILE, 'utf8'));
    const { out } = await stage().kubectl(['apply', '-f', '-'], policy?.toJS() as object);
    expect(out).toContain(`validatingadmissionpolicy.admissionregistration.k8s.io/${NAME} unchanged\n`);
  });

  it('admits what is within its limits, and refuses the rest in these words', async () => {
    const cases: [object, string | undefined][] = [
      [SPEC, undefined],
      [on({ type: 'CPU' }), undefined],
      [on(SPEC.accelerator, { engine: { image: 'registry.internal/vllm:1' } }), undefined],
      [on(SPEC.accelerator, { engine: { image: 'ghcr.io/acme/team/vllm:1' } }), undefined],
      [on(SPEC.accelerator, volumes('registry.internal/tools@sha256:' + 'a'.repeat(64))), undefined],
      [on({ type: 'A100-80GB', count: 4 }, { replicas: 4 }), undefined],
      [on({ type: 'A100-80GB', parallelism: { tensor: 2, pipeline: 2 } }, { replicas: 4 }), undefined],
      [
        on({ type: 'H200', count: 1 }),
        'accelerators of this namespace are CPU, T4, L4, A10G, L40S, A100-40GB, A100-80GB, and H200 is not one of them: ' +
          'change spec.accelerator.type, or ask who runs the cluster',
      ],
      ...['vllm/vllm-openai:v1', 'ghcr.io/acme-evil/x:1', 'registry.internal.evil/x', 'vllm'].map(
        (image): [object, string] => [
          on(SPEC.accelerator, { engine: { image } }),
          `images may come from registry.internal, ghcr.io/acme here, and not ${image}: ` +
            'use one of these registries, or ask who runs the cluster',
        ],
      ),
      [
        on(SPEC.accelerator, { ...source('quay.io/weights:1'), ...volumes('quay.io/tools:1') }),
        'images may come from registry.internal, ghcr.io/acme here, and not quay.io/weights:1, quay.io/tools:1: ' +
          'use one of these registries, or ask who runs the cluster',
      ],
      [
        on({ type: 'L4' }),
        'a model of this namespace may have 16 GPUs at most: say in spec.accelerator.count how many one replica has',
      ],
      [
        on({ type: 'A100-80GB', count: 8 }, { replicas: 3 }),
        '3 replicas of 8 GPUs are 24, and a model of this namespace may have 16 at most: ' +
          'lower spec.replicas, spec.autoscaling.maxReplicas or spec.accelerator.count',
      ],
      [
        on({ type: 'A100-80GB', count: 8 }, { replicas: 1, autoscaling: { minReplicas: 1, maxReplicas: 4 } }),
        '4 replicas of 8 GPUs are 32, and a model of this namespace may have 16 at most: ' +
          'lower spec.replicas, spec.autoscaling.maxReplicas or spec.accelerator.count',
      ],
    ];
    const found: [object, string | undefined][] = [];
    for (const [spec] of cases) found.push([spec, await refusal(spec)]);
    expect(found).toEqual(cases);
  });

  it('has other limits where the namespace says so', async () => {
    await annotate({
      'limits.deepseek-operator.io/allowed-accelerators': 'H200',
      'limits.deepseek-operator.io/max-gpus-per-model': '8',
      'limits.deepseek-operator.io/allowed-registries': '',
    });
    await eventually(async () => expect(await refusal(on({ type: 'H200', count: 8 }))).toBeUndefined(), PATIENCE);
    expect(await refusal(on({ type: 'H200', count: 8 }, { engine: { image: 'vllm/vllm-openai:v1' } }))).toBeUndefined();
    expect(await refusal(SPEC)).toContain('accelerators of this namespace are H200, and L4 is not one of them');
    expect(await refusal(on({ type: 'H200', count: 8 }, { replicas: 2 }))).toContain('2 replicas of 8 GPUs are 16');
  });

  it('leaves alone what is stored, and its deletion', async () => {
    await stage().kubectl(['create', '-f', '-'], stage().model('chat', SPEC));
    await annotate({ 'limits.deepseek-operator.io/allowed-accelerators': 'H200' });
    await eventually(async () => expect(await refusal(SPEC)).toContain('are H200'), PATIENCE);
    for (const args of [
      ['label', 'dsd/chat', 'team=ml'],
      ['scale', 'dsd/chat', '--replicas=0'],
      ['delete', 'dsd/chat', '--wait=false'],
    ])
      expect(await stage().kubectl(args)).toMatchObject({ code: 0, complaint: '' });
  });
});

describe('a JSON patch that is answered with 422', () => {
  const replace = (path: string, value: unknown) => [{ op: 'replace', path, value }];
  const test = (path: string, value: unknown) => [{ op: 'test', path, value }];

  /** A policy that leaves the reason of its refusals at the default, which is Invalid. */
  async function refuseSevenReplicas(): Promise<void> {
    const { namespace } = stage();
    const name = `seven.${namespace}`;
    const [apiVersion, kind] = ['admissionregistration.k8s.io/v1', 'ValidatingAdmissionPolicy'];
    const rule = {
      ...{ apiGroups: ['deepseek-operator.io'], apiVersions: ['*'], resources: ['deepseekdeployments'] },
      operations: ['UPDATE'],
    };
    const validations = [{ expression: '!has(object.spec.replicas) || object.spec.replicas != 7' }];
    const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } };
    const spec = { matchConstraints: { resourceRules: [rule] }, validations };
    const bound = { policyName: name, validationActions: ['Deny'], matchResources };
    stage().defer(() =>
      stage().kubectl(['delete', `validatingadmissionpolicybinding/${name}`, `validatingadmissionpolicy/${name}`]),
    );
    for (const object of [
      { apiVersion, kind, metadata: { name }, spec },
      { apiVersion, kind: `${kind}Binding`, metadata: { name }, spec: bound },
    ])
      expect(await stage().kubectl(['apply', '-f', '-'], object)).toMatchObject({ code: 0 });
  }

  it('came too late where it does not apply, and is refused in all other cases', async () => {
    const { admin, namespace, signal } = stage();
    await stage().kubectl(['create', '-f', '-'], stage().model('chat', SPEC));
    await refuseSevenReplicas();
    const answer = (steps: object) =>
      admin
        .patch(DEEPSEEK_DEPLOYMENTS, { namespace, name: 'chat' }, steps, { type: 'json', dryRun: true, signal })
        .then(
          () => undefined,
          (error: unknown) => [isInvalid(error), isPatchMisfit(error)],
        );
    const seven = [{ op: 'add', path: '/spec/replicas', value: 7 }];
    await eventually(async () => expect(await answer(seven)).toEqual([true, false]), PATIENCE);
    const cases: [object, boolean][] = [
      [test('/metadata/uid', 'u1'), true],
      [test('/metadata/resourceVersion', '1'), true],
      [test('/spec/podTemplate/volumes/0/name', 'x'), true],
      [replace('/spec/podTemplate/volumes', []), true],
      [replace('/spec/model/name', 7), false],
      [[{ op: 'add', path: '/spec/autoscaling', value: { minReplicas: 3, maxReplicas: 2 } }], false],
    ];
    const found: [object, unknown][] = [];
    for (const [steps] of cases) found.push([steps, await answer(steps)]);
    expect(found).toEqual(cases.map(([steps, isLate]) => [steps, [true, isLate]]));
  });
});
