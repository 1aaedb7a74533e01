import type { IPodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import { ANNOTATION, KIND } from '../../api/index.ts';
import { revisionInName } from '../../resources/names.ts';
import type { JsonPatchStep } from '../../resources/index.ts';
import type { MonitoringKind } from '../../monitoring/index.ts';
import type { ChildKind } from '../snapshot.ts';
import type { ServicePort } from './port-clash.ts';

/** Every kind that is written whole: those in the caches of children, and the route, which is followed only where it is wanted. */
export type WrittenKind = ChildKind | 'HTTPRoute' | 'ScaledObject' | MonitoringKind;

/** One small, idempotent thing to do. The list is carried out in order. */
export type Intent =
  /** Make a child that must not exist yet; one that does is a name conflict or news that the cache lacks. */
  | {
      readonly type: 'Create';
      readonly kind: WrittenKind;
      readonly object: ChildObject;
      /** Somebody else has deleted it. */
      readonly foreign?: Extract<ForeignChange, { readonly what: 'Deleted' }>;
    }
  /** Bring a child of ours to what we declare. `metadata.uid` makes sure that it is still that one. */
  | {
      readonly type: 'Apply';
      readonly kind: WrittenKind;
      readonly object: ChildObject;
      readonly because: readonly string[];
      /** Somebody else has changed what we declare. */
      readonly foreign?: Extract<ForeignChange, { readonly what: 'Edited' }>;
      /** It takes pods away. */
      readonly shrinks?: boolean;
      /** It makes the first pods of a Deployment that had none. */
      readonly begins?: boolean;
      /** The ports that the Service has to have first; see portsBeforeApply. */
      readonly portsFirst?: readonly ServicePort[];
    }
  /** Put a Deployment's template back whole, after somebody else wrote into it. */
  | {
      readonly type: 'ReplaceTemplate';
      readonly name: string;
      readonly uid: string;
      readonly resourceVersion: string;
      readonly template: IPodTemplateSpec;
      readonly managers: readonly string[];
    }
  | {
      readonly type: 'Delete';
      readonly kind: WrittenKind;
      readonly name: string;
      readonly uid: string;
      readonly because: string;
    }
  /** Set weights in an HTTPRoute of the user's. */
  | { readonly type: 'SetRouteWeights'; readonly name: string; readonly steps: readonly JsonPatchStep[] }
  /** Give pods that are on their way out less time than their own grace period. */
  | { readonly type: 'CutShort'; readonly pods: readonly PodRef[]; readonly graceSeconds: number }
  /** Take one pod away through the Eviction API, so that it is made again: one of an ordered restart. */
  | { readonly type: 'Evict'; readonly pod: PodRef }
  /** Say which pods go first when some have to go; null takes the word back. */
  | { readonly type: 'SetDeletionCost'; readonly pod: PodRef; readonly cost: number | null }
  /** Write spec.replicas through the scale subresource: absent, it blinds an HPA. */
  | { readonly type: 'SetReplicas'; readonly replicas: number };

/** What somebody else has done to a child that was as this operator declares it. */
export type ForeignChange =
  /** `managers`: the field managers who own what is wrong now, sorted; none: it was removed, which leaves no name. */
  | { readonly what: 'Edited'; readonly paths: readonly string[]; readonly managers: readonly string[] }
  | { readonly what: 'Deleted' };

/** One pod, by its UID as well: another one of the same name is left alone. */
export interface PodRef {
  readonly name: string;
  readonly uid: string;
}

/** A child as it is declared. */
export interface ChildObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** An Event on the DeepSeekDeployment. */
export interface EventRecord {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** The object that an intent is about. `owner` is the name of the DeepSeekDeployment. */
export function targetOf(owner: string, intent: Intent): { readonly kind: string; readonly name: string } {
  switch (intent.type) {
    case 'Create':
    case 'Apply':
      return { kind: intent.kind, name: intent.object.metadata?.name ?? '' };
    case 'Delete':
      return { kind: intent.kind, name: intent.name };
    case 'ReplaceTemplate':
      return { kind: 'Deployment', name: intent.name };
    case 'SetReplicas':
      return { kind: KIND, name: owner };
    case 'SetRouteWeights':
      return { kind: 'HTTPRoute', name: intent.name };
    case 'CutShort':
      return { kind: 'Pod', name: intent.pods.map(({ name }) => name).join(', ') };
    case 'Evict':
    case 'SetDeletionCost':
      return { kind: 'Pod', name: intent.pod.name };
  }
}

/** The revision that an intent is about: of its child, or the one that is to serve. */
export function revisionOf(owner: string, intent: Intent): string | undefined {
  const serving =
    intent.type === 'Create' || intent.type === 'Apply'
      ? intent.object.metadata?.annotations?.[ANNOTATION.servingRevision]
      : undefined;
  return serving ?? revisionInName(owner, targetOf(owner, intent).name);
}

/** Says an intent in a log line. */
export function describeIntent(intent: Intent): string {
  switch (intent.type) {
    case 'Create':
    case 'Apply':
      return `${intent.type} ${intent.kind} ${intent.object.metadata?.name ?? ''}`;
    case 'Delete':
      return `Delete ${intent.kind} ${intent.name} (${intent.because})`;
    case 'ReplaceTemplate':
      return `Replace the template of Deployment ${intent.name} (changed by ${intent.managers.join(', ')})`;
    case 'SetReplicas':
      return `Set spec.replicas to ${intent.replicas}`;
    case 'SetRouteWeights':
      return `Set the weights in HTTPRoute ${intent.name}`;
    case 'CutShort':
      return `Give ${intent.pods.length === 1 ? '1 pod' : `${intent.pods.length} pods`} ${intent.graceSeconds} s to end (${intent.pods.map(({ name }) => name).join(', ')})`;
    case 'SetDeletionCost':
      return intent.cost === null ? `Treat pod ${intent.pod.name} as any other` : `Let pod ${intent.pod.name} go first`;
    case 'Evict':
      return `Evict pod ${intent.pod.name}`;
  }
}
