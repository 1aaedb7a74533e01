import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import type { Deployment } from '../../operator/kube/resources.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import { ago, deploymentObject } from '../get/test-support.ts';
import type { Terminal } from '../support/terminal.ts';
import { diagnose } from './diagnosis.ts';
import type { Facts, InstalledOperator } from './facts.ts';
import type { Finding } from './finding.ts';
import { DENIED, definition, facts, gpuNode, known, MISSING, operator } from './test-support.ts';
import { renderDiagnosis } from './view.ts';

const TERMINAL: Terminal = { width: 100, colour: false, unicode: true, interactive: true };
const secrets = { verb: 'get', group: '', resource: 'secrets', without: 'Versions with a key are not proven' };
const patch = { verb: 'patch', group: 'apps', resource: 'deployments' };
const model = (spec: object) => known([deploymentObject({ observedGeneration: 3 }, spec as never)]);
const configMap = (text: string) =>
  known({ metadata: { name: 'deepseek-operator-defaults' }, data: { 'defaults.yaml': text } } as never);

/** The CRD without or with a field of its spec. */
function crdWith(change: (properties: Record<string, unknown>) => void): Facts['crd'] {
  const crd = structuredClone(definition());
  const spec = crd.spec.versions[0]?.schema?.openAPIV3Schema?.properties?.['spec'] as {
    properties: Record<string, unknown>;
  };
  change(spec.properties);
  return known(crd);
}

it('has nothing to say of a cluster that is well', () => {
  const { problems, warnings, findings } = diagnose(facts());
  expect(findings.filter(({ level }) => level !== 'ok')).toEqual([]);
  expect([problems, warnings]).toEqual([0, 0]);
  expect(findings.map(({ message }) => message)).toContain(
    'A100-80GB: 2 nodes, 16 GPUs, labels of GPUFeatureDiscovery',
  );
});

it('counts MIG slices as what they are', () => {
  const slices = { 'nvidia.com/mig-1g.10gb': '3', 'nvidia.com/mig-3g.40gb': '2' };
  const nodes = known([gpuNode('a'), gpuNode('b', { capacity: 0, resources: slices })]);
  const { findings, warnings, problems } = diagnose(facts({ nodes }));
  expect(findings.map(({ message }) => message)).toContain(
    'A100-80GB: 2 nodes, 8 GPUs, 5 MIG slices, labels of GPUFeatureDiscovery',
  );
  expect([warnings, problems]).toEqual([0, 0]);
});

it('makes nothing of GPUs that no engine runs on', () => {
  const other = gpuNode('mi300-0', {
    capacity: 0,
    labels: { 'nvidia.com/gpu.product': undefined },
    resources: { 'amd.com/gpu': '8' },
  });
  const { findings, warnings, problems } = diagnose(facts({ nodes: known([gpuNode('a100-0'), other]) }));
  expect(findings).toContainEqual(
    expect.objectContaining({ absent: true, message: 'mi300-0: GPUs without CUDA; no model is placed on them' }),
  );
  expect([warnings, problems]).toEqual([0, 0]);
});

describe('says', () => {
  it.each<[string, Finding['level'], RegExp, RegExp, Partial<Facts>]>([
    ['no CRD', 'problem', /CRD .* is not installed/, /-f crds\/deepseekdeployments.yaml/, { crd: MISSING }],
    [
      'an old CRD',
      'problem',
      /older than this plugin \(1.2.3\): it lacks networkPolicy/,
      /-f crds\/deepseekdeployments.yaml/,
      {
        crd: crdWith((properties) => delete properties['networkPolicy']),
      },
    ],
    [
      'an old plugin',
      'warning',
      /plugin \(1.2.3\) is older than the CRD: it does not know speculation/,
      /krew upgrade/,
      {
        crd: crdWith((properties) => (properties['speculation'] = { type: 'string' })),
      },
    ],
    [
      'a user without rights',
      'warning',
      /You may not get secrets in namespace ai/,
      // Of Kubernetes' own roles: ours is about models alone.
      /^kubectl -n ai create rolebinding models-edit --clusterrole=edit --user=somebody$/,
      { lacks: known([secrets]) },
    ],
    [
      'a user without rights to models',
      'warning',
      /You may not get deepseekdeployments/,
      /--clusterrole=deepseek-operator-editor --user=NAME$/,
      {
        lacks: known([{ verb: 'get', group: 'deepseek-operator.io', resource: 'deepseekdeployments', without: 'all' }]),
        user: DENIED,
      },
    ],
    [
      'objects that are stored as an older version',
      'warning',
      /may still be stored as v1alpha0/,
      /\| kubectl replace -f -\nkubectl patch crd \S+ --subresource status .*"storedVersions":\["v1alpha1"\]/,
      { crd: known({ ...definition(), status: { ...definition().status, storedVersions: ['v1alpha0', 'v1alpha1'] } }) },
    ],
    ['no operator', 'problem', /No Deployment of the operator/, /kustomize\/base/, { operators: known([]) }],
    ['an operator that nobody may see', 'warning', /cannot be seen/, /can-i/, { operators: DENIED }],
    [
      'two operators',
      'warning',
      /2 installations/,
      /get deployments -A/,
      { operators: known([operator(), operator()]) },
    ],
    [
      'an operator that is scaled to nothing',
      'problem',
      /deepseek-system\/deepseek-operator is scaled to 0/,
      /^kubectl -n deepseek-system scale deployment deepseek-operator --replicas=2$/,
      {
        operators: known([
          operator({
            deployment: { metadata: { name: 'deepseek-operator' }, spec: { replicas: 0 } } as unknown as Deployment,
          }),
        ]),
      },
    ],
    [
      'an operator that is down',
      'problem',
      /0 of 2 replicas available/,
      /describe pods/,
      {
        operators: known([operator({ deployment: { ...operator().deployment, status: {} } })]),
      },
    ],
    [
      'another version',
      'warning',
      /operator is x\/deepseek-operator:1.1.0, the plugin 1.2.3/,
      /krew/,
      {
        operators: known([operator({ image: 'x/deepseek-operator:1.1.0' })]),
      },
    ],
    ['no leader', 'problem', /No replica leads/, /logs/, { operators: known([operator({ lease: MISSING })]) }],
    [
      'an old Lease',
      'problem',
      /operator-7 renewed its Lease 3m20s ago/,
      /logs/,
      {
        operators: known([
          operator({ lease: known({ spec: { holderIdentity: 'operator-7_x', renewTime: ago(200) } } as never) }),
        ]),
      },
    ],
    [
      'defaults that are not valid',
      'problem',
      /not valid: .*runtimeClass"/,
      /edit configmap/,
      {
        operators: known([operator({ defaults: configMap('runtimeClass: nvidia') })]),
      },
    ],
    [
      'defaults that are no YAML',
      'problem',
      /no YAML/,
      /edit configmap/,
      {
        operators: known([operator({ defaults: configMap('a: [') })]),
      },
    ],
    [
      'a RuntimeClass that is not there',
      'problem',
      /RuntimeClass nvidia, which is not there/,
      /runtimeclasses\n#.*\nkubectl -n deepseek-system edit configmap/,
      {
        operators: known([operator({ defaults: configMap('runtimeClassName: nvidia') })]),
      },
    ],
    [
      'an operator without a right that it needs',
      'problem',
      /may not patch deployments.apps/,
      /kustomize/,
      {
        operators: known([operator({ lacks: known([patch]) })]),
      },
    ],
    [
      'an operator without a right that it could do without',
      'warning',
      /may not get secrets. Versions with a key/,
      /kustomize/,
      {
        operators: known([operator({ lacks: known([secrets]) })]),
      },
    ],
    [
      'a webhook without certificate',
      'warning',
      /no caBundle/,
      /validatingwebhook/,
      {
        webhooks: known([
          {
            metadata: { name: 'deepseek' },
            webhooks: [{ name: 'a', failurePolicy: 'Ignore', rules: [{ apiGroups: ['deepseek-operator.io'] }] }],
          } as never,
        ]),
      },
    ],
    [
      'no GPU',
      'warning',
      /None of 1 node has a GPU/,
      /get nodes/,
      {
        nodes: known([gpuNode('a', { capacity: 0, labels: { 'nvidia.com/gpu.product': '' } })]),
      },
    ],
    [
      'a node without device plugin',
      'problem',
      /a100-9: labelled as GPU nodes, and no GPU is offered/,
      /spec.nodeName=a100-9/,
      {
        nodes: known([gpuNode('a100-0'), gpuNode('a100-9', { capacity: 0 })]),
      },
    ],
    [
      'sick GPUs',
      'warning',
      /a100-0: 2 GPUs of the capacity not allocatable/,
      /describe node a100-0/,
      {
        nodes: known([gpuNode('a100-0', { allocatable: 6 })]),
      },
    ],
    [
      'GPUs without labels',
      'problem',
      /x: GPUs of a kind that no label/,
      /show-labels\n# .*\nkubectl label node x nvidia.com\/gpu.product=PRODUCT$/,
      {
        nodes: known([gpuNode('x', { labels: { 'nvidia.com/gpu.product': undefined } })]),
      },
    ],
    [
      'GPUs that the catalogue does not have',
      'warning',
      /^Quadro: 2 nodes with a GPU that the catalogue does not have: .* accelerator.type custom/,
      /catalog accelerators$/,
      {
        nodes: known(['x', 'y'].map((name) => gpuNode(name, { labels: { 'nvidia.com/gpu.product': 'Quadro' } }))),
      },
    ],
    [
      'GPUs that are shared in turns',
      'warning',
      /^a100-1: GPUs that pods share in turns \(nvidia.com\/gpu.shared\)/,
      /describe node a100-1/,
      {
        nodes: known([
          gpuNode('a100-0'),
          gpuNode('a100-1', { capacity: 0, resources: { 'nvidia.com/gpu.shared': '4' } }),
        ]),
      },
    ],
    [
      'a node that is not ready',
      'problem',
      /a100-0: not Ready/,
      /describe node/,
      { nodes: known([gpuNode('a100-0', { ready: false })]) },
    ],
    [
      'a device plugin that fails',
      'problem',
      /gpu\/nvidia-device-plugin: 1 of 2 pods ready/,
      /describe daemonset/,
      {
        daemonSets: known([
          {
            metadata: { namespace: 'gpu', name: 'nvidia-device-plugin' },
            status: { desiredNumberScheduled: 2, numberReady: 1 },
          } as never,
        ]),
      },
    ],
    [
      'no PriorityClass',
      'warning',
      /PriorityClass deepseek-serving is not there/,
      /priorityclass.yaml/,
      { priorityClass: MISSING },
    ],
    [
      'a metrics API that somebody needs',
      'problem',
      /No custom.metrics.k8s.io API, and ai\/chat asks/,
      /prometheus-adapter/,
      {
        models: model({ autoscaling: { minReplicas: 1, maxReplicas: 2 } }),
      },
    ],
    [
      'a metrics API that does not answer',
      'problem',
      /custom.metrics.k8s.io is registered and does not answer/,
      /apiservices/,
      {
        apis: new Map([['custom.metrics.k8s.io/v1beta1', { state: 'unknown', why: 'service unavailable' }]]),
      },
    ],
    [
      'KEDA that somebody needs',
      'problem',
      /No KEDA, and ai\/chat asks/,
      /helm install keda keda --repo /,
      {
        models: model({ autoscaling: { provider: 'KEDA', maxReplicas: 2 } }),
      },
    ],
    [
      'a Prometheus that a gate needs',
      'problem',
      /told of no Prometheus .*, and ai\/chat asks/,
      /PROMETHEUS_URL/,
      {
        models: model({ rollout: { gates: [{ metric: 'Query' }] } }),
      },
    ],
    [
      'a Prometheus that does not answer',
      'warning',
      /cannot be reached .*: no such Service/,
      /-n monitoring get service/,
      {
        operators: known([operator({ flags: new Map([['prometheus-url', 'http://prometheus.monitoring:9090']]) })]),
      },
    ],
    [
      'a gateway that somebody needs',
      'problem',
      /No Gateway API, and ai\/chat asks/,
      /gateway-api/,
      {
        models: model({ traffic: { gateway: { parentRefs: [{ name: 'public' }] } } }),
      },
    ],
    ['no storage class', 'warning', /No storage class/, /persistentvolumes/, { storageClasses: known([]) }],
    [
      'no default storage class',
      'warning',
      /No default among fast/,
      /annotate storageclass fast/,
      {
        storageClasses: known([{ metadata: { name: 'fast' }, provisioner: 'efs.csi.aws.com' } as never]),
      },
    ],
    [
      'a stalled model',
      'problem',
      /Stalled.*ai\/chat/,
      /deepseek status chat -n ai/,
      {
        models: known([
          deploymentObject({
            observedGeneration: 3,
            conditions: [
              { type: 'Stalled', status: 'True', reason: 'InvalidSpec', message: '', lastTransitionTime: ago(1) },
            ],
          }),
        ]),
      },
    ],
    [
      'a model that nobody looks at',
      'warning',
      /Not looked at yet.*ai\/chat/,
      /status chat/,
      { models: known([deploymentObject({ observedGeneration: 2 })]) },
    ],
  ])('%s', (_, level, message, fix, change) => {
    const found = diagnose(facts(change)).findings.filter(
      (finding) => finding.level !== 'ok' && message.test(finding.message),
    );
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level, fix: expect.stringMatching(fix) });
  });
});

describe('fixes the way it was installed', () => {
  const installed = (metadata: object, change: Partial<InstalledOperator> = {}): InstalledOperator => {
    const one = operator({ lacks: known([patch]), ...change });
    const { deployment } = one;
    return { ...one, deployment: { ...deployment, metadata: { ...deployment.metadata, ...metadata } } };
  };
  const helm = { annotations: { 'meta.helm.sh/release-name': 'seek', 'meta.helm.sh/release-namespace': 'platform' } };
  const helmUpgrade = 'helm upgrade seek charts/deepseek-operator -n platform --reset-then-reuse-values';
  const flux = (group: string) => ({
    ...{ [`${group}.toolkit.fluxcd.io/name`]: 'seek', [`${group}.toolkit.fluxcd.io/namespace`]: 'flux-system' },
  });
  const webhook: [string, string] = ['webhook-bind-address', ':9443'];
  const fixOf = (change: Partial<Facts>, message: RegExp) =>
    diagnose(facts(change)).findings.find((finding) => finding.level === 'problem' && message.test(finding.message))
      ?.fix;
  const overlay = 'kubectl apply -k manifests/kustomize/overlays';

  it.each<[string, InstalledOperator, string]>([
    ['kubectl', installed({}), 'kubectl apply -k manifests/kustomize/base'],
    ['Helm', installed({ namespace: 'platform', ...helm }, { namespace: 'platform' }), helmUpgrade],
    [
      'a HelmRelease of Flux',
      installed({ ...helm, labels: flux('helm') }),
      'flux reconcile helmrelease seek -n flux-system --with-source',
    ],
    [
      'a Kustomization of Flux',
      installed({ labels: flux('kustomize') }),
      'flux reconcile kustomization seek -n flux-system --with-source',
    ],
    [
      'Argo CD',
      installed({ annotations: { 'argocd.argoproj.io/tracking-id': 'seek:apps/Deployment:deepseek-system/x' } }),
      'argocd app sync seek',
    ],
    [
      'the overlay of three replicas',
      installed({}, { deployment: { ...operator().deployment, spec: { replicas: 3 } as never } }),
      `${overlay}/high-availability`,
    ],
    [
      'the overlay of one namespace',
      installed({}, { namespace: 'models', flags: new Map([['watch-namespaces', 'models']]) }),
      `${overlay}/single-namespace`,
    ],
  ])('by %s', (_, one, command) => {
    expect(fixOf({ operators: known([one]) }, /may not patch/)).toBe(command);
  });

  it.each<[string, InstalledOperator, RegExp]>([
    ['other namespaces', installed({}, { flags: new Map([['watch-namespaces', 'a,b']]) }), /--watch-namespaces=a,b$/m],
    ['another namespace', installed({}, { namespace: 'platform', flags: new Map([webhook]) }), /namespace platform,/],
    ['another image', installed({}, { image: 'registry.internal/deepseek-operator:1.2.3' }), /image registry.internal/],
    ['another flag', installed({}, { flags: new Map([webhook, ['prometheus-url', 'http://p']]) }), /--prometheus-url=/],
  ])('in words where it has %s', (_, one, words) => {
    const fix = fixOf({ operators: known([one]) }, /may not patch/) ?? '';
    expect(fix).toMatch(words);
    expect(fix).toMatch(/^kubectl apply -k YOUR_OVERLAY$/m);
    expect(fix).toMatch(/^cdk8s synth/m);
    expect(fix).not.toMatch(/^kubectl apply -k manifests/m);
  });

  const applyCrd = 'kubectl apply --server-side --force-conflicts -f crds/deepseekdeployments.yaml';
  const old = (metadata: object): Facts['crd'] => {
    const crd = crdWith((properties) => delete properties['networkPolicy']);
    return crd.state === 'known' ? known({ ...crd.value, metadata: { ...crd.value.metadata, ...metadata } }) : crd;
  };

  it.each<[string, Partial<Facts>, string]>([
    ['of nobody', { crd: old({}), operators: known([installed(helm)]) }, applyCrd],
    ['of a release of Helm', { crd: old(helm), operators: known([installed(helm)]) }, helmUpgrade],
    ['of a release that is not there any more', { crd: old(helm), operators: known([installed({})]) }, applyCrd],
  ])('an old CRD %s', (_, change, command) => expect(fixOf(change, /older than this plugin/)).toBe(command));

  it('an old CRD of a release whose operator is not there, by either way', () => {
    const fix = fixOf({ crd: old(helm), operators: known([]) }, /older than this plugin/)?.split('\n');
    expect(fix).toEqual([expect.stringContaining('still there'), helmUpgrade, '# else:', applyCrd]);
  });

  it('a missing CRD of a release of Helm, with the command for one that leaves it to others', () => {
    const fix = fixOf({ crd: MISSING, operators: known([installed(helm)]) }, /not installed/)?.split('\n');
    expect(fix).toEqual([expect.stringContaining('crds.install=true'), helmUpgrade, '# else:', applyCrd]);
    const page = renderDiagnosis(diagnose(facts({ crd: MISSING, operators: known([installed(helm)]) })), TERMINAL);
    expect(page).toContain(`\n      ${helmUpgrade}\n      # else:\n      ${applyCrd}\n`);
  });

  it('a release of Helm without a Prometheus by its value', () => {
    const models = model({ rollout: { gates: [{ metric: 'Query' }] } });
    expect(fixOf({ models, operators: known([installed(helm)]) }, /no Prometheus/)).toBe(
      `${helmUpgrade} --set prometheusUrl=http://prometheus-operated.monitoring:9090`,
    );
  });

  it('an operator of Flux without a Prometheus by a variable, and says that Flux takes it back', () => {
    const models = model({ rollout: { gates: [{ metric: 'Query' }] } });
    const fix = fixOf({ models, operators: known([installed({ labels: flux('kustomize') })]) }, /no Prometheus/);
    expect(fix).toMatch(/^# Flux takes it back .*\nkubectl -n deepseek-system set env deployment\//);
  });

  it.each<[string, string, object]>([
    ['base', 'base', {}],
    ['overlays/single-namespace', 'overlays/single-namespace', {}],
    ['overlays/high-availability', 'base', { replicas: 3 }],
  ])('what manifests/kustomize/%s installs, by that', (folder, source, spec) => {
    const file = new URL(`../../manifests/kustomize/${source}/operator.yaml`, import.meta.url);
    const deployment = parseAllDocuments(readFileSync(file, 'utf8'))
      .map((document) => document.toJS() as KubeObject)
      .find(({ kind }) => kind === 'Deployment') as Deployment | undefined;
    const [container] = deployment?.spec?.template.spec?.containers ?? [];
    const flags = new Map(
      (container?.args ?? []).map((arg) => /^--([a-z-]+)=(.*)$/.exec(arg)?.slice(1) as [string, string]),
    );
    const one = operator({
      ...{
        lacks: known([patch]),
        flags,
        image: container?.image ?? '',
        namespace: deployment?.metadata.namespace ?? '',
      },
      deployment: { ...deployment, spec: { ...deployment?.spec, ...spec } } as Deployment,
    });
    expect(fixOf({ operators: known([one]) }, /may not patch/)).toBe(`kubectl apply -k manifests/kustomize/${folder}`);
  });

  it('an operator that is not there, by each way', () => {
    expect(fixOf({ operators: known([]) }, /No Deployment/)).toMatch(
      /^helm install [^]*^kubectl apply .*kustomize\/crds && kubectl apply -k manifests\/kustomize\/base$/m,
    );
  });
});

it('counts two rights of one kind once, and no more than three kinds', () => {
  const lacks = ['a', 'b', 'c', 'd'].flatMap((resource) =>
    ['get', 'list'].map((verb) => ({ verb, group: '', resource })),
  );
  const { findings } = diagnose(facts({ operators: known([operator({ lacks: known(lacks) })]) }));
  expect(findings.map(({ message }) => message)).toContain(
    'The ServiceAccount deepseek-system/deepseek-operator may not get, list a; get, list b; get, list c and 1 more.',
  );
});

it('shows each finding with its command on a line of its own, and the sum', () => {
  const page = renderDiagnosis(diagnose(facts({ crd: MISSING })), TERMINAL);
  expect(page).toContain(
    '  ✖ The CRD deepseekdeployments.deepseek-operator.io is not installed.\n    → kubectl apply --server-side --force-conflicts -f crds/deepseekdeployments.yaml\n',
  );
  expect(page).toMatch(/1 problem, 0 warnings, \d+ checks fine$/);
  const ascii = renderDiagnosis(diagnose(facts({ crd: MISSING })), { ...TERMINAL, unicode: false });
  expect(ascii).toMatch(/^[\x20-\x7e\n]*$/);
});
