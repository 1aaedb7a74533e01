import { GROUP } from '../../operator/api/names.ts';
import type { PolicyRule } from '../../operator/api/rights.ts';

/** A ClusterRole for people, which one of Kubernetes' own takes in. */
export interface UserRole {
  /** Behind the operator's name and a hyphen. */
  readonly name: string;
  /** The role of Kubernetes whose holders get it: view, edit or admin. */
  readonly aggregateTo: string;
  readonly rules: readonly PolicyRule[];
}

const DEPLOYMENTS = 'deepseekdeployments';

const on = (resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  apiGroups: [GROUP],
  resources,
  verbs,
});

const READING = on([DEPLOYMENTS, `${DEPLOYMENTS}/status`], ['get', 'list', 'watch']);
const WRITING = [
  on([DEPLOYMENTS], ['create', 'update', 'patch', 'delete', 'deletecollection']),
  on([`${DEPLOYMENTS}/scale`], ['get', 'update', 'patch']),
];

/** For people: models are seen, edited and owned by whoever may do so with Kubernetes' own objects. */
export const USER_ROLES: readonly UserRole[] = [
  { name: 'viewer', aggregateTo: 'view', rules: [READING] },
  { name: 'editor', aggregateTo: 'edit', rules: [READING, ...WRITING] },
  // The status is the operator's memory: who writes it should know what he does.
  {
    ...{ name: 'admin', aggregateTo: 'admin' },
    rules: [READING, ...WRITING, on([`${DEPLOYMENTS}/status`], ['update', 'patch'])],
  },
];
