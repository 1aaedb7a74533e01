import type { DeepSeekDeployment, OperatorDefaults } from '../../api/index.ts';
import type { EngineContainer } from '../../engines/index.ts';
import type { PlanResult, ServingPlan } from '../../planner/types.ts';
import { mirroredImage } from '../../resources/mirrored-image.ts';
import type { DefaultsReading } from '../snapshot.ts';

/**
 * The deployment as its pods are rendered in a cluster with defaults: what its spec leaves open is filled in. The revision is
 * still that of the spec alone, so that a change of the defaults makes none.
 */
export function withDefaults(
  deployment: DeepSeekDeployment,
  plan: ServingPlan,
  defaults: OperatorDefaults,
): DeepSeekDeployment {
  const { spec } = deployment;
  const { nodeSelector, runtimeClassName, tolerations, imagePullSecrets, huggingFaceEndpoint } = defaults;
  const { accelerator, podTemplate, model } = spec;
  const runtimeClass = accelerator.runtimeClassName ?? (plan.gpusPerReplica > 0 ? runtimeClassName : undefined);
  const tolerated = [
    ...(accelerator.tolerations ?? []),
    ...(tolerations ?? []).filter(
      ({ key, effect }) => !accelerator.tolerations?.some((other) => other.key === key && other.effect === effect),
    ),
  ];
  const secrets = [...(podTemplate?.imagePullSecrets ?? []), ...(imagePullSecrets ?? [])];
  const pullSecrets = [...new Map(secrets.map((secret) => [secret.name, secret])).values()];
  const endpoint = plan.model.source === 'HuggingFace' ? huggingFaceEndpoint : undefined;
  return {
    ...deployment,
    spec: {
      ...spec,
      accelerator: {
        ...accelerator,
        ...(nodeSelector && { nodeSelector: { ...nodeSelector, ...accelerator.nodeSelector } }),
        ...(runtimeClass !== undefined && { runtimeClassName: runtimeClass }),
        ...(tolerated.length > 0 && { tolerations: tolerated }),
      },
      ...(pullSecrets.length > 0 && { podTemplate: { ...podTemplate, imagePullSecrets: pullSecrets } }),
      ...(endpoint !== undefined && {
        model: {
          ...model,
          source: { ...model.source, huggingFace: { endpoint, ...model.source?.huggingFace } },
        },
      }),
    },
  };
}

/** The containers with images from the cluster's mirrors. One that the user has named is where he says. */
export function fromMirrors(
  engine: EngineContainer,
  { engine: named }: DeepSeekDeployment['spec'],
  { registryMirrors: mirrors }: OperatorDefaults,
): EngineContainer {
  if (mirrors === undefined) return engine;
  return {
    ...engine,
    ...(named?.image === undefined && { image: mirroredImage(engine.image, mirrors) }),
    initContainers: engine.initContainers.map((container) => ({
      ...container,
      ...(container.image !== undefined && { image: mirroredImage(container.image, mirrors) }),
    })),
  };
}

/**
 * Judges a plan that is about to be rendered by the state of the defaults. With none that were ever valid nothing is rendered: what
 * is stored in a revision stays, and pods that pull from the wrong place would never start.
 */
export function judgeDefaults(result: PlanResult, defaults: DefaultsReading | undefined): PlanResult {
  const { value, problem } = defaults ?? {};
  if (!result.accepted || problem === undefined) return result;
  if (value === undefined) {
    return {
      accepted: false,
      reason: 'DefaultsInvalid',
      message: `the operator's defaults are not valid, and no new revision is made until they are: ${problem}`,
      alternatives: [],
    };
  }
  const warning = `the operator's defaults are not valid, and the last valid ones were used: ${problem}`;
  return { ...result, plan: { ...result.plan, warnings: [...result.plan.warnings, warning] } };
}

/** How soon defaults that kept a revision from being made are read again, milliseconds: no watch tells of a file. */
export const DEFAULTS_AGAIN_MS = 15_000;
