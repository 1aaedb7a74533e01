/** One write that every model costs, with placeholders for what differs between models. */
export interface WriteTemplate {
  readonly path: string;
  readonly body: string;
}

/** A model whose writes are to be made. */
export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

export const PLACEHOLDER: Target = {
  namespace: 'placeholder-namespace',
  name: 'placeholder-name',
  uid: 'placeholder-uid',
};

/** What the plain client is told, over Node's IPC. It answers `ready` to the first. */
export type Message =
  | { readonly type: 'start'; readonly kubeconfig: string; readonly workers: number; readonly writes: WriteTemplate[] }
  | { readonly type: 'target'; readonly target: Target };

/** The write for one model. */
export function fill({ path, body }: WriteTemplate, target: Target): WriteTemplate {
  const filled = (text: string): string =>
    text
      .replaceAll(PLACEHOLDER.namespace, target.namespace)
      .replaceAll(PLACEHOLDER.name, target.name)
      .replaceAll(PLACEHOLDER.uid, target.uid);
  return { path: filled(path), body: filled(body) };
}
