import type { ObjectMeta } from '../../operator/kube/types.ts';

/** Who keeps an object as it is in Git. */
export interface GitOpsOwner {
  /** `Argo CD application shop-prod`. */
  readonly name: string;
  /** It declares `spec.rollout.paused` itself, so that its next sync certainly takes a change back. */
  readonly ownsPaused: boolean;
}

interface Sign {
  readonly product: string;
  /** Labels and annotations whose value names the owner. */
  readonly keys: readonly string[];
  /** What of the value is the owner's name. */
  readonly nameOf: (value: string) => string;
  readonly managers: readonly string[];
}

/**
 * How each product marks what it applies. Argo CD's older default label, `app.kubernetes.io/instance`, is Helm's as well,
 * and says nothing by itself: there the field manager does.
 */
const SIGNS: readonly Sign[] = [
  {
    product: 'Argo CD application',
    keys: ['argocd.argoproj.io/tracking-id', 'argocd.argoproj.io/instance'],
    nameOf: (value) => value.split(':')[0] ?? value,
    managers: ['argocd-controller', 'argocd-application-controller'],
  },
  {
    product: 'Flux Kustomization',
    keys: ['kustomize.toolkit.fluxcd.io/name'],
    nameOf: (value) => value,
    managers: ['kustomize-controller'],
  },
  {
    product: 'Flux HelmRelease',
    keys: ['helm.toolkit.fluxcd.io/name'],
    nameOf: (value) => value,
    managers: ['helm-controller'],
  },
];

/** The GitOps tool that applies an object, by its labels, annotations and field managers; undefined: none that we know. */
export function gitOpsOwner({
  labels = {},
  annotations = {},
  managedFields = [],
}: ObjectMeta): GitOpsOwner | undefined {
  for (const { product, keys, nameOf, managers } of SIGNS) {
    const value = keys.map((key) => annotations[key] ?? labels[key]).find((found) => found !== undefined);
    const entries = managedFields.filter(({ manager = '' }) => managers.includes(manager));
    if (value === undefined && entries.length === 0) continue;
    const ownsPaused = entries.some(({ fieldsV1 }) => has(fieldsV1, ['f:spec', 'f:rollout', 'f:paused']));
    return { name: value === undefined ? product : `${product} ${nameOf(value)}`, ownsPaused };
  }
  return undefined;
}

function has(fields: unknown, [key, ...rest]: readonly string[]): boolean {
  if (key === undefined) return true;
  return typeof fields === 'object' && fields !== null && has((fields as Record<string, unknown>)[key], rest);
}
