import { App, Chart, Include } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { fileURLToPath } from 'node:url';
import { monitors } from './monitors.ts';
import { LABELS } from './names.ts';
import { network } from './network.ts';
import { DEFAULTS, type InstallOptions } from './options.ts';
import { operatorRoles, userRoles } from './roles.ts';
import { hasWebhook, webhook } from './webhook.ts';
import { workload } from './workload.ts';

const CRDS = fileURLToPath(new URL('../../crds', import.meta.url));

/** All that an installation of the operator is, but what outlives it: see DeepSeekDefinitions. */
export class DeepSeekOperator extends Chart {
  constructor(scope: Construct, id: string, options: Partial<InstallOptions> = {}) {
    super(scope, id, { disableResourceNameHashes: true });
    const all = { ...DEFAULTS, ...options };
    workload(this, all);
    if (hasWebhook(all)) webhook(this, all);
    operatorRoles(this, all);
    network(this, all);
    monitors(this, all);
  }
}

/**
 * The CRD, the roles of its users, the priority class of models and the operator's namespace: installed before it, and left when it
 * goes, since models stay. Pull secrets, defaults and models in that namespace are other people's.
 */
export class DeepSeekDefinitions extends Chart {
  constructor(
    scope: Construct,
    id: string,
    { namespace = DEFAULTS.namespace }: Pick<Partial<InstallOptions>, 'namespace'> = {},
  ) {
    super(scope, id);
    new k8s.KubeNamespace(this, 'Namespace', {
      metadata: { name: namespace, labels: { ...LABELS, 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    for (const file of ['deepseekdeployments.yaml', 'priorityclass.yaml'])
      new Include(this, file, { url: `${CRDS}/${file}` });
    userRoles(this);
  }
}

/** The objects of an installation, in the order in which they are to be applied. */
export function synthesize(options: Partial<InstallOptions> = {}): object[] {
  const app = new App();
  return new DeepSeekOperator(app, 'operator', options).toJson() as object[];
}

/** What has to be there before, and stays. */
export function synthesizeDefinitions(): object[] {
  return new DeepSeekDefinitions(new App(), 'definitions').toJson() as object[];
}
