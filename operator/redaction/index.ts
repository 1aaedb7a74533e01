export { isNoSecret, isSecretName, isSecretVariable } from './names.ts';
export { renderingsOf } from './renderings.ts';
export { hideSecrets } from './text.ts';
