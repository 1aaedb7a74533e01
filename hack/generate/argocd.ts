import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { GROUP, KIND } from '../../operator/api/names.ts';
import { GENERATED, type GeneratedFile } from './file.ts';

const FOLDER = fileURLToPath(new URL('../../manifests/argocd/', import.meta.url));
const lua = (name: string): string => readFileSync(`${FOLDER}${name}`, 'utf8');

/** Orders that Argo CD offers, as its resource actions. */
export const ACTIONS = ['promote', 'abort', 'rollback', 'retry'] as const;
export type ArgoAction = (typeof ACTIONS)[number];

/** The health script. */
export const healthScript = (): string => lua('health.lua');
/** What says which actions there are. */
export const discoveryScript = (): string => lua('actions/discovery.lua');
/** What one of them does. */
export const actionScript = (verb: ArgoAction): string => `local VERB = "${verb}"\n${lua('actions/order.lua')}`;

function configMap(): object {
  const actions = {
    'discovery.lua': discoveryScript(),
    definitions: ACTIONS.map((name) => ({ name, 'action.lua': actionScript(name) })),
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
    data: {
      [`resource.customizations.health.${GROUP}_${KIND}`]: healthScript(),
      [`resource.customizations.actions.${GROUP}_${KIND}`]: stringify(actions, { lineWidth: 0 }),
    },
  };
}

/** The scripts as the keys of argocd-cm: to be merged into the one that is there. */
export const argocdFiles: readonly GeneratedFile[] = [
  {
    path: 'manifests/argocd/argocd-cm.yaml',
    render: () =>
      `# ${GENERATED}\n# Merge into what is there: kubectl patch configmap argocd-cm -n argocd --patch-file manifests/argocd/argocd-cm.yaml\n${stringify(configMap(), { lineWidth: 0 })}`,
  },
];
