import { MANAGER } from '../../api/names.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../kube/types.ts';

/** A port of a Service, as far as it is told from others. */
export interface ServicePort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}

type WithPorts = { readonly spec?: { readonly ports?: readonly ServicePort[] } };

/**
 * The ports that a Service has to be given before ours can be applied; undefined: they can be. To server-side apply ports are a map by
 * number and protocol, so that one of somebody else's stays beside ours, and the API server takes no two of one name: whoever changes
 * the number of ours would keep it from being put back.
 */
export function portsBeforeApply(desired: object, live: KubeObject): readonly ServicePort[] | undefined {
  const ours = (desired as WithPorts).spec?.ports ?? [];
  const there = (live as WithPorts).spec?.ports ?? [];
  const others = there.filter((port) => ours.every((own) => keyOf(own) !== keyOf(port)));
  const clashes = (port: ServicePort) =>
    ours.some(({ name }) => name === port.name) && isHeldByOthers(live.metadata.managedFields, port);
  return others.some(clashes) ? [...ours, ...others.filter((port) => !clashes(port))] : undefined;
}

const keyOf = ({ port, protocol = 'TCP' }: ServicePort): string => `${port ?? ''}/${protocol}`;

/** Whether an apply of ours without this port would leave it there. */
function isHeldByOthers(managedFields: readonly ManagedFieldsEntry[] = [], wanted: ServicePort): boolean {
  return managedFields.some(({ manager, operation, fieldsV1 }) => {
    if (manager === MANAGER && operation === 'Apply') return false;
    const spec = fieldsV1?.['f:spec'] as { readonly 'f:ports'?: object } | undefined;
    return Object.keys(spec?.['f:ports'] ?? {}).some(
      (field) => field.startsWith('k:') && keyOf(JSON.parse(field.slice(2)) as ServicePort) === keyOf(wanted),
    );
  });
}
