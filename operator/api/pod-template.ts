import { z } from 'zod';
import { labelSelector } from './monitoring.ts';
import {
  absolutePath,
  annotations,
  atomicList,
  labelKey,
  labelName,
  labels,
  objectName,
  secretName,
  text,
  uniqueBy,
} from './scalars.ts';

/** A part of the Kubernetes pod API that is handed through as it is; the API server judges it when the pods are made. */
const rawObject = () => z.record(z.string(), z.unknown());

const topologySpreadConstraint = z.object({
  maxSkew: z.int32().min(1).max(1000).describe('Most that the counts of two domains may differ.'),
  topologyKey: labelKey().describe('Label of the nodes that makes the domains.'),
  whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']).describe('Whether a pod that would break it waits.'),
  minDomains: z.int32().min(1).max(1000).describe('Fewest domains.').exactOptional(),
  labelSelector: labelSelector()
    .describe('Pods that are counted. Default: those of the same revision.')
    .exactOptional(),
  nodeAffinityPolicy: z
    .enum(['Honor', 'Ignore'])
    .describe('Whether nodes that the affinity excludes count.')
    .exactOptional(),
  nodeTaintsPolicy: z.enum(['Honor', 'Ignore']).describe('Whether tainted nodes count.').exactOptional(),
});

const volumeMount = z.object({
  name: labelName().describe('Name of the volume.'),
  mountPath: absolutePath().describe('Where it is mounted.'),
  subPath: text(1024, 1).describe('Folder inside the volume.').exactOptional(),
  readOnly: z.boolean().describe('Mount it read-only.').exactOptional(),
});

const id = () => z.int().min(0).max(2_147_483_647);

/** What is added to the pods beside what the plan needs. */
export const podTemplateSpec = z.object({
  metadata: z
    .object({
      labels: labels().describe('Labels that are added to the pods.').exactOptional(),
      annotations: annotations().describe('Annotations that are added to the pods.').exactOptional(),
    })
    .describe('Labels and annotations of the pods.')
    .exactOptional(),
  priorityClassName: objectName()
    .describe('PriorityClass of the pods, which has to exist. Default: that of the cluster.')
    .exactOptional(),
  affinity: rawObject()
    .describe('Affinity of the pods, as in a pod’s spec; node affinity is added to that of the accelerator.')
    .exactOptional(),
  topologySpreadConstraints: atomicList(topologySpreadConstraint, 8)
    .describe('How pods are spread. Default: softly over zones and hosts.')
    .exactOptional(),
  imagePullSecrets: atomicList(secretName(), 16).describe('Secrets to pull images with.').exactOptional(),
  serviceAccountName: objectName()
    .describe('ServiceAccount of the pods. Default: one of our own, without token.')
    .exactOptional(),
  schedulerName: objectName().describe('Scheduler of the pods. Default: the default scheduler.').exactOptional(),
  securityContext: z
    .object({
      runAsUser: id().describe('User of the processes.').exactOptional(),
      runAsGroup: id().describe('Group of the processes.').exactOptional(),
      fsGroup: id().describe('Group that owns the volumes.').exactOptional(),
      supplementalGroups: atomicList(id(), 32).describe('Further groups of the processes.').exactOptional(),
    })
    .describe('Users and groups of the pods; all else is that of restricted pod security.')
    .exactOptional(),
  volumes: uniqueBy(
    'name',
    z.looseObject({
      name: labelName().describe('Name of the volume; the source stands beside it, as in a pod’s spec.'),
    }),
    32,
  )
    .describe('Volumes that are added to the pods, as in a pod’s spec.')
    .exactOptional(),
  volumeMounts: atomicList(volumeMount, 32).describe('Where the engine finds these volumes.').exactOptional(),
});
