import { ANNOTATION } from '../../api/index.ts';
import { childNames, revisionInName } from '../../resources/names.ts';
import { type Intent, targetOf } from './intents.ts';

/**
 * What an intent has to come after, as `<kind>/<name>`, or `<kind>` for whatever there is of it: when something stands in the way of one of these it is left
 * undone too, and everything else goes on. `owner` is the name of the DeepSeekDeployment.
 */
export function prerequisitesOf(owner: string, intent: Intent): string[] {
  const { kind, name } = targetOf(owner, intent);
  const itself = `${kind}/${name}`;
  const active = `Service/${owner}`;
  if (itself === active) return [itself, ...beforeTraffic(owner, intent)];
  const revision = revisionInName(owner, name);
  if (revision === undefined) return [itself, ...(intent.type === 'Delete' ? [active] : [])];
  const { deployment, controllerRevision, serviceAccount } = childNames(owner, revision);
  // Nothing goes before the traffic has left it, and before the verdict on it is written down.
  if (intent.type === 'Delete') {
    return [itself, active, 'HTTPRoute', `ControllerRevision/${controllerRevision}`, `Deployment/${deployment}`];
  }
  // A gateway that has not been told sends requests to pods that go.
  if (intent.type === 'Apply' && intent.shrinks === true) return [itself, 'HTTPRoute'];
  const begins = intent.type === 'Create' || (intent.type === 'Apply' && intent.begins === true);
  if (!begins || kind === 'ControllerRevision') return [itself];
  // No GPU is loaded for what can have no Service, no account or no record, or would be open to everybody against the spec.
  if (kind === 'Deployment') {
    return [
      ...[itself, active, `NetworkPolicy/${owner}`],
      ...[`ServiceAccount/${serviceAccount}`, `ControllerRevision/${controllerRevision}`],
    ];
  }
  return [itself, `Deployment/${deployment}`];
}

/** The traffic moves onto what is there, and protected. */
function beforeTraffic(owner: string, intent: Intent): string[] {
  if (intent.type !== 'Apply' && intent.type !== 'Create') return [];
  const serving = intent.object.metadata?.annotations?.[ANNOTATION.servingRevision] ?? '';
  const { deployment, podDisruptionBudget } = childNames(owner, serving);
  return [`Deployment/${deployment}`, `PodDisruptionBudget/${podDisruptionBudget}`];
}
