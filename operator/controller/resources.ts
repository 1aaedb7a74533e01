import { GROUP, KIND, PLURAL, VERSION } from '../api/names.ts';
import type { ResourceType } from '../kube/types.ts';
import type { LiveDeepSeekDeployment } from './snapshot.ts';

/** Where DeepSeekDeployments live in the API. */
export const DEEPSEEK_DEPLOYMENTS: ResourceType<LiveDeepSeekDeployment> = {
  group: GROUP,
  version: VERSION,
  plural: PLURAL,
  kind: KIND,
  namespaced: true,
};
