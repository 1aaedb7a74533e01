import type { KubeObject } from '../../kube/types.ts';
import type { Decision } from '../decide/judgement.ts';
import type { LiveHttpRoute } from '../gateway.ts';
import type { LiveDeployment } from '../snapshot.ts';
import { type Before, deploymentOf, selectedBy, unpermitted } from './permissions.ts';
import type { World } from './world.ts';

type Objects = Before['objects'];

const readyOf = (objects: Objects, name: string, revision: string | undefined): number =>
  deploymentOf(objects, name, revision)?.status?.readyReplicas ?? 0;

/**
 * What one pass of `decide` must not do, seen in what it wrote and said; each violation as a sentence.
 *
 * @param before what it found
 * @param world what it left
 */
export function violations(before: Before, decision: Decision, world: World): string[] {
  const { objects } = before;
  return [
    ...traffic(objects, decision, world),
    ...shares(objects, world),
    ...templates(objects, world),
    ...truth(objects, world),
    ...unpermitted(before, decision, world),
  ];
}

/** The active Service moves to what is ready, and what it selects stays. */
function* traffic(before: Objects, { rollout }: Decision, { objects, deployment }: World): Generator<string> {
  const { name } = deployment.metadata;
  const [from, to] = [selectedBy(before, name), selectedBy(objects, name)];
  if (from !== undefined && to === undefined) yield 'the active Service selects no revision any more';
  const { replicas = 1 } = deployment.spec;
  if (from !== undefined && to !== from && readyOf(before, name, to) === 0 && readyOf(before, name, from) > 0)
    yield `the traffic moves from ${from}, which is ready, to ${to ?? 'nothing'}, which is not`;
  if (from === undefined || to !== from) return;
  const [was, is] = [deploymentOf(before, name, to), deploymentOf(objects, name, to)];
  if (was !== undefined && is === undefined) yield `the Deployment of ${to} is deleted, which serves`;
  const isRecreate = rollout.memory.way === 'Recreate';
  if ((was?.spec?.replicas ?? 0) > 0 && is?.spec?.replicas === 0 && replicas > 0 && !isRecreate)
    yield `what serves (${to}) is sized to 0`;
}

/** Pods to which the gateway sends requests stay, as long as something is to serve. */
function* shares(before: Objects, { objects, deployment }: World): Generator<string> {
  const { name } = deployment.metadata;
  const route = objects.get(`HTTPRoute/${name}`) as LiveHttpRoute | undefined;
  if ((deployment.spec.replicas ?? 1) === 0) return;
  for (const { name: service, weight = 1 } of route?.spec?.rules?.at(-1)?.backendRefs ?? []) {
    const sizeOf = (at: Objects) =>
      (at.get(`Deployment/${service}`) as LiveDeployment | undefined)?.spec?.replicas ?? 0;
    if (weight > 0 && sizeOf(before) > 0 && sizeOf(objects) === 0)
      yield `the gateway sends ${weight} % of the requests to ${service}, and its pods go`;
  }
}

/** The template of a revision never changes, nor does its record. */
function* templates(before: Objects, { objects }: World): Generator<string> {
  for (const [key, object] of before) {
    const after = objects.get(key);
    if (after === undefined || after.metadata.uid !== object.metadata.uid) continue;
    const of = (one: KubeObject): unknown =>
      one.kind === 'Deployment' ? (one as LiveDeployment).spec?.template : (one as { data?: unknown }).data;
    if (JSON.stringify(of(object)) !== JSON.stringify(of(after))) yield `the template in ${key} has changed`;
  }
}

/** The status says what is. */
function* truth(before: Objects, { deployment, objects }: World): Generator<string> {
  const { metadata, status } = deployment;
  const { name } = metadata;
  if (status === undefined) return;
  const holds = (type: string) =>
    status.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
  if (status.observedGeneration !== metadata.generation)
    yield `generation ${status.observedGeneration ?? 0} is observed of ${metadata.generation ?? 0}`;
  const serving = status.serving?.revision;
  const selected = selectedBy(objects, name);
  if (selected !== undefined && serving !== undefined && serving !== selected)
    yield `${serving} is said to serve, and ${selected} is selected`;
  const ready = readyOf(before, name, serving);
  if ((status.readyReplicas ?? 0) > ready)
    yield `${status.readyReplicas ?? 0} ready replicas are said to be, of ${ready}`;
  if (holds('Available') && ready === 0) yield 'Available, and nothing is ready';
  if (holds('Ready') && ready < (deployment.spec.replicas ?? 1)) yield `Ready, with ${ready} ready replicas`;
  if (holds('Ready') && holds('Stalled')) yield 'Ready and Stalled';
  for (const { type, observedGeneration } of status.conditions ?? [])
    if (observedGeneration !== metadata.generation) yield `${type} is of generation ${observedGeneration ?? 0}`;
}
