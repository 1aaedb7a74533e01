import { describe, expect, it } from '@jest/globals';
import { writtenFiles } from './files.ts';
import type { Pod } from './types.ts';

const engine = { name: 'engine', volumeMounts: [{ name: 'config', mountPath: '/etc/engine' }] };
const writer = {
  name: 'write',
  command: ['/bin/sh', '-c', `printf '%s\\n' "$@" > /out/config.yaml`, 'write-config'],
  args: ['a: 1', 'b: true'],
  volumeMounts: [{ name: 'config', mountPath: '/out' }],
};
const podWith = (initContainer: object): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'pod' },
  spec: { containers: [engine], initContainers: [{ ...writer, ...initContainer }] },
});

describe('the files of init containers', () => {
  it('are found where the engine has mounted their volume', () => {
    expect([...writtenFiles(podWith({}), engine)]).toEqual([['/etc/engine/config.yaml', 'a: 1\nb: true\n']]);
  });
  it.each<[string, object]>([
    ['that write elsewhere', { volumeMounts: [{ name: 'config', mountPath: '/elsewhere' }] }],
    ['whose volume the engine does not have', { volumeMounts: [{ name: 'other', mountPath: '/out' }] }],
    ['that do something else', { command: ['/bin/sh', '-c', 'curl -o /out/config.yaml'] }],
  ])('%s are not', (_, change) => expect(writtenFiles(podWith(change), engine).size).toBe(0));
});
