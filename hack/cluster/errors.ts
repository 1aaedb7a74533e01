/** Stable codes of the errors that people meet when they work with a local cluster. */
export type ClusterErrorCode =
  | 'BINARIES_MISSING'
  | 'GO_MISSING'
  | 'GO_TOO_OLD'
  | 'BUILD_FAILED'
  | 'DIR_IN_USE'
  | 'DIR_NOT_OURS'
  | 'NOT_RUNNING'
  | 'PROGRAM_EXITED'
  | 'NOT_READY'
  | 'API_ERROR'
  | 'NO_REAL_NODE'
  | 'INVALID_NODE_POOLS';

/** Any failure of the local cluster. The message says what to do about it. */
export class ClusterError extends Error {
  readonly code: ClusterErrorCode;

  constructor(code: ClusterErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.code = code;
  }
}

/**
 * The code of a Node.js system error (`ENOENT`), or undefined for any other value. Not `instanceof Error`: under jest, an
 * error from Node's own modules belongs to another realm.
 */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
