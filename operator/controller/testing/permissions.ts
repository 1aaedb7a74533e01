import { ANNOTATION, type DeepSeekDeployment, LABEL } from '../../api/index.ts';
import type { KubeObject } from '../../kube/types.ts';
import { parseOrder } from '../../rollout/orders.ts';
import { isBeforeSwitch } from '../../rollout/machine/table.ts';
import { rolloutSettings } from '../../rollout/settings.ts';
import { windowState } from '../../rollout/windows.ts';
import type { Decision } from '../decide/judgement.ts';
import type { LiveDeployment, LiveMeta, LiveService } from '../snapshot.ts';
import type { World } from './world.ts';

/** What a pass has found. */
export interface Before {
  readonly objects: ReadonlyMap<string, KubeObject>;
  readonly deployment: DeepSeekDeployment & { readonly metadata: LiveMeta };
}

type Objects = Before['objects'];

export const selectedBy = (objects: Objects, name: string): string | undefined =>
  (objects.get(`Service/${name}`) as LiveService | undefined)?.spec?.selector?.[LABEL.revision];
export const deploymentOf = (
  objects: Objects,
  name: string,
  revision: string | undefined,
): LiveDeployment | undefined => objects.get(`Deployment/${name}-${revision ?? ''}`) as LiveDeployment | undefined;
const sizeOf = (objects: Objects, name: string, revision: string | undefined): number =>
  deploymentOf(objects, name, revision)?.spec?.replicas ?? 0;
const isMarked = (objects: Objects, name: string, revision: string | undefined): boolean => {
  const annotations = objects.get(`ControllerRevision/${name}-${revision ?? ''}`)?.metadata.annotations ?? {};
  return annotations[ANNOTATION.failed] !== undefined || annotations[ANNOTATION.held] !== undefined;
};

/** The order that a pass has found, if it was not handled yet; whoever it is for. */
function orderOf({ deployment }: Before) {
  const text = deployment.metadata.annotations?.[ANNOTATION.order] ?? '';
  return text === deployment.status?.handledOrder ? undefined : parseOrder(text);
}

/**
 * What a pass may do only with leave, seen in what it wrote: of a proof, of a pause and the windows, of an order for this object and
 * this revision, of the GPUs that the way promises. The same is asked of each step of the machine alone (rollout/machine/testing).
 */
export function* unpermitted(before: Before, decision: Decision, world: World): Generator<string> {
  yield* moves(before, decision, world);
  yield* holds(before, decision, world);
  yield* obeys(before, decision);
  yield* sizes(before, decision, world);
}

/** The traffic moves on once the version is proven, and neither in a pause nor outside of the windows. */
function* moves(
  before: Before,
  { rollout }: Decision,
  { objects, deployment, observations, now }: World,
): Generator<string> {
  const { name } = deployment.metadata;
  const { memory, weight, candidate } = rollout;
  const [from, to] = [selectedBy(before.objects, name), selectedBy(objects, name)];
  const settings = rolloutSettings(deployment.spec);
  const isProofOff = settings.proof.warmUpRequests + settings.proof.pairedRequests === 0;
  const said = before.deployment.status?.rollout;
  const wasProven = said?.attempt === memory.attempt && said.verdicts?.some(({ stage }) => stage === 'Proof') === true;
  const isOn = isBeforeSwitch(rollout.phase) || rollout.phase === 'Switching';
  const isProven = memory.verdicts?.some(({ stage }) => stage === 'Proof') === true;
  const proof = observations.proofs.get(`${memory.candidate ?? ''}/${memory.attempt}`);
  if (isProven && !wasProven && isOn && !isProofOff && proof === undefined)
    yield `${memory.candidate ?? '-'} is remembered as proven, and its proof has not ended`;
  if (weight > 0 && !isProven && !isProofOff)
    yield `${weight} % of the traffic goes to ${candidate ?? '-'} without a proof`;
  // Back, or to whatever takes over where nothing answers.
  if (from === undefined || to === from || rollout.phase !== 'Switching') return;
  if (!isProven && !isProofOff) yield `the traffic moves to ${to ?? '-'} without a proof`;
  const isDark = memory.way === 'Recreate' && sizeOf(before.objects, name, from) === 0;
  if (settings.paused && !isDark) yield `the traffic moves to ${to ?? '-'}, and it is paused`;
  if (!windowState(settings.maintenanceWindows, now).open && !isDark)
    yield `the traffic moves to ${to ?? '-'}, and no window is open`;
  const isAsked = settings.promotion === 'Manual' && settings.canary === undefined;
  if (isAsked && memory.promoted !== true) yield `the traffic moves to ${to ?? '-'}, and nobody has promoted it`;
}

/** What was taken back stays so until a retry is ordered, or the spec has asked for something else. */
function* holds(before: Before, { rollout, intents }: Decision, { objects, deployment }: World): Generator<string> {
  const { name } = deployment.metadata;
  const { candidate, phase } = rollout;
  const order = orderOf(before);
  const isRetried = order?.verb === 'retry' && order.revision === candidate;
  if (candidate === undefined || !isMarked(before.objects, name, candidate) || isRetried) return;
  // While it is dropped or taken back, the spec may ask for another one.
  const isWanted = phase === 'Held' || isBeforeSwitch(phase);
  if (
    isWanted &&
    intents.length > 0 &&
    !isMarked(objects, name, candidate) &&
    objects.has(`ControllerRevision/${name}-${candidate}`)
  )
    yield `${candidate} is forgiven, and is what is asked for`;
  if (isBeforeSwitch(phase) && phase !== 'Waiting') yield `${candidate}, which was taken back, is tried again`;
}

/** An order counts for the object and the revision that it names. */
function* obeys(before: Before, { rollout, status }: Decision): Generator<string> {
  const order = orderOf(before);
  const { uid } = before.deployment.metadata;
  const isOurs = order?.uid === uid;
  for (const { event } of rollout.taken) {
    if (event.startsWith('Order') && event !== `Order${capital(order?.verb ?? '')}`)
      yield `${event}, which nobody has ordered`;
    if (event.startsWith('Order') && !isOurs) yield `${event}, and the order is for ${order?.uid ?? 'nobody'}`;
  }
  const { promoted, candidate } = rollout.memory;
  const attempt = before.deployment.status?.rollout;
  const isNew = promoted === true && (attempt?.promoted !== true || attempt.attempt !== rollout.memory.attempt);
  if (isNew && order?.revision !== candidate)
    yield `${candidate ?? '-'} is promoted, and ${order?.revision ?? 'nothing'} was to be`;
  const isRestarted = status.restart?.startedAt !== before.deployment.status?.restart?.startedAt;
  const isOrdered = isOurs && order.verb === 'restart' && order.revision === rollout.serving;
  if (isRestarted && status.restart !== undefined && !isOrdered) yield 'a restart begins, and nobody has ordered it';
}

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

/** No version is forgotten, and a Recreate stops the old one once the status has said so and pods are there that get its GPUs. */
function* sizes(before: Before, { rollout, obstacle }: Decision, { objects, deployment }: World): Generator<string> {
  const { name } = deployment.metadata;
  const { memory, serving, candidate, replicas } = rollout;
  for (const [key, object] of objects) {
    if (!key.startsWith('Deployment/')) continue;
    const revision = object.metadata.labels?.[LABEL.revision] ?? '';
    const [size, wanted] = [sizeOf(objects, name, revision), replicas.get(revision) ?? 0];
    // What the gateway may send requests to stays as it is.
    const kept = obstacle === undefined ? 0 : sizeOf(before.objects, name, revision);
    if (size > Math.max(wanted, kept)) yield `${revision} has ${size} replicas, and ${wanted} are wanted`;
  }
  const has = sizeOf(before.objects, name, serving);
  const isStopped = has > 0 && sizeOf(objects, name, serving) === 0 && (deployment.spec.replicas ?? 1) > 0;
  if (!isStopped || memory.way !== 'Recreate' || !isBeforeSwitch(rollout.phase)) return;
  if (before.deployment.status?.rollout?.way !== 'Recreate')
    yield `Recreate: ${serving ?? '-'} stops before the status says so`;
  if (deploymentOf(before.objects, name, candidate) === undefined)
    yield `Recreate: ${serving ?? '-'} stops before there are pods of ${candidate ?? '-'}`;
}
