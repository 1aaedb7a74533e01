import { networkPolicy, type NetworkPolicyInput } from '../../resources/network-policy.ts';
import type { Owner } from '../../resources/names.ts';
import { ENGINE_CONTAINER } from '../../resources/pod-template.ts';
import type { Revision } from '../../rollout/revision.ts';
import type { Snapshot } from '../snapshot.ts';
import { portOf } from './engines.ts';
import type { ChildObject } from './intents.ts';

/** What the stored spec of a revision says of where its weights are. */
interface StoredSpec {
  readonly model?: { readonly source?: Owner['spec']['model']['source'] };
}

/** The NetworkPolicy that there is to be, for the versions that have pods; undefined: none. */
export function networkPolicyOf(
  { deployment }: Snapshot,
  running: readonly (Revision | undefined)[],
  around: Pick<NetworkPolicyInput, 'operatorNamespace' | 'prometheusNamespaces'>,
): ChildObject | undefined {
  const sources = running.flatMap((revision) => {
    return revision === undefined ? [] : [sourceOf(revision)];
  });
  const ports = running.flatMap((revision) => (revision && portOf(revision.data)) ?? []);
  return networkPolicy(deployment, { ...around, sources, ports });
}

/** The source with the hub that the pods were rendered with: the operator's defaults may have named it. */
function sourceOf({ data }: Revision): ReturnType<typeof storedSource> {
  const source = storedSource(data);
  const isHub =
    source === undefined || (source.persistentVolumeClaim ?? source.image ?? source.objectStorage) === undefined;
  if (!isHub || source?.huggingFace?.endpoint !== undefined) return source;
  const containers = data.template.spec?.containers ?? [];
  const env = containers.find(({ name }) => name === ENGINE_CONTAINER)?.env ?? [];
  const endpoint = env.find(({ name }) => name === 'HF_ENDPOINT')?.value;
  if (endpoint === undefined || !URL.canParse(endpoint)) return source;
  return { ...source, huggingFace: { ...source?.huggingFace, endpoint } };
}

const storedSource = ({ spec }: Revision['data']) => (spec as StoredSpec).model?.source;
