import type { DeepSeekDeployment, EngineType } from '../api/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import type { EngineContainer } from './types.ts';
import { renderVLLM } from './vllm.ts';

type Render = (plan: ServingPlan, deployment: DeepSeekDeployment) => EngineContainer;

/** One renderer per engine that the catalogue has; the planner refuses the others. */
const RENDERERS: Readonly<Partial<Record<EngineType, Render>>> = { vLLM: renderVLLM };

/** What the engine of this plan needs of its pod. Throws RangeError on a plan of an engine that nothing renders. */
export function renderEngine(plan: ServingPlan, deployment: DeepSeekDeployment): EngineContainer {
  const render = RENDERERS[plan.engine.type];
  if (render === undefined) throw new RangeError(`no renderer for the engine ${plan.engine.type}`);
  return render(plan, deployment);
}

export type { EngineContainer } from './types.ts';
