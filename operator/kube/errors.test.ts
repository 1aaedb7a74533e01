import { describe, expect, it, test } from '@jest/globals';
import * as errors from './errors.ts';

const { ApiError } = errors;

describe('ApiError', () => {
  test.each([
    [400, 'BadRequest', 'KUBE_BAD_REQUEST', 'isBadRequest'],
    [401, 'Unauthorized', 'KUBE_UNAUTHORIZED', 'isUnauthorized'],
    [403, 'Forbidden', 'KUBE_FORBIDDEN', 'isForbidden'],
    [404, 'NotFound', 'KUBE_NOT_FOUND', 'isNotFound'],
    [409, 'AlreadyExists', 'KUBE_ALREADY_EXISTS', 'isAlreadyExists'],
    [409, 'Conflict', 'KUBE_CONFLICT', 'isConflict'],
    [410, 'Expired', 'KUBE_GONE', 'isGone'],
    [410, 'Gone', 'KUBE_GONE', 'isGone'],
    [422, 'Invalid', 'KUBE_INVALID', 'isInvalid'],
    [429, 'TooManyRequests', 'KUBE_TOO_MANY_REQUESTS', 'isTooManyRequests'],
    [500, 'InternalError', 'KUBE_INTERNAL', 'isServerError'],
    [503, 'ServiceUnavailable', 'KUBE_UNAVAILABLE', 'isServerError'],
    [504, 'Timeout', 'KUBE_SERVER_TIMEOUT', 'isServerError'],
  ] as const)('%i %s has the code %s and is told by %s', (status, reason, code, predicate) => {
    const error = new ApiError(status, { reason, message: 'because' });
    expect(error.code).toBe(code);
    expect(errors[predicate](error)).toBe(true);
  });

  it('is told apart: AlreadyExists is no Conflict, and nothing but an ApiError is NotFound', () => {
    expect(errors.isConflict(new ApiError(409, { reason: 'AlreadyExists' }))).toBe(false);
    expect(errors.isNotFound(new ApiError(409, { reason: 'Conflict' }))).toBe(false);
    expect(errors.isNotFound(new errors.TransportError('reset'))).toBe(false);
    expect(errors.isNotFound(undefined)).toBe(false);
  });

  it.each([
    [500, 'Internal error occurred: failed calling webhook "a.b": failed to call webhook: Post "https://x"', true],
    [500, 'Internal error occurred: etcdserver: leader changed', false],
    [400, 'admission webhook "a.b" denied the request: failed calling webhook', false],
  ])('knows that a webhook did not answer from %i %s: %s', (status, message, expected) => {
    expect(errors.isWebhookFailure(new ApiError(status, { message }))).toBe(expected);
  });

  it.each([
    ['the server rejected our request due to an error in our request', true],
    [
      'httproutes.gateway.networking.k8s.io "r" is forbidden: ValidatingAdmissionPolicy \'p\' denied request: no',
      false,
    ],
    ['HTTPRoute.gateway.networking.k8s.io "r" is invalid: spec: Invalid value: "object": no', false],
  ])('knows that a JSON patch does not apply from 422 %s: %s', (message, expected) => {
    expect(errors.isPatchMisfit(new ApiError(422, { reason: 'Invalid', message }))).toBe(expected);
  });

  it('knows a resourceVersion of the future by its cause', () => {
    const details = {
      retryAfterSeconds: 1,
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    };
    expect(errors.isOfTheFuture(new ApiError(504, { reason: 'Timeout', details }))).toBe(true);
    expect(errors.isOfTheFuture(new ApiError(504, { reason: 'Timeout' }))).toBe(false);
    expect(errors.isOfTheFuture(new errors.TransportError('reset'))).toBe(false);
  });

  it('takes message, details and the wait from the Status', () => {
    const body = JSON.stringify({
      kind: 'Status',
      message: 'pods "a" not found',
      reason: 'NotFound',
      details: { name: 'a', kind: 'pods', retryAfterSeconds: 3 },
    });
    expect(ApiError.fromResponse(404, body)).toMatchObject({
      message: 'pods "a" not found',
      status: 404,
      reason: 'NotFound',
      details: { name: 'a', kind: 'pods' },
      retryAfterSeconds: 3,
    });
  });

  it('prefers the Retry-After header, in seconds', () => {
    const body = JSON.stringify({ kind: 'Status', details: { retryAfterSeconds: 3 } });
    expect(ApiError.fromResponse(429, body, '7').retryAfterSeconds).toBe(7);
    expect(ApiError.fromResponse(429, body, 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterSeconds).toBe(3);
  });

  it('says one line of an answer that is no Status', () => {
    const page = '<html><body>upstream connect error</body>\n<p>token=secret</p></html>';
    const { message } = ApiError.fromResponse(502, page);
    expect(message).toBe('the API server answered 502: <html><body>upstream connect error</body>');
  });

  it('keeps its message short', () => {
    expect(new ApiError(422, { message: 'x'.repeat(100_000) }).message).toHaveLength(1000);
  });

  it("calls server-side apply's schema errors invalid, though they come as 500", () => {
    const message =
      'failed to create typed patch object (a/x; /v1, Kind=ConfigMap): .dat: field not declared in schema';
    const error = new ApiError(500, { message });
    expect(errors.isInvalid(error)).toBe(true);
    expect(errors.isServerError(error)).toBe(false);
  });

  it.each([
    'etcdserver: request is too large',
    'rpc error: code = ResourceExhausted desc = trying to send message larger than max (2200000 vs. 2097152)',
  ])('calls what the storage does not take too large, though it comes as 500: %s', (message) => {
    const error = new ApiError(500, { message });
    expect(errors.isTooLarge(error)).toBe(true);
    expect(errors.isServerError(error)).toBe(false);
    expect(errors.isTooLarge(new ApiError(500, { message: 'etcdserver: leader changed' }))).toBe(false);
  });
});
