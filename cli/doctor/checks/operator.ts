import { parse } from 'yaml';
import { DEFAULTS_KEY, operatorDefaults, whatIsWrong } from '../../../operator/api/index.ts';
import { formatDuration } from '../../support/ages.ts';
import type { Facts, InstalledOperator } from '../facts.ts';
import { absent, count, type Finding, ok, problem, valueOf, warning } from '../finding.ts';
import { INSTALL, reinstall, UPGRADE_PLUGIN } from '../installation.ts';
import { askFor, permissionsOf } from './access.ts';

/** A holder that has not renewed for so long is gone; leases are of 15 s, and clocks differ. */
const LEASE_IS_OLD_SECONDS = 60;

/** The operator itself, its rights, its webhook and its defaults. */
export function checkOperator(facts: Facts): Finding[] {
  const { operators } = facts;
  if (operators.state !== 'known') {
    const why = operators.state === 'unknown' ? operators.why : 'no Deployments';
    return [warning('Operator', `The operator cannot be seen: ${why}.`, askFor('list', 'deployments -A'))];
  }
  if (operators.value.length === 0) {
    return [problem('Operator', 'No Deployment of the operator is in the cluster: nothing acts on models.', INSTALL)];
  }
  const [first, second] = operators.value;
  const several =
    second === undefined
      ? []
      : [
          warning(
            'Operator',
            `${operators.value.length} installations: two that serve the same namespaces undo each other's work.`,
            'kubectl get deployments -A -l app.kubernetes.io/name=deepseek-operator',
          ),
        ];
  return [
    ...(first === undefined ? [] : operators.value.flatMap((one) => checkOne(one, facts))),
    ...several,
    ...checkWebhook(facts),
  ];
}

function checkOne(operator: InstalledOperator, facts: Facts): Finding[] {
  return [
    checkPods(operator),
    ...checkVersion(operator, facts.version),
    checkLease(operator, facts.now),
    ...checkDefaults(operator, facts),
    ...checkRights(operator),
  ];
}

function checkPods({ deployment, namespace }: InstalledOperator): Finding {
  const { name } = deployment.metadata;
  const wanted = deployment.spec?.replicas ?? 1;
  const available = deployment.status?.availableReplicas ?? 0;
  if (wanted === 0) {
    const scale = `kubectl -n ${namespace} scale deployment ${name} --replicas=2`;
    return problem('Operator', `${namespace}/${name} is scaled to 0: nothing acts on models.`, scale);
  }
  const message = `${namespace}/${name}: ${available} of ${count(wanted, 'replica')} available`;
  const look = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=deepseek-operator`;
  if (available === 0) return problem('Operator', `${message}: nothing acts on models.`, look);
  return available < wanted ? warning('Operator', `${message}.`, look) : ok('Operator', message);
}

function checkVersion({ image }: InstalledOperator, version: string): Finding[] {
  const tag = /:([^/@:]+)(?:@.*)?$/.exec(image)?.[1];
  if (tag === undefined || version === 'development') return [ok('Operator', `Image ${image}`)];
  if (tag.replace(/^v/, '') === version) return [ok('Operator', `Image ${image}, of this plugin's version`)];
  const message = `The operator is ${image}, the plugin ${version}: plans that they make may differ.`;
  return [warning('Operator', message, UPGRADE_PLUGIN)];
}

function checkLease({ lease, namespace, flags }: InstalledOperator, now: number): Finding {
  if (flags.get('leader-elect') === 'false') return ok('Operator', 'Runs without leader election');
  const logs = `kubectl -n ${namespace} logs -l app.kubernetes.io/name=deepseek-operator --tail=50`;
  if (lease.state === 'unknown')
    return warning('Operator', `Its Lease cannot be seen: ${lease.why}.`, askFor('get', `leases -n ${namespace}`));
  const { holderIdentity: holder = '', renewTime } = valueOf(lease)?.spec ?? {};
  if (holder === '') return problem('Operator', 'No replica leads: nothing acts on models.', logs);
  const age = (now - Date.parse(String(renewTime))) / 1000;
  const pod = holder.split('_', 1)[0] ?? holder;
  if (!(age <= LEASE_IS_OLD_SECONDS)) {
    return problem(
      'Operator',
      `The leader ${pod} renewed its Lease ${formatDuration(age)} ago: nothing acts on models.`,
      logs,
    );
  }
  return ok('Operator', `${pod} leads, its Lease renewed ${formatDuration(age)} ago`);
}

function checkDefaults({ defaults, namespace }: InstalledOperator, { runtimeClasses }: Facts): Finding[] {
  if (defaults.state !== 'known') return [];
  const { name } = defaults.value.metadata;
  const edit = `kubectl -n ${namespace} edit configmap ${name}`;
  const text = defaults.value.data?.[DEFAULTS_KEY];
  if (text === undefined) return [problem('Operator', `The ConfigMap ${name} has no key ${DEFAULTS_KEY}.`, edit)];
  let content: unknown;
  try {
    content = parse(text) ?? {};
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
    return [problem('Operator', `The defaults in ConfigMap ${name} are no YAML: ${why}`, edit)];
  }
  const wrong = whatIsWrong(content);
  if (wrong !== undefined)
    return [problem('Operator', `The defaults in ConfigMap ${name} are not valid: ${wrong}.`, edit)];
  const { runtimeClassName } = operatorDefaults.parse(content);
  const classes = valueOf(runtimeClasses)?.map(({ metadata }) => metadata.name);
  if (runtimeClassName !== undefined && classes?.includes(runtimeClassName) === false) {
    return [
      problem(
        'Operator',
        `The defaults name the RuntimeClass ${runtimeClassName}, which is not there.`,
        `kubectl get runtimeclasses\n# name one of these in the defaults, or none:\n${edit}`,
      ),
    ];
  }
  const set = Object.keys(content as object);
  return [ok('Operator', `Defaults for new revisions: ${set.length === 0 ? 'none' : set.join(', ')}`)];
}

function checkRights(operator: InstalledOperator): Finding[] {
  const { lacks, serviceAccount, namespace } = operator;
  const who = `${namespace}/${serviceAccount}`;
  if (lacks.state !== 'known') {
    const why = lacks.state === 'unknown' ? lacks.why : 'the API does not tell';
    return [warning('Rights', `What ${who} may do cannot be asked: ${why}.`, askFor('create', 'subjectaccessreviews'))];
  }
  const needed = lacks.value.filter(({ without }) => without === undefined);
  const optional = lacks.value.filter(({ without }) => without !== undefined);
  const consequences = [...new Set(optional.map(({ without }) => without))].join('; ');
  return [
    ...(lacks.value.length === 0 ? [ok('Rights', `The ServiceAccount ${who} may do all that the operator does`)] : []),
    ...(needed.length === 0
      ? []
      : [problem('Rights', `The ServiceAccount ${who} may not ${permissionsOf(needed)}.`, reinstall(operator))]),
    ...(optional.length === 0
      ? []
      : [
          warning(
            'Rights',
            `The ServiceAccount ${who} may not ${permissionsOf(optional)}. ${consequences}.`,
            reinstall(operator),
          ),
        ]),
  ];
}

function checkWebhook({ webhooks }: Facts): Finding[] {
  const ours = (valueOf(webhooks) ?? []).flatMap(({ metadata, webhooks: hooks = [] }) =>
    hooks.flatMap((hook) =>
      hook.rules?.some(({ apiGroups }) => apiGroups?.includes('deepseek-operator.io')) === true
        ? [{ configuration: metadata.name, ...hook }]
        : [],
    ),
  );
  if (webhooks.state !== 'known') return [];
  if (ours.length === 0)
    return [absent('Operator', 'No admission webhook: the verdict on a model is in its conditions alone')];
  return ours.map(({ configuration, failurePolicy = 'Fail', clientConfig }) => {
    if (clientConfig?.caBundle === undefined || clientConfig.caBundle === '') {
      const message = `The webhook ${configuration} has no caBundle: the operator has not set it yet, and it is not called with success.`;
      const look = 'kubectl get validatingwebhookconfiguration ' + configuration + ' -o yaml';
      return failurePolicy === 'Ignore' ? warning('Operator', message, look) : problem('Operator', message, look);
    }
    return ok('Operator', `Admission webhook ${configuration}, failurePolicy ${failurePolicy}`);
  });
}
