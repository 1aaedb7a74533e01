/** What a command's exit status says; the same for every command, and part of what scripts may rely on. */
export const EXIT = {
  /** It is done. */
  done: 0,
  /** The answer is no: not found, refused, not in time. */
  no: 1,
  /** Wrong usage, or an input that cannot be read. */
  usage: 2,
  /** The cluster cannot be reached, or does not let us in. */
  unreachable: 3,
} as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/** A stable word for each way in which a command ends early. */
export type CommandErrorCode =
  | 'NOT_FOUND'
  | 'USAGE'
  | 'INVALID_INPUT'
  | 'CRD_NOT_INSTALLED'
  | 'FORBIDDEN'
  | 'UNAUTHORIZED'
  | 'UNREACHABLE'
  | 'API'
  | 'REFUSED'
  | 'CONFLICT'
  | 'NOT_HANDLED'
  | 'NOT_READY'
  | 'INTERRUPTED';

/** Ends a command with a message for its user: what is wrong, and what to do. */
export class CommandError extends Error {
  readonly code: CommandErrorCode;
  readonly exitStatus: ExitStatus;

  constructor(code: CommandErrorCode, exitStatus: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CommandError';
    this.code = code;
    this.exitStatus = exitStatus;
  }
}
