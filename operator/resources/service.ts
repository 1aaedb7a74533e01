import type { IService } from 'kubernetes-models/v1/Service';
import { ANNOTATION } from '../api/index.ts';
import { type Child, childMetadata, childNames, type Owner, revisionSelector } from './names.ts';

/** Name of the container port and of the Service port behind which the engine's API answers. */
export const HTTP_PORT_NAME = 'http';

/**
 * The port of a container that a Service leads to: the name, where the engine itself has it. A sidecar's is given by number:
 * before Kubernetes 1.33 the names of their ports are not found (k8s.io/endpointslice, utils.go), and a Service has no endpoint.
 */
export type TargetPort = number | typeof HTTP_PORT_NAME;

/** Port of the Services unless the user chose another. */
const DEFAULT_SERVICE_PORT = 80;

/**
 * The Service of one revision: the way to its pods before they serve, and beside the ones that do. `annotations`: what
 * monitoring says of the revision.
 */
export function revisionService(
  deployment: Owner,
  revision: string,
  targetPort: TargetPort = HTTP_PORT_NAME,
  annotations?: Readonly<Record<string, string>>,
): Child<IService> {
  const { name } = deployment.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(deployment, childNames(name, revision).revisionService, {
      revision,
      ...(annotations && { annotations }),
    }),
    spec: {
      type: 'ClusterIP',
      selector: revisionSelector(name, revision),
      ports: [httpPort(DEFAULT_SERVICE_PORT, targetPort)],
    },
  };
}

/** What the active Service says of the traffic. */
export interface Serving {
  readonly revision: string;
  readonly attempt: number;
  /** What served before. */
  readonly previous?: string | undefined;
  /** RFC 3339. */
  readonly switchedAt?: string | undefined;
  /** Of the spec by which it got the traffic. */
  readonly generation?: number | undefined;
  /** Default: the engine's, by its name. */
  readonly targetPort?: TargetPort | undefined;
}

/**
 * The Service that clients use. What serves is said twice in this one object, by its selector and by its annotations,
 * so that one apply moves both and a selector that somebody else wrote is seen (docs/design.md, section 6).
 */
export function activeService(deployment: Owner, serving: Serving): Child<IService> {
  const { name } = deployment.metadata;
  const wanted = deployment.spec.traffic?.service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(deployment, childNames(name, serving.revision).activeService, {
      annotations: {
        ...wanted?.annotations,
        [ANNOTATION.servingRevision]: serving.revision,
        [ANNOTATION.attempt]: String(serving.attempt),
        ...(serving.previous !== undefined && { [ANNOTATION.previousRevision]: serving.previous }),
        ...(serving.switchedAt !== undefined && { [ANNOTATION.switchedAt]: serving.switchedAt }),
        ...(serving.generation !== undefined && { [ANNOTATION.generation]: String(serving.generation) }),
      },
    }),
    spec: {
      type: wanted?.type ?? 'ClusterIP',
      selector: revisionSelector(name, serving.revision),
      ports: [httpPort(wanted?.port ?? DEFAULT_SERVICE_PORT, serving.targetPort)],
    },
  };
}

/** The Service of the version that comes next, for routes that need a name which stays; of what serves while there is none. */
export function previewService(deployment: Owner, revision: string, targetPort?: TargetPort): Child<IService> {
  const { name } = deployment.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: childMetadata(deployment, childNames(name, revision).previewService),
    spec: {
      type: 'ClusterIP',
      selector: revisionSelector(name, revision),
      ports: [httpPort(DEFAULT_SERVICE_PORT, targetPort)],
    },
  };
}

function httpPort(port: number, targetPort: TargetPort = HTTP_PORT_NAME) {
  return { name: HTTP_PORT_NAME, port, targetPort, protocol: 'TCP' } as const;
}
