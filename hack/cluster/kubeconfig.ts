import { stringify } from 'yaml';
import type { KeyPair } from '../../operator/pki/index.ts';

/** A kubeconfig with everything inline, so that it works from any folder. */
export function renderKubeconfig(options: {
  readonly server: string;
  readonly authority: string;
  readonly user: string;
  readonly credentials: KeyPair;
}): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'local', cluster: { server: options.server, 'certificate-authority-data': base64(options.authority) } },
    ],
    users: [
      {
        name: options.user,
        user: {
          'client-certificate-data': base64(options.credentials.certificate),
          'client-key-data': base64(options.credentials.key),
        },
      },
    ],
    contexts: [{ name: 'local', context: { cluster: 'local', user: options.user } }],
    'current-context': 'local',
  });
}
