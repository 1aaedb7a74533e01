import { parseDeepSeekDeployment } from '../api/index.ts';
import type { DeepSeekDeployment } from '../api/index.ts';
import { plan } from '../planner/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { renderEngine } from './index.ts';
import type { EngineContainer } from './index.ts';

export function deploymentOf(spec: object): DeepSeekDeployment {
  const parsed = parseDeepSeekDeployment({
    apiVersion: 'deepseek-operator.io/v1alpha1',
    kind: 'DeepSeekDeployment',
    metadata: { name: 'chat', namespace: 'ai' },
    spec,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

export function planned(spec: object): ServingPlan {
  const result = plan(deploymentOf(spec).spec);
  if (!result.accepted) throw new Error(result.message);
  return result.plan;
}

export function render(spec: object): EngineContainer {
  return renderEngine(planned(spec), deploymentOf(spec));
}

export const commandLine = ({ command, args }: EngineContainer): string => [...command, ...args].join(' ');

/** The value after a flag. */
export function valueOf({ args }: Pick<EngineContainer, 'args'>, flag: string): string | undefined {
  const at = args.indexOf(flag);
  return at < 0 ? undefined : args[at + 1];
}
