import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { EngineType } from '../../operator/api/index.ts';
import { parseDeepSeekDeployment } from '../../operator/api/parse.ts';
import { renderEngine } from '../../operator/engines/index.ts';
import { CANONICAL_FORMS, canonicalSpec } from '../../operator/rollout/canonical.ts';
import { summarize } from '../../operator/controller/decide/desired.ts';
import { monitoredRevision } from '../../operator/controller/decide/monitoring.ts';
import { factAnnotations, type MonitoredRevision, scrapeAnnotations } from '../../operator/monitoring/index.ts';
import { plan } from '../../operator/planner/index.ts';
import {
  type Owner,
  renderPodTemplate,
  revisionDeployment,
  revisionService,
  serviceAccount,
} from '../../operator/resources/index.ts';

/** A sample for each engine. */
export const MODELS: Readonly<Record<EngineType, { readonly name: string; readonly sample: string }>> = {
  vLLM: { name: 'chat', sample: 'chat.yaml' },
  SGLang: { name: 'v2-lite', sample: 'sglang-v2-lite-a100-40gb.yaml' },
  'TensorRT-LLM': { name: 'trt', sample: 'tensorrt-8b-fp16-a100.yaml' },
  'llama.cpp': { name: 'cpu', sample: 'cpu-7b-gguf.yaml' },
};

export const REVISION = 'x7k2m';

/** What is posted for one model: a path and an object. */
export interface ModelObjects {
  readonly owner: Owner;
  readonly revision: MonitoredRevision;
  readonly objects: readonly (readonly [path: string, object: object])[];
}

/**
 * The children that the operator makes of a sample, without an owner: there is no operator here. Prometheus is told by
 * annotations of the Service, or by an object of prometheus-operator.
 */
export async function modelObjects(
  engine: EngineType,
  namespace: string,
  told: 'Annotations' | 'Object' = 'Annotations',
): Promise<ModelObjects> {
  const { name, sample } = MODELS[engine];
  const file = join(import.meta.dirname, '../../manifests/samples', sample);
  const read = parse(await readFile(file, 'utf8')) as { metadata: object };
  const parsed = parseDeepSeekDeployment({ ...read, metadata: { ...read.metadata, name, namespace, uid: 'none' } });
  if (!parsed.ok) throw new Error(`${sample} is not valid`);
  const owner = { ...parsed.value, metadata: { ...parsed.value.metadata, namespace, uid: 'none' } };
  const planned = plan(owner.spec);
  if (!planned.accepted) throw new Error(planned.message);
  const template = renderPodTemplate(owner, REVISION, planned.plan, renderEngine(planned.plan, owner));
  const { startupBudgetSeconds } = planned.plan;
  const version = `${planned.plan.model.name}/${planned.plan.quantization}/${engine} ${planned.plan.engine.version}`;
  const data = {
    hashVersion: 1,
    spec: canonicalSpec(owner.spec, CANONICAL_FORMS.current) ?? {},
    template,
    plan: summarize(planned.plan),
    version,
  };
  const revision = monitoredRevision({ hash: REVISION, number: 1, data });
  if (revision === undefined) throw new Error(`${sample} has no engine that is known`);
  const annotations =
    told === 'Annotations' ? scrapeAnnotations(revision, owner.spec.monitoring) : factAnnotations(revision);
  const service = revisionService(owner, REVISION, undefined, annotations);
  const input = { revision: REVISION, template, replicas: 1, startupBudgetSeconds };
  const core = `/api/v1/namespaces/${namespace}`;
  return {
    owner,
    revision,
    objects: [
      [`${core}/serviceaccounts`, unowned(serviceAccount(owner))],
      [`${core}/services`, unowned(service)],
      [`/apis/apps/v1/namespaces/${namespace}/deployments`, unowned(revisionDeployment(owner, input))],
    ],
  };
}

function unowned<T extends { readonly metadata: object }>(object: T): T {
  return { ...object, metadata: { ...object.metadata, ownerReferences: [] } };
}
