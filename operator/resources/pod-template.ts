import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { type DeepSeekDeployment, GROUP, LABEL, type OperatorDefaults } from '../api/index.ts';
import { ACCELERATORS } from '../catalog/accelerators.ts';
import type { EngineContainer } from '../engines/types.ts';
import type { ServingPlan } from '../planner/types.ts';
import { containerResources } from './container-resources.ts';
import { DRAIN_PROXY_IMAGE, drainProxy, wantsDrainProxy } from './drain-proxy.ts';
import { mirroredImage } from './mirrored-image.ts';
import { childLabels, childNames, revisionSelector } from './names.ts';
import { acceleratorTerms, spread, tolerations, withNodeTerms } from './pod-placement.ts';
import { CONTAINER_SECURITY, podSecurity } from './pod-security.ts';
import { type SharedVolumes, sharedVolumes } from './pod-volumes.ts';
import { HTTP_PORT_NAME } from './service.ts';

/** Name of the container that runs the engine. */
export const ENGINE_CONTAINER = 'engine';

/**
 * The pod template of a revision. It is rendered once, when the revision is made, and then stored: what changes here
 * reaches a model with its next revision and never before. The engine's images are where `engine` says; those of what stands beside
 * it come from the mirrors.
 */
export function renderPodTemplate(
  deployment: DeepSeekDeployment,
  revision: string,
  plan: ServingPlan,
  engine: EngineContainer,
  { registryMirrors = {} }: Pick<OperatorDefaults, 'registryMirrors'> = {},
): IPodTemplateSpec {
  const { spec } = deployment;
  const { name } = deployment.metadata;
  const pod = asWritten(spec.podTemplate ?? {});
  const shared = sharedVolumes(spec, plan);
  const affinity = withNodeTerms(pod.affinity, acceleratorTerms(plan.accelerator.type, ACCELERATORS));
  const resourceName = plan.gpusPerReplica === 0 ? undefined : plan.accelerator.resourceName;
  const { nodeSelector, runtimeClassName, tolerations: tolerated } = asWritten(spec.accelerator);

  const proxy = wantsDrainProxy(spec)
    ? drainProxy(engine, mirroredImage(DRAIN_PROXY_IMAGE, registryMirrors))
    : undefined;
  const initContainers = [...engine.initContainers, ...(proxy ? [proxy.container] : [])];

  const podSpec: IPodSpec = {
    serviceAccountName: pod.serviceAccountName ?? childNames(name, revision).serviceAccount,
    automountServiceAccountToken: false,
    // A Service named `vllm` would set VLLM_PORT=tcp://..., on which vLLM crashes.
    enableServiceLinks: false,
    securityContext: podSecurity(pod.securityContext),
    terminationGracePeriodSeconds: engine.terminationGracePeriodSeconds,
    tolerations: tolerations(tolerated, resourceName),
    topologySpreadConstraints: spread(revisionSelector(name, revision), pod.topologySpreadConstraints),
    ...(initContainers.length > 0 && { initContainers }),
    containers: [engineContainer(spec, plan, engine, shared)],
    volumes: lastBy('name', [
      ...shared.volumes,
      ...engine.volumes,
      ...(proxy ? [proxy.volume] : []),
      ...(pod.volumes ?? []),
    ]),
    ...(affinity && { affinity }),
    ...(nodeSelector && { nodeSelector }),
    ...(runtimeClassName !== undefined && { runtimeClassName }),
    ...(pod.priorityClassName !== undefined && { priorityClassName: pod.priorityClassName }),
    ...(pod.schedulerName !== undefined && { schedulerName: pod.schedulerName }),
    ...(pod.imagePullSecrets && { imagePullSecrets: pod.imagePullSecrets }),
  };
  return {
    metadata: {
      labels: {
        ...withoutReserved(pod.metadata?.labels),
        ...childLabels(deployment, revision),
        // On the pods alone: here it stays true, while a label of the other children would follow the spec.
        [LABEL.appName]: spec.model.name,
      },
      annotations: { ...withoutReserved(pod.metadata?.annotations), ...proxy?.annotations },
    },
    spec: podSpec,
  };
}

function engineContainer(
  spec: DeepSeekDeployment['spec'],
  plan: ServingPlan,
  engine: EngineContainer,
  shared: SharedVolumes,
): IContainer {
  return {
    name: ENGINE_CONTAINER,
    image: engine.image,
    command: [...engine.command],
    args: [...engine.args],
    ...(engine.envFrom && { envFrom: [...engine.envFrom] }),
    env: lastBy('name', [...shared.env, ...engine.env, ...asWritten(spec.engine?.env ?? [])]),
    // Behind a proxy, requests come to the proxy's port.
    ports: [
      { name: wantsDrainProxy(spec) ? ENGINE_CONTAINER : HTTP_PORT_NAME, containerPort: engine.port, protocol: 'TCP' },
    ],
    resources: containerResources(spec, plan, shared.ephemeralStorage),
    volumeMounts: lastBy('mountPath', [
      ...shared.volumeMounts,
      ...engine.volumeMounts,
      ...asWritten(spec.podTemplate?.volumeMounts ?? []),
    ]),
    startupProbe: engine.startupProbe,
    livenessProbe: engine.livenessProbe,
    readinessProbe: engine.readinessProbe,
    ...lifecycle(engine),
    // The end of the log is the best account of why an engine did not start.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: CONTAINER_SECURITY,
  };
}

function lifecycle({ preStopCommand, preStopSeconds }: EngineContainer): Pick<IContainer, 'lifecycle'> {
  if (preStopCommand !== undefined) return { lifecycle: { preStop: { exec: { command: [...preStopCommand] } } } };
  // The kubelet's own sleep: no shell has to be in the image.
  return preStopSeconds > 0 ? { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } } : {};
}

/**
 * One item for each value of `key`, the last one, where the first one stood: what the user adds replaces ours of the same
 * name, and the API server refuses lists with duplicates.
 */
function lastBy<K extends string, T extends Readonly<Record<K, string>>>(key: K, items: readonly T[]): T[] {
  return [...new Map(items.map((item) => [item[key], item])).values()];
}

/** Keys of our own domain are the operator's alone. */
function withoutReserved(map: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => !key.startsWith(`${GROUP}/`)));
}

type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T;

/** What the user wrote in the form of the pod API, as a copy that is ours to place. */
function asWritten<T>(value: T): Mutable<T> {
  return structuredClone(value) as Mutable<T>;
}
