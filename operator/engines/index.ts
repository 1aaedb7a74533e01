import type { DeepSeekDeployment, EngineType } from '../api/index.ts';
import { CATALOG } from '../catalog/index.ts';
import type { Catalog, EngineVersion } from '../catalog/index.ts';
import type { ServingPlan } from '../planner/index.ts';
import { engineVersion } from './container.ts';
import { renderLlamaCpp } from './llama-cpp.ts';
import { renderSGLang } from './sglang.ts';
import { renderTensorRTLLM } from './tensorrt-llm.ts';
import type { EngineContainer } from './types.ts';
import { renderVLLM } from './vllm.ts';

type Render = (plan: ServingPlan, deployment: DeepSeekDeployment, version: EngineVersion) => EngineContainer;

const RENDERERS: Readonly<Record<EngineType, Render>> = {
  vLLM: renderVLLM,
  SGLang: renderSGLang,
  'TensorRT-LLM': renderTensorRTLLM,
  'llama.cpp': renderLlamaCpp,
};

/** What the engine of this plan needs of its pod. Throws RangeError on a plan that was made with another catalogue. */
export function renderEngine(
  plan: ServingPlan,
  deployment: DeepSeekDeployment,
  catalog: Catalog = CATALOG,
): EngineContainer {
  return RENDERERS[plan.engine.type](plan, deployment, engineVersion(plan.engine, catalog));
}

export { batchSizeOf } from './batch-size.ts';
export { metricNames } from './container.ts';
export type { EngineContainer } from './types.ts';
