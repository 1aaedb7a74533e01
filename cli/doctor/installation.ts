import { MANAGER } from '../../operator/api/index.ts';
import type { KubeObject } from '../../operator/kube/types.ts';
import type { InstalledOperator } from './facts.ts';

const CHART = 'charts/deepseek-operator';
const NAMESPACE = 'deepseek-system';
/** What can be applied as it is, and what it then is. */
const KUSTOMIZATIONS: readonly {
  readonly path: string;
  readonly namespace: string;
  readonly replicas: number;
  readonly flags: readonly string[];
}[] = [
  { path: 'manifests/kustomize/base', namespace: NAMESPACE, replicas: 2, flags: ['webhook-bind-address=:9443'] },
  {
    path: 'manifests/kustomize/overlays/high-availability',
    namespace: NAMESPACE,
    replicas: 3,
    flags: ['webhook-bind-address=:9443'],
  },
  {
    path: 'manifests/kustomize/overlays/single-namespace',
    namespace: 'models',
    replicas: 2,
    flags: ['watch-namespaces=models'],
  },
];
/** The plugin that belongs to the operator, however this one came. */
export const UPGRADE_PLUGIN = [
  '# from krew:',
  'kubectl krew upgrade deepseek',
  '# from a checkout of that version:',
  'make build',
].join('\n');
/** The field managers of kubectl and of earlier releases hold the CRD's fields, and would conflict. */
const APPLY_CRD = 'kubectl apply --server-side --force-conflicts -f crds/deepseekdeployments.yaml';

/** What put an object there, as its labels and annotations say. A release of Helm that Flux made is Flux's. */
type Origin = { readonly way: string; readonly command: string } | undefined;

function originOf({ metadata: { labels = {}, annotations = {} } }: Pick<KubeObject, 'metadata'>): Origin {
  const flux = (group: string, verb: string): Origin => {
    const [name, namespace] = [
      labels[`${group}.toolkit.fluxcd.io/name`],
      labels[`${group}.toolkit.fluxcd.io/namespace`],
    ];
    if (name === undefined || namespace === undefined) return undefined;
    return { way: 'Flux', command: `flux reconcile ${verb} ${name} -n ${namespace} --with-source` };
  };
  const app = annotations['argocd.argoproj.io/tracking-id']?.split(':', 1)[0];
  const release = annotations['meta.helm.sh/release-name'];
  const namespace = annotations['meta.helm.sh/release-namespace'];
  return (
    flux('helm', 'helmrelease') ??
    flux('kustomize', 'kustomization') ??
    (app === undefined || app === '' ? undefined : { way: 'Argo CD', command: `argocd app sync ${app}` }) ??
    (release === undefined || namespace === undefined
      ? undefined
      : { way: 'Helm', command: `helm upgrade ${release} ${CHART} -n ${namespace} --reset-then-reuse-values` })
  );
}

/** A first installation, where there is none: each way with its command, in lines of their own. */
export const INSTALL = [
  '# with Helm:',
  `helm install ${MANAGER} ${CHART} -n ${NAMESPACE} --create-namespace`,
  '# with kubectl, or an overlay beside it (docs/install.md):',
  'kubectl apply --server-side --force-conflicts -k manifests/kustomize/crds && kubectl apply -k manifests/kustomize/base',
].join('\n');

/**
 * The command that brings an operator's objects (its rights among them) back to what they should be, the way it was installed. Where
 * that cannot be seen, each way with its command: the base in the place of another installation would replace its image and flags.
 */
export function reinstall(operator: InstalledOperator): string {
  const origin = originOf(operator.deployment);
  if (origin !== undefined) return origin.command;
  const same = KUSTOMIZATIONS.find((one) => isAsApplied(operator, one));
  if (same !== undefined) return `kubectl apply -k ${same.path}`;
  const flags = flagsOf(operator).map((flag) => ` --${flag}`);
  return [
    `# Not installed by Helm, and not as manifests/kustomize has it. Apply again what was applied, with namespace ${operator.namespace}, image ${operator.image}${flags.join('')}`,
    '# with kubectl, an overlay of your own:',
    'kubectl apply -k YOUR_OVERLAY',
    '# with cdk8s, an app with DeepSeekOperator:',
    'cdk8s synth && kubectl apply -f dist/',
  ].join('\n');
}

/** The command that tells the operator of a Prometheus; the release of Helm is told, since its next upgrade would take away what else is set. */
export function setPrometheus({ deployment, namespace }: InstalledOperator, url: string): string {
  const origin = originOf(deployment);
  if (origin?.way === 'Helm') return `${origin.command} --set prometheusUrl=${url}`;
  const command = `kubectl -n ${namespace} set env deployment/${deployment.metadata.name} DEEPSEEK_OPERATOR_PROMETHEUS_URL=${url}`;
  return origin === undefined
    ? command
    : `# ${origin.way} takes it back at its next sync: set it where that reads it, too\n${command}`;
}

/** Flags that are not the same everywhere. */
const flagsOf = ({ flags }: InstalledOperator): string[] =>
  [...flags].filter(([name]) => name !== 'defaults-file').map(([name, value]) => `${name}=${value}`);

function isAsApplied(
  operator: InstalledOperator,
  wanted: { readonly namespace: string; readonly replicas: number; readonly flags: readonly string[] },
): boolean {
  const { deployment, namespace, image } = operator;
  return (
    namespace === wanted.namespace &&
    deployment.metadata.name === MANAGER &&
    image.startsWith(`${MANAGER}:`) &&
    (deployment.spec?.replicas ?? 1) === wanted.replicas &&
    flagsOf(operator).toSorted().join(' ') === wanted.flags.join(' ')
  );
}

/**
 * The command that installs or upgrades the CRD: that of what it belongs to. Without a CRD it is that of the operators; a chart with
 * `crds.install=false` leaves it to others. A release of Helm that is uninstalled leaves its name on the CRD: it counts where an
 * operator bears it, too.
 */
export function applyCrd(
  crd: Pick<KubeObject, 'metadata'> | undefined,
  operators: readonly InstalledOperator[],
): string {
  const ofOperators = operators.flatMap(({ deployment }) => originOf(deployment) ?? []);
  const own = crd === undefined ? undefined : originOf(crd);
  if (own !== undefined) {
    if (own.way !== 'Helm' || ofOperators.some(({ command }) => command === own.command)) return own.command;
    return operators.length > 0 ? APPLY_CRD : either(`with ${own.way}, where that release is still there`, own.command);
  }
  const [origin] = ofOperators;
  if (crd !== undefined || origin === undefined) return APPLY_CRD;
  return either(`with ${origin.way}, where it brings the CRD (in the chart: crds.install=true)`, origin.command);
}

const either = (when: string, command: string): string => [`# ${when}:`, command, '# else:', APPLY_CRD].join('\n');
