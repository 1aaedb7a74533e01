import { type Right, RIGHTS, type RightScope } from '../../operator/api/rights.ts';
import { GENERATED, type GeneratedFile } from './file.ts';
import { table } from './markdown.ts';

const SCOPES: Readonly<Record<RightScope, string>> = {
  Models: 'In the namespaces with models',
  Cluster: 'In the whole cluster',
  System: 'In kube-system',
  Own: 'In the operator’s own namespace',
  Webhook: 'In the operator’s own namespace, for the webhook',
  WebhookCluster: 'In the whole cluster, for the webhook',
};

function row({ group, resources, verbs, names, why, without }: Right): string[] {
  const what = resources.map((resource) => `\`${resource}\``).join(', ');
  const which = names === undefined ? '' : ` (${names.join(', ')} alone)`;
  const where = group === '' ? '' : ` (${group})`;
  return [`${what}${where}${which}`, verbs.join(', '), why, without ?? 'It does not work'];
}

function renderReference(): string {
  return [
    `<!-- ${GENERATED} -->`,
    '# Rights',
    'What the operator may ask of the API server, and what becomes of it without. The install manifests grant these rights and no other, and the suites run with them.',
    'With `--watch-namespaces` and Roles in those namespaces alone, all of the first table is granted there, and nothing of the second and third.',
    ...(Object.keys(SCOPES) as RightScope[]).flatMap((scope) => [
      `## ${SCOPES[scope]}`,
      table(['Resource', 'Verbs', 'Why', 'Without it'], RIGHTS.filter((right) => right.scope === scope).map(row)),
    ]),
    'A server-side apply is a `patch`, and needs `create` where the object is not there yet. `GET /version` and the list of API groups are open to every authenticated user.',
  ].join('\n\n');
}

export const rightsReference: GeneratedFile = {
  path: 'docs/reference/rights.md',
  render: () => `${renderReference()}\n`,
};
