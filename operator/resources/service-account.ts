import type { IServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { type Child, childMetadata, childNames, type Owner } from './names.ts';

/** The identity of the pods. An engine never talks to the Kubernetes API, so it gets no token. */
export function serviceAccount(deployment: Owner): Child<IServiceAccount> {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: childMetadata(deployment, childNames(deployment.metadata.name, '').serviceAccount),
    automountServiceAccountToken: false,
  };
}
