export type EngineCheckErrorCode =
  'UNSUPPORTED_MACHINE' | 'COMMAND_FAILED' | 'NO_DEBIAN_SOURCE' | 'ENGINE_EXITED' | 'NOT_READY';

/** A real engine could not be fetched or started. The message says what to do about it. */
export class EngineCheckError extends Error {
  readonly code: EngineCheckErrorCode;

  constructor(code: EngineCheckErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineCheckError';
    this.code = code;
  }
}
