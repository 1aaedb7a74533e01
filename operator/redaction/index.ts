export { isNoSecret, isSecretName, isSecretVariable } from './names.ts';
export { hideSecrets } from './text.ts';
