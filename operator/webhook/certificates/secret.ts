import { LABEL, MANAGER } from '../../api/index.ts';
import type { Secret } from '../../kube/resources.ts';
import type { ObjectRef } from '../../kube/types.ts';
import type { KeyPair } from '../../pki/index.ts';
import { flawOf, type Material } from './material.ts';

/** Entries of the Secret. Those of `kubernetes.io/tls` have their usual names. */
const ENTRY = {
  serving: { certificate: 'tls.crt', key: 'tls.key' },
  ca: { certificate: 'ca.crt', key: 'ca.key' },
  nextCa: { certificate: 'next-ca.crt', key: 'next-ca.key' },
  formerCa: 'former-ca.crt',
} as const;

/** What a Secret holds; undefined with a flaw: it cannot be used and may be written anew; without: there is nothing in it. */
export interface StoredMaterial {
  readonly material?: Material;
  readonly flaw?: string;
}

/** Reads the Secret. Never throws. */
export function readSecret({ data }: Secret): StoredMaterial {
  const entry = (name: string): string | undefined => {
    const text = data?.[name];
    return text === undefined || text === '' ? undefined : Buffer.from(text, 'base64').toString('utf8');
  };
  const pair = (names: { readonly certificate: string; readonly key: string }): KeyPair | undefined => {
    const [certificate, key] = [entry(names.certificate), entry(names.key)];
    return certificate === undefined || key === undefined ? undefined : { certificate, key };
  };
  const [serving, ca, nextCa, formerCa] = [
    pair(ENTRY.serving),
    pair(ENTRY.ca),
    pair(ENTRY.nextCa),
    entry(ENTRY.formerCa),
  ];
  if (serving === undefined || ca === undefined) {
    const isEmpty = Object.values(data ?? {}).every((text) => text === '');
    return isEmpty ? {} : { flaw: 'entries are missing' };
  }
  const material = { serving, ca, ...(nextCa && { nextCa }), ...(formerCa !== undefined && { formerCa }) };
  const flaw = flawOf(material);
  return flaw === undefined ? { material } : { flaw };
}

/** Whether a Secret of our name is ours to write: one that we made, or that somebody has left empty for us. */
export function isOurs({ metadata, data }: Secret): boolean {
  return metadata.labels?.[LABEL.managedBy] === MANAGER || Object.keys(data ?? {}).length === 0;
}

/** The Secret with this material; of `found`, where there is one, everything else stays. */
export function secretOf({ namespace, name }: ObjectRef, material: Material, found?: Secret): Secret {
  const { serving, ca, nextCa, formerCa } = material;
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  const pair = (names: { readonly certificate: string; readonly key: string }, { certificate, key }: KeyPair) => ({
    [names.certificate]: encoded(certificate),
    [names.key]: encoded(key),
  });
  const labels = { ...found?.metadata.labels, [LABEL.managedBy]: MANAGER };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: found?.type ?? 'kubernetes.io/tls',
    metadata: { ...(found?.metadata ?? { name, ...(namespace !== undefined && { namespace }) }), labels },
    data: {
      ...pair(ENTRY.serving, serving),
      ...pair(ENTRY.ca, ca),
      ...(nextCa && pair(ENTRY.nextCa, nextCa)),
      ...(formerCa !== undefined && { [ENTRY.formerCa]: encoded(formerCa) }),
    },
  };
}
