/** Constructs of deepseek-operator for cdk8s. */
export { DeepSeekDeployment, type DeepSeekDeploymentProps } from './deepseek-deployment.ts';
export { DeepSeekDefinitions, DeepSeekOperator } from './install/install.ts';
export { DEFAULTS, type InstallOptions } from './install/options.ts';
