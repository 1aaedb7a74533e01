import { adapterRules } from './adapter-rules.ts';
import { apiReference } from './api-reference.ts';
import { customResourceDefinition } from './crd.ts';
import { argocdFiles } from './argocd.ts';
import { chartFiles } from './chart.ts';
import type { GeneratedFile } from './file.ts';
import { installFiles } from './install.ts';
import { modelsReference } from './models-reference.ts';
import { monitoringFiles } from './monitoring.ts';
import { reasonsReference } from './reasons-reference.ts';
import { rightsReference } from './rights-reference.ts';
import { rolloutsPage } from './rollouts-page.ts';

/** Every generated file. Add yours here: `npm run generate` writes it, and CI fails when it is stale. */
export const generatedFiles: readonly GeneratedFile[] = [
  customResourceDefinition,
  apiReference,
  reasonsReference,
  modelsReference,
  rolloutsPage,
  ...adapterRules,
  ...monitoringFiles,
  ...chartFiles,
  ...installFiles,
  ...argocdFiles,
  rightsReference,
];
