/** What the API server asks before it stores a DeepSeekDeployment: HTTPS, its certificates, and AdmissionReview. */
export { CertificateFiles } from './certificates/files.ts';
export { CertificateKeeper } from './certificates/keeper.ts';
export type { CertificateSource } from './certificates/source.ts';
export { startWebhookServer, VALIDATE_PATH, type WebhookServer } from './server.ts';
export type { Judge, SpecVerdict } from './verdict.ts';
