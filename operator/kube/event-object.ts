import { microTime } from './lease.ts';
import { apiVersionOf, resources } from './resources.ts';
import type { KubeObject, ObjectRef } from './types.ts';

/** Something worth telling the people who look at an object. */
export interface EventInput {
  /** The object that it is about; the Event is put beside it. */
  readonly regarding: KubeObject;
  /** A second object that plays a part, like the pod that failed. */
  readonly related?: KubeObject;
  readonly type: 'Normal' | 'Warning';
  /** Why, in one word of CamelCase: what people and alerts filter by. */
  readonly reason: string;
  /** What the reporter did or failed to do, in one word of CamelCase. */
  readonly action: string;
  /** A sentence for people. Longer than 1 kB is cut. */
  readonly note: string;
}

/** Who reports. */
export interface EventSource {
  /** Name of the controller, like `example.com/operator`. */
  readonly controller: string;
  /** Which instance of it, like the name of its pod. */
  readonly instance: string;
}

/** What the API server accepts, bytes (`pkg/apis/core/validation/events.go`). */
const MAX_NOTE = 1024;
const MAX_WORD = 128;
const MAX_NAME = 253;

/** An Event of events.k8s.io/v1. `suffix` makes its name unique among those about the same object. */
export function eventObject(input: EventInput, source: EventSource, suffix: string, now: number): KubeObject {
  const { regarding, related, type } = input;
  const event = {
    apiVersion: apiVersionOf(resources.events),
    kind: 'Event',
    metadata: {
      namespace: regarding.metadata.namespace ?? 'default',
      name: `${regarding.metadata.name.slice(0, MAX_NAME - suffix.length - 1)}.${suffix}`,
    },
    eventTime: microTime(now),
    type,
    reason: cut(input.reason, MAX_WORD),
    action: cut(input.action, MAX_WORD),
    note: cut(input.note, MAX_NOTE),
    reportingController: cut(source.controller, MAX_WORD),
    reportingInstance: cut(source.instance, MAX_WORD),
    regarding: reference(regarding),
    ...(related === undefined ? {} : { related: reference(related) }),
  };
  return event;
}

/** The patch that says how often an Event has happened again. */
export function seriesPatch(count: number, lastObserved: number): object {
  return { series: { count, lastObservedTime: microTime(lastObserved) } };
}

/** Events with the same key tell the same story, and become one series. */
export function seriesKey({ regarding, related, type, reason, action, note }: EventInput): string {
  return JSON.stringify([objectKey(regarding), related && objectKey(related), type, reason, action, note]);
}

export function objectKey({ kind, metadata: { namespace, name, uid } }: KubeObject): string {
  return [kind, namespace ?? '', name, uid ?? ''].join('/');
}

function reference({ apiVersion, kind, metadata }: KubeObject): ObjectRef & Readonly<Record<string, string>> {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

/** At most `bytes` of UTF-8, with an ellipsis where something is missing. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  // A character that was cut in two decodes to U+FFFD.
  return `${encoded
    .subarray(0, bytes - 3)
    .toString()
    .replace(/\uFFFD+$/, '')}…`;
}
