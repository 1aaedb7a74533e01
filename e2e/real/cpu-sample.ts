import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

const FILE = join(import.meta.dirname, '../../manifests/samples/cpu-7b-gguf.yaml');

/** Nobody waits for minutes; seconds. */
export const TERMINATION = { preStopDelay: 8, drainDeadline: 30, rollbackDrain: 30 } as const;

interface Sample {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly model: object };
}

/** The sample for CPUs, as it is shipped. */
export async function cpuSample(): Promise<Sample> {
  return parse(await readFile(FILE, 'utf8')) as Sample;
}

/** Its spec with what a small node without a network forces on it; `weights` is a file of the claim `weights`. */
export async function cpuSpec(weights: string): Promise<object> {
  const { spec } = await cpuSample();
  return {
    ...spec,
    // Nothing can be downloaded.
    model: { ...spec.model, source: { persistentVolumeClaim: { claimName: 'weights', path: weights } } },
    // Of two cores instead of nine; memory for one request of the sample's length, so that two versions fit.
    resources: { cpu: '200m', memory: '7Gi', sharedMemory: '16Mi' },
    // Clients come from outside of the cluster.
    traffic: { service: { type: 'NodePort' } },
    termination: Object.fromEntries(Object.entries(TERMINATION).map(([name, seconds]) => [name, `${seconds}s`])),
  };
}

/** A folder of this machine as a volume of the node, and a namespace's claim to it. */
export function weightsVolume(path: string, namespace: string): readonly object[] {
  const common = { accessModes: ['ReadWriteOnce'], storageClassName: 'local' };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `weights-${namespace}` },
      spec: { ...common, capacity: { storage: '1Gi' }, hostPath: { path } },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'weights', namespace },
      spec: { ...common, volumeName: `weights-${namespace}`, resources: { requests: { storage: '1Gi' } } },
    },
  ];
}
