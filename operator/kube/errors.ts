/** What the API server puts into the body of an error (meta/v1 Status). */
export interface Status {
  readonly kind?: string;
  readonly message?: string;
  /** A machine-readable word: NotFound, Conflict, Invalid, Expired, ... */
  readonly reason?: string;
  readonly code?: number;
  readonly details?: StatusDetails;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
}

/** The stable code of every error that the client throws. */
export type KubeErrorCode =
  | 'KUBE_BAD_REQUEST'
  | 'KUBE_UNAUTHORIZED'
  | 'KUBE_FORBIDDEN'
  | 'KUBE_NOT_FOUND'
  | 'KUBE_ALREADY_EXISTS'
  | 'KUBE_CONFLICT'
  | 'KUBE_GONE'
  | 'KUBE_INVALID'
  | 'KUBE_TOO_LARGE'
  | 'KUBE_TOO_MANY_REQUESTS'
  | 'KUBE_INTERNAL'
  | 'KUBE_UNAVAILABLE'
  | 'KUBE_SERVER_TIMEOUT'
  | 'KUBE_API'
  | 'KUBE_TRANSPORT'
  | 'KUBE_TIMEOUT'
  | 'KUBE_MALFORMED_STREAM'
  | 'KUBE_CREDENTIALS';

const CODE_BY_STATUS: Readonly<Record<number, KubeErrorCode>> = {
  400: 'KUBE_BAD_REQUEST',
  401: 'KUBE_UNAUTHORIZED',
  403: 'KUBE_FORBIDDEN',
  404: 'KUBE_NOT_FOUND',
  409: 'KUBE_CONFLICT',
  410: 'KUBE_GONE',
  413: 'KUBE_TOO_LARGE',
  422: 'KUBE_INVALID',
  429: 'KUBE_TOO_MANY_REQUESTS',
  500: 'KUBE_INTERNAL',
  502: 'KUBE_UNAVAILABLE',
  503: 'KUBE_UNAVAILABLE',
  504: 'KUBE_SERVER_TIMEOUT',
};

/** Long enough for every message of admission and validation, short enough for a condition and a log line. */
const MAX_MESSAGE_LENGTH = 1000;

/** Base of everything that the client throws, except the reason of an aborted signal, which is thrown as it is. */
export class KubeError extends Error {
  readonly code: KubeErrorCode;

  constructor(code: KubeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** The API server answered, and refused. `message` is the server's own, without headers or body. */
export class ApiError extends KubeError {
  /** HTTP status. */
  readonly status: number;
  /** Status.reason, or '' when the answer was no Status (a proxy's, for example). */
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  /** How long the server asks to wait, in seconds: the Retry-After header, else the Status' details. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, body: Status, retryAfterSeconds?: number) {
    super(codeOf(status, body), truncate(body.message ?? `the API server answered ${status}`));
    this.status = status;
    this.reason = body.reason ?? '';
    this.details = body.details;
    this.retryAfterSeconds = retryAfterSeconds ?? body.details?.retryAfterSeconds;
  }

  /** From an HTTP answer; a body that is no Status contributes its first line. */
  static fromResponse(status: number, body: string, retryAfterHeader?: string): ApiError {
    return new ApiError(
      status,
      parseStatus(body) ?? describeForeignBody(status, body),
      parseRetryAfter(retryAfterHeader),
    );
  }
}

/** No usable answer: connection refused or cut, TLS refused, name not found. Whether a write happened is unknown. */
export class TransportError extends KubeError {
  constructor(message: string, options?: ErrorOptions, code: KubeErrorCode = 'KUBE_TRANSPORT') {
    super(code, message, options);
  }
}

/** No answer within a limit. Whether a write happened is unknown. */
export class TimeoutError extends TransportError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options, 'KUBE_TIMEOUT');
  }
}

/** The kubeconfig, a token file or an exec plugin did not give usable credentials. */
export class CredentialsError extends KubeError {
  constructor(message: string, options?: ErrorOptions) {
    super('KUBE_CREDENTIALS', message, options);
  }
}

const SERVER_CODES: ReadonlySet<KubeErrorCode> = new Set(['KUBE_INTERNAL', 'KUBE_UNAVAILABLE', 'KUBE_SERVER_TIMEOUT']);

const hasCode = (error: unknown, code: KubeErrorCode): boolean => error instanceof ApiError && error.code === code;

export const isBadRequest = (error: unknown): boolean => hasCode(error, 'KUBE_BAD_REQUEST');
export const isUnauthorized = (error: unknown): boolean => hasCode(error, 'KUBE_UNAUTHORIZED');
export const isForbidden = (error: unknown): boolean => hasCode(error, 'KUBE_FORBIDDEN');
export const isNotFound = (error: unknown): boolean => hasCode(error, 'KUBE_NOT_FOUND');
/** The server is there, and does not do it for us: no rights, or nothing of that kind. */
export const isRefusal = (error: unknown): boolean => isUnauthorized(error) || isForbidden(error) || isNotFound(error);
export const isAlreadyExists = (error: unknown): boolean => hasCode(error, 'KUBE_ALREADY_EXISTS');
/** A precondition (uid, resourceVersion) or another field manager stands against the write. */
export const isConflict = (error: unknown): boolean => hasCode(error, 'KUBE_CONFLICT');
/** The resourceVersion or continue token is older than what the server remembers: list again. */
export const isGone = (error: unknown): boolean => hasCode(error, 'KUBE_GONE');
/** More than the server or its storage takes; it never will. */
export const isTooLarge = (error: unknown): boolean => hasCode(error, 'KUBE_TOO_LARGE');
/** The resourceVersion is newer than all that the server knows of, and did not come while it waited. */
export const isOfTheFuture = (error: unknown): boolean =>
  error instanceof ApiError &&
  error.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') === true;
export const isInvalid = (error: unknown): boolean => hasCode(error, 'KUBE_INVALID');
/** A JSON patch starts from what is not there: a test of it fails, or a path is missing. Which one, the server does not say. */
export const isPatchMisfit = (error: unknown): boolean =>
  isInvalid(error) && (error as ApiError).message.startsWith(PATCH_MISFIT);
export const isTooManyRequests = (error: unknown): boolean => hasCode(error, 'KUBE_TOO_MANY_REQUESTS');
/** The server, or something before it, failed (5xx); the same request may succeed later. */
export const isServerError = (error: unknown): boolean => error instanceof ApiError && SERVER_CODES.has(error.code);
/** An admission webhook that has to be asked does not answer: the API server says so with status 500 (text of Kubernetes 1.36). */
export const isWebhookFailure = (error: unknown): boolean =>
  isServerError(error) && (error as ApiError).message.includes('failed calling webhook');
/** True for connection errors and timeouts: nothing is known about what the server did. */
export const isTransportError = (error: unknown): boolean => error instanceof TransportError;

/** How a JSON patch that does not apply is answered, with status 422; what is wrong with an object names it (Kubernetes 1.36). */
const PATCH_MISFIT = 'the server rejected our request due to an error in our request';
/** How server-side apply answers an object that does not fit its schema, with status 500. */
const SCHEMA_MISMATCH = 'failed to create typed patch object';
/** How etcd answers what is longer than its --max-request-bytes, and gRPC before it, with status 500. */
const STORAGE_LIMIT = /etcdserver: request is too large|trying to send message larger than max/;

function codeOf(status: number, { reason, message }: Status): KubeErrorCode {
  if (reason === 'AlreadyExists') return 'KUBE_ALREADY_EXISTS';
  if (status === 500 && message?.startsWith(SCHEMA_MISMATCH) === true) return 'KUBE_INVALID';
  if (status === 500 && message !== undefined && STORAGE_LIMIT.test(message)) return 'KUBE_TOO_LARGE';
  return CODE_BY_STATUS[status] ?? 'KUBE_API';
}

function parseStatus(body: string): Status | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && (parsed as Status).kind === 'Status' ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function describeForeignBody(status: number, body: string): Status {
  const line = body.trim().split('\n', 1)[0]?.slice(0, 200) ?? '';
  return { message: line === '' ? `the API server answered ${status}` : `the API server answered ${status}: ${line}` };
}

/** Retry-After as the API server sends it: whole seconds. (The date form is a proxy's; it is ignored.) */
function parseRetryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

function truncate(message: string): string {
  return message.length <= MAX_MESSAGE_LENGTH ? message : `${message.slice(0, MAX_MESSAGE_LENGTH - 3)}...`;
}
