import { LABEL, MANAGER } from '../../operator/api/names.ts';

/** What the pods of the operator are selected by. Never changes: a selector cannot be. */
export const SELECTOR = { [LABEL.appName]: MANAGER } as const;

/** Labels of all that is installed. */
export const LABELS = { ...SELECTOR, 'app.kubernetes.io/part-of': MANAGER } as const;

/** The ConfigMap with what the cluster wants of every model. */
export const DEFAULTS_CONFIG_MAP = `${MANAGER}-defaults`;

/** Metadata of an object of the installation; without a namespace for what has none. */
export function metadata(name: string, namespace?: string) {
  return { name, ...(namespace !== undefined && { namespace }), labels: { ...LABELS } };
}
