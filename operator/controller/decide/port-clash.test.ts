import { expect, it } from '@jest/globals';
import { MANAGER } from '../../api/names.ts';
import type { KubeObject } from '../../kube/types.ts';
import { portsBeforeApply } from './port-clash.ts';

const port = (number: number, name = 'http') => ({ name, port: number, protocol: 'TCP' });
const held = (manager: string, operation: string, ...numbers: number[]) => ({
  ...{ manager, operation },
  fieldsV1: {
    'f:spec': { 'f:ports': Object.fromEntries(numbers.map((n) => [`k:{"port":${n},"protocol":"TCP"}`, {}])) },
  },
});
const live = (ports: object[], ...managedFields: object[]) =>
  ({ metadata: { name: 'chat', managedFields }, spec: { ports } }) as unknown as KubeObject;
const desired = { spec: { ports: [port(80)] } };

it.each<[string, KubeObject, object[] | undefined]>([
  ['somebody changes the number of ours', live([port(81)], held('kubectl-edit', 'Update', 81)), [port(80)]],
  [
    'somebody has changed it, and has ports of his own',
    live([port(81), port(90, 'metrics')], held('kubectl-edit', 'Update', 81, 90)),
    [port(80), port(90, 'metrics')],
  ],
  [
    'an earlier write of ours that was no apply holds it',
    live([port(81)], held(MANAGER, 'Apply', 81), held(MANAGER, 'Update', 81)),
    [port(80)],
  ],
  ['the spec asks for another number', live([port(81)], held(MANAGER, 'Apply', 81)), undefined],
  ['somebody has ports beside ours', live([port(80), port(90, 'metrics')], held('x', 'Update', 90)), undefined],
  ['nothing is wrong', live([port(80)], held(MANAGER, 'Apply', 80)), undefined],
  ['it says nothing of who holds what', live([port(81)], {}), undefined],
])('the ports to be given first, where %s', (_, found, ports) => {
  expect(portsBeforeApply(desired, found)).toEqual(ports);
});
