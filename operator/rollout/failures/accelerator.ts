import type { RevisionData } from '../revision.ts';
import type { FailureEvidence } from './types.ts';

type PodTemplate = RevisionData['template'];

/** What is left of a revision: its record, or what somebody else made of it, or nothing but the pods that run. */
export interface RevisionTraces {
  readonly data?: Partial<RevisionData> | undefined;
  /** The template of its live Deployment. */
  readonly running?: PodTemplate | undefined;
}

/**
 * What the pods of a revision ask for, by its own record: the spec may ask for another accelerator by now. Its class is
 * unknown when the record is lost; its resource is then read from the pods.
 */
export function acceleratorOf({ data, running }: RevisionTraces): FailureEvidence['accelerator'] {
  const spec = data?.spec as { readonly accelerator?: { readonly type?: unknown } } | undefined;
  const type = spec?.accelerator?.type;
  const device = deviceOf(data?.template ?? running);
  return {
    ...(typeof type === 'string' && { type }),
    gpusPerReplica: data?.plan?.gpusPerReplica ?? device?.count ?? 0,
    ...(device && { resourceName: device.name }),
  };
}

/** The extended resource that a container asks for; extended resources have a domain in their names. */
function deviceOf(template: PodTemplate | undefined): { readonly name: string; readonly count: number } | undefined {
  const limits = (template?.spec?.containers ?? []).flatMap(({ resources }) => Object.entries(resources?.limits ?? {}));
  const [device] = limits.filter(([name]) => name.includes('/'));
  return device && { name: device[0], count: Number(device[1]) };
}
