import type { DeepSeekDeploymentObject } from '../../get/objects.ts';
import type { Facts } from '../facts.ts';
import { absent, type Answer, count, type Finding, ok, problem, valueOf, warning } from '../finding.ts';
import { setPrometheus } from '../installation.ts';
import { askFor, someOf } from './access.ts';

/** Provisioners whose volumes several nodes can write, from their own documentation. */
const MANY_WRITERS =
  /nfs|cephfs|efs\.csi|fsx\.csi|filestore|file\.csi\.azure|lustre|glusterfs|manila|juicefs|weka|beegfs|longhorn|portworx/i;

const nameOf = ({ metadata }: DeepSeekDeploymentObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
const isAdapter = ({ type }: { readonly type: string }): boolean => type !== 'CPU';

/** What models need beside the operator: metrics, Prometheus, gateways, KEDA, storage; weighed by what the models of the cluster ask for. */
export function checkSurroundings(facts: Facts): Finding[] {
  return [
    ...checkMetrics(facts),
    ...checkPrometheus(facts),
    ...checkGateway(facts),
    ...checkStorage(facts),
    ...checkModels(facts),
  ];
}

/** A finding on something optional: a problem where somebody needs it. */
function optional(
  area: Finding['area'],
  what: string,
  needing: readonly DeepSeekDeploymentObject[],
  fix: string,
): Finding {
  if (needing.length === 0) return absent(area, `${what}; no model asks for it`);
  return problem(
    area,
    `${what}, and ${someOf(needing.map(nameOf))} ${needing.length === 1 ? 'asks' : 'ask'} for it.`,
    fix,
  );
}

function checkMetrics({ apis, models }: Facts): Finding[] {
  const all = valueOf(models) ?? [];
  const scaled = all.filter(({ spec }) => spec.autoscaling !== undefined);
  const byHpa = scaled.filter(({ spec }) => spec.autoscaling?.provider !== 'KEDA');
  const byKeda = scaled.filter(({ spec }) => spec.autoscaling?.provider === 'KEDA');
  const served = (...groupVersions: readonly string[]): Answer<readonly string[]> => {
    const answers = groupVersions.map((name): Answer<readonly string[]> => apis.get(name) ?? { state: 'missing' });
    return (
      answers.find(({ state }) => state === 'known') ??
      answers.find(({ state }) => state === 'unknown') ?? { state: 'missing' }
    );
  };
  const api = (
    name: string,
    answer: Answer<readonly string[]>,
    needing: readonly DeepSeekDeploymentObject[],
    fix: string,
  ): Finding => {
    if (answer.state === 'known') return ok('Metrics', `${name}: ${count(answer.value.length, 'metric')}`);
    if (answer.state === 'missing') return optional('Metrics', `No ${name} API`, needing, fix);
    return problem(
      'Metrics',
      `${name} is registered and does not answer: ${answer.why}.`,
      `kubectl get apiservices | grep ${name}`,
    );
  };
  const adapter =
    'helm install prometheus-adapter prometheus-adapter --repo https://prometheus-community.github.io/helm-charts -n monitoring --create-namespace -f manifests/prometheus-adapter/values.yaml';
  const server =
    'kubectl apply -f https://github.com/kubernetes-sigs/metrics-server/releases/latest/download/components.yaml';
  const needsAdapter = byHpa.filter(({ spec }) => (spec.autoscaling?.metrics ?? [{ type: 'default' }]).some(isAdapter));
  const resource = served('metrics.k8s.io/v1beta1');
  return [
    resource.state === 'known'
      ? ok('Metrics', 'metrics.k8s.io: CPU and memory of pods')
      : api(
          'metrics.k8s.io',
          resource,
          byHpa.filter(({ spec }) => spec.autoscaling?.metrics?.some(({ type }) => type === 'CPU')),
          server,
        ),
    api(
      'custom.metrics.k8s.io',
      served('custom.metrics.k8s.io/v1beta2', 'custom.metrics.k8s.io/v1beta1'),
      needsAdapter,
      adapter,
    ),
    api(
      'external.metrics.k8s.io',
      served('external.metrics.k8s.io/v1beta1'),
      byHpa.filter(({ spec }) => spec.autoscaling?.metrics?.some(({ type }) => type === 'External')),
      adapter,
    ),
    ...checkKeda(served('keda.sh/v1alpha1'), byKeda),
  ];
}

function checkKeda(keda: Answer<readonly string[]>, needing: readonly DeepSeekDeploymentObject[]): Finding[] {
  if (keda.state === 'known' && keda.value.includes('scaledobjects'))
    return [ok('Metrics', 'KEDA: ScaledObjects are served')];
  return [
    optional(
      'Metrics',
      'No KEDA',
      needing,
      'helm install keda keda --repo https://kedacore.github.io/charts -n keda --create-namespace',
    ),
  ];
}

function checkPrometheus({ operators, apis, models }: Facts): Finding[] {
  const kinds = valueOf(apis.get('monitoring.coreos.com/v1') ?? { state: 'missing' });
  const found =
    kinds?.includes('podmonitors') === true
      ? ok('Metrics', 'prometheus-operator: PodMonitors and PrometheusRules are made')
      : undefined;
  const gated = (valueOf(models) ?? []).filter(
    ({ spec }) => spec.rollout?.gates?.some(({ metric }) => metric === 'Query') === true,
  );
  const asked = (valueOf(operators) ?? []).map((operator): Finding => {
    const { prometheus, flags } = operator;
    const url = flags.get('prometheus-url');
    if (prometheus.state === 'missing' && url === undefined) {
      return optional(
        'Metrics',
        'The operator is told of no Prometheus (--prometheus-url)',
        gated,
        setPrometheus(operator, 'http://prometheus-operated.monitoring:9090'),
      );
    }
    if (prometheus.state === 'known') return ok('Metrics', `Prometheus at ${url ?? ''} is ready`);
    const why = prometheus.state === 'missing' ? 'no such Service' : prometheus.why;
    const [service = '', where = 'default'] = URL.canParse(url ?? '') ? new URL(url ?? '').hostname.split('.') : [];
    return warning(
      'Metrics',
      `Prometheus at ${url ?? ''} cannot be reached through the API server: ${why}.`,
      `kubectl -n ${where} get service,endpointslices | grep ${service}`,
    );
  });
  return [
    found ??
      absent('Metrics', 'No prometheus-operator: the pods are annotated for a Prometheus that follows annotations'),
    ...asked,
  ];
}

const BUNDLE_VERSION = 'gateway.networking.k8s.io/bundle-version';

function checkGateway({ httpRoutes, gatewayClasses, models }: Facts): Finding[] {
  const needing = (valueOf(models) ?? []).filter(
    ({ spec }) => (spec.traffic?.gateway ?? spec.traffic?.routeRef) !== undefined,
  );
  if (httpRoutes.state === 'unknown')
    return [warning('Traffic', `Gateway API cannot be seen: ${httpRoutes.why}.`, askFor('get', 'crd'))];
  if (httpRoutes.state === 'missing') {
    const fix =
      'kubectl apply --server-side -f https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.4.0/standard-install.yaml';
    return [optional('Traffic', 'No Gateway API', needing, fix)];
  }
  const { metadata, spec } = httpRoutes.value;
  const version = metadata.annotations?.[BUNDLE_VERSION] ?? 'of an unknown version';
  if (!spec.versions.some(({ name, served }) => name === 'v1' && served)) {
    return [
      optional(
        'Traffic',
        `Gateway API ${version} does not serve HTTPRoute v1`,
        needing,
        'kubectl get crd httproutes.gateway.networking.k8s.io -o yaml',
      ),
    ];
  }
  const classes = valueOf(gatewayClasses) ?? [];
  const accepted = classes.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Accepted' && is === 'True'),
  );
  const names = accepted.map(({ metadata: { name } }) => name);
  if (names.length > 0) return [ok('Traffic', `Gateway API ${version}, GatewayClass ${names.join(', ')}`)];
  return [
    optional(
      'Traffic',
      `Gateway API ${version}, and no GatewayClass that a controller has accepted`,
      needing,
      'kubectl get gatewayclasses',
    ),
  ];
}

function checkStorage({ storageClasses }: Facts): Finding[] {
  if (storageClasses.state !== 'known')
    return [warning('Storage', 'Storage classes cannot be seen.', askFor('list', 'storageclasses'))];
  const classes = storageClasses.value;
  const byDefault = classes.find(
    ({ metadata }) => metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true',
  );
  const shared = classes
    .filter(({ provisioner }) => MANY_WRITERS.test(provisioner))
    .map(({ metadata }) => metadata.name);
  if (classes.length === 0) {
    return [
      warning(
        'Storage',
        'No storage class: weights come from the hub, an image or a volume made by hand.',
        'kubectl get persistentvolumes',
      ),
    ];
  }
  return [
    byDefault === undefined
      ? warning(
          'Storage',
          `No default among ${someOf(classes.map(({ metadata }) => metadata.name))}: a claim has to name its class.`,
          `kubectl annotate storageclass ${classes[0]?.metadata.name ?? ''} storageclass.kubernetes.io/is-default-class=true`,
        )
      : ok('Storage', `Default class ${byDefault.metadata.name} (${byDefault.provisioner})`),
    shared.length > 0
      ? ok('Storage', `For a cache that replicas share (ReadWriteMany): ${shared.join(', ')}`)
      : warning(
          'Storage',
          'No class is known to make volumes that several nodes can write (ReadWriteMany): each replica downloads its own copy.',
          'kubectl get storageclasses',
        ),
  ];
}

function checkModels({ models }: Facts): Finding[] {
  if (models.state !== 'known') return [];
  const stalled = models.value.filter(({ status }) =>
    status?.conditions?.some(({ type, status: is }) => type === 'Stalled' && is === 'True'),
  );
  const behind = models.value.filter(
    ({ metadata, status }) => (status?.observedGeneration ?? -1) < (metadata.generation ?? 0),
  );
  const first = (of: readonly DeepSeekDeploymentObject[]) =>
    `kubectl deepseek status ${of[0]?.metadata.name ?? ''} -n ${of[0]?.metadata.namespace ?? ''}`;
  return [
    ...(stalled.length === 0 && behind.length === 0
      ? [ok('Models', `${count(models.value.length, 'model')}, none stalled`)]
      : []),
    ...(stalled.length === 0
      ? []
      : [problem('Models', `Stalled, waiting for a person: ${someOf(stalled.map(nameOf))}.`, first(stalled))]),
    ...(behind.length === 0
      ? []
      : [warning('Models', `Not looked at yet since the last change: ${someOf(behind.map(nameOf))}.`, first(behind))]),
  ];
}
