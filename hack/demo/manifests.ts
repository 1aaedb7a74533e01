import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { GROUP, KIND, PLURAL, VERSION } from '../../operator/api/names.ts';
import type { DeepSeekDeployment } from '../../operator/api/index.ts';
import { namespaced, resources } from '../../operator/kube/resources.ts';
import type { CustomResourceDefinition } from '../../operator/kube/resources.ts';
import type { KubeClient, KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { makePrerequisites, prerequisitesOf } from './prerequisites.ts';
import { waitFor } from '../cluster/wait.ts';

/** A DeepSeekDeployment as the API server has it. */
export type LiveModel = KubeObject & Pick<DeepSeekDeployment, 'spec' | 'status'>;

export const MODELS: ResourceType<LiveModel> = namespaced(GROUP, VERSION, KIND, PLURAL);

const FIELD_MANAGER = 'demo';
const ESTABLISHED_TIMEOUT_MS = 30_000;

/** The objects of all YAML files of a folder, in the order of the file names. */
export async function readManifests(folder: string): Promise<KubeObject[]> {
  const files = (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort();
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as KubeObject));
}

/** Installs CustomResourceDefinitions and waits until the API server serves them. */
export async function installDefinitions(client: KubeClient, folder: string, signal: AbortSignal): Promise<void> {
  const options = { fieldManager: FIELD_MANAGER, force: true, signal };
  for (const definition of await readManifests(folder)) {
    if (definition.kind === resources.priorityClasses.kind) {
      await client.apply(resources.priorityClasses, definition, options);
      continue;
    }
    await client.apply(resources.customResourceDefinitions, definition, options);
    const { name } = definition.metadata;
    await waitFor(
      async () => {
        const live = await client.get(resources.customResourceDefinitions, { name }, { signal });
        return isEstablished(live) ? true : undefined;
      },
      { what: `the definition ${name}`, timeoutMs: ESTABLISHED_TIMEOUT_MS, signal },
    );
  }
}

/** Applies the models of a folder, after what they need; they go where their manifest says, else to `namespace`. Returns their names. */
export async function applyModels(
  client: KubeClient,
  folder: string,
  namespace: string,
  signal: AbortSignal,
): Promise<string[]> {
  const models = (await readManifests(folder)).filter(({ kind }) => kind === KIND) as LiveModel[];
  await makePrerequisites(client, prerequisitesOf(models, namespace), signal);
  for (const model of models) {
    const object = { ...model, metadata: { ...model.metadata, namespace: model.metadata.namespace ?? namespace } };
    await client.apply(MODELS, object, { fieldManager: FIELD_MANAGER, force: true, signal });
  }
  return models.map(({ metadata }) => metadata.name);
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  const conditions = status?.conditions ?? [];
  return conditions.some(({ type, status: value }) => type === 'Established' && value === 'True');
}
