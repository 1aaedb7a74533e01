import { ApiError, KubeError, type Status } from './errors.ts';
import { LineSplitter } from './lines.ts';
import type { KubeObject } from './types.ts';

export interface WatchEvent<T extends KubeObject> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  /** Of a bookmark only metadata.resourceVersion counts. */
  readonly object: T;
}

/** The bytes of a watch are not what a watch sends. */
export class MalformedStreamError extends KubeError {
  constructor(message: string, options?: ErrorOptions) {
    super('KUBE_MALFORMED_STREAM', message, options);
  }
}

const TYPES = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/**
 * The events of a watch, in batches as they arrive. An ERROR event is thrown as the ApiError that it carries; a line
 * that is no event, and a stream that ends inside a line, as a MalformedStreamError.
 */
export async function* decodeWatch<T extends KubeObject>(
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<WatchEvent<T>> {
  const splitter = new LineSplitter();
  for await (const chunk of bytes) {
    for (const line of split(splitter, chunk)) {
      if (line !== '') yield parseEvent<T>(line);
    }
  }
  if (splitter.pendingBytes > 0) throw new MalformedStreamError('the watch ended inside an event');
}

function split(splitter: LineSplitter, chunk: Uint8Array): string[] {
  try {
    return splitter.push(chunk);
  } catch (error) {
    throw new MalformedStreamError('the watch sent a line that is too long', { cause: error });
  }
}

function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: { readonly type?: unknown; readonly object?: unknown };
  try {
    event = JSON.parse(line) as typeof event;
  } catch (error) {
    throw new MalformedStreamError('the watch sent a line that is no JSON', { cause: error });
  }
  if (event.type === 'ERROR') {
    const status = (event.object ?? {}) as Status;
    throw new ApiError(status.code ?? 500, status);
  }
  const object = event.object as Partial<KubeObject> | undefined;
  if (typeof event.type !== 'string' || !TYPES.has(event.type) || object?.metadata?.resourceVersion === undefined) {
    throw new MalformedStreamError('the watch sent a line that is no event');
  }
  return event as unknown as WatchEvent<T>;
}
