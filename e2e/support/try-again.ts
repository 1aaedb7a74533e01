import { jest } from '@jest/globals';

// docs/adr/0015-tried-again.md. Elsewhere a test that fails by chance is to be seen at once.
if (process.env['CI'] !== undefined) jest.retryTimes(2, { logErrorsBeforeRetry: true });
