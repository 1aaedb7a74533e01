import { describe, expect, it } from '@jest/globals';
import { MANAGER } from '../../api/names.ts';
import type { KubeObject } from '../../kube/types.ts';
import { ChildrenSeen } from '../children-seen.ts';
import type { Intent } from './intents.ts';
import { Upkeep } from './upkeep.ts';

const ports = (port: number) => [{ name: 'http', port, protocol: 'TCP', targetPort: 'http' }];
const declared = (port = 80, annotations = {}) => ({
  metadata: { name: 'chat', labels: { app: 'chat' }, annotations },
  spec: { type: 'ClusterIP', ports: ports(port) },
});
const live = (object: object = declared(), managedFields: object[] = []) => {
  const { metadata, ...rest } = object as { metadata: object };
  return {
    ...{ apiVersion: 'v1', kind: 'Service', ...rest },
    metadata: { uid: 'u', resourceVersion: '5', ...metadata, managedFields },
  } as unknown as KubeObject;
};
const ours = (fields: object) => ({ manager: MANAGER, operation: 'Apply', fieldsV1: fields });
const edit = (fields: object) => ({ manager: 'kubectl-edit', fieldsV1: fields });

/** Passes of one process, one after the other. */
class Passes {
  readonly #seen = new ChildrenSeen();

  pass(object: object | undefined, found: KubeObject | undefined, carriedOut = true): Intent | undefined {
    const upkeep = new Upkeep(this.#seen.of('u'));
    const intent = object && upkeep.bring('Service', object, found);
    this.#seen.decided('u', upkeep.asDeclared);
    if (carriedOut && intent) this.#seen.written('u', 'chat', intent);
    return intent;
  }
}

const foreign = (intent: Intent | undefined) =>
  intent?.type === 'Apply' || intent?.type === 'Create' ? intent.foreign : undefined;

describe('a child that was found as it is declared', () => {
  it('and has another value now was changed by whoever owns it', () => {
    const passes = new Passes();
    expect(passes.pass(declared(), live())).toBeUndefined();
    const fields = { 'f:spec': { 'f:ports': { 'k:{"port":81,"protocol":"TCP"}': { '.': {}, 'f:port': {} } } } };
    const rest = { 'f:spec': { 'f:type': {} } };
    const found = live(declared(81), [ours(rest), edit(fields), { manager: 'other', fieldsV1: { 'f:metadata': {} } }]);
    expect(passes.pass(declared(), found)).toMatchObject({
      type: 'Apply',
      foreign: { what: 'Edited', paths: ['spec.ports[0]'], managers: ['kubectl-edit'] },
    });
  });

  it('and lacks a field now was changed by nobody who could be named', () => {
    const passes = new Passes();
    passes.pass(declared(), live());
    const { metadata, ...rest } = declared();
    const found = live({ ...rest, metadata: { ...metadata, labels: {} } }, [
      edit({ 'f:metadata': { 'f:labels': {} } }),
    ]);
    const change = foreign(passes.pass(declared(), found));
    expect(change).toMatchObject({ what: 'Edited', paths: ['metadata.labels.app'] });
  });

  it('and is not there now was deleted', () => {
    const passes = new Passes();
    passes.pass(declared(), live());
    expect(passes.pass(declared(), undefined)).toMatchObject({ type: 'Create', foreign: { what: 'Deleted' } });
  });

  it('was deleted also where it is to be otherwise in the same pass', () => {
    const passes = new Passes();
    passes.pass(declared(), live());
    expect(passes.pass(declared(81), undefined)).toMatchObject({ type: 'Create', foreign: { what: 'Deleted' } });
  });

  it('is told of until it is mended, and then no more', () => {
    const passes = new Passes();
    passes.pass(declared(), live());
    expect(foreign(passes.pass(declared(), live(declared(81)), false))).toBeDefined();
    expect(foreign(passes.pass(declared(), live(declared(81))))).toBeDefined();
    // A webhook that makes 81 of 80 each time: it has never been as declared since.
    expect(foreign(passes.pass(declared(), live(declared(81))))).toBeUndefined();
    expect(passes.pass(declared(), live())).toBeUndefined();
    expect(foreign(passes.pass(declared(), live(declared(82))))).toBeDefined();
  });
});

describe('nothing foreign is', () => {
  it.each<[string, (passes: Passes) => Intent | undefined]>([
    ['what was never seen as declared', (passes) => passes.pass(declared(), live(declared(81)))],
    ['what is made for the first time', (passes) => passes.pass(declared(), undefined)],
    [
      'what is declared otherwise than before',
      (passes) => {
        passes.pass(declared(), live());
        return passes.pass(declared(81), live());
      },
    ],
    [
      'what is declared as before, after it was declared otherwise',
      (passes) => {
        passes.pass(declared(), live());
        passes.pass(declared(81), live(), false);
        return passes.pass(declared(), live(declared(81)));
      },
    ],
    [
      'what was not declared in between, and so was deleted',
      (passes) => {
        passes.pass(declared(), live());
        passes.pass(undefined, live());
        return passes.pass(declared(), undefined);
      },
    ],
    [
      'what an earlier apply of ours has left',
      (passes) => {
        passes.pass(declared(80, { team: 'bank' }), live(declared(80, { team: 'bank' })));
        const fields = { 'f:metadata': { 'f:annotations': { 'f:team': {} } } };
        return passes.pass(declared(), live(declared(80, { team: 'bank' }), [ours(fields)]));
      },
    ],
    [
      'what the server makes of a write of ours',
      (passes) => {
        passes.pass(declared(), live());
        passes.pass(declared(81), live());
        return passes.pass(declared(81), live(declared(82)));
      },
    ],
  ])('%s', (_, run) => {
    const intent = run(new Passes());
    expect(intent).toBeDefined();
    expect(foreign(intent)).toBeUndefined();
  });

  it('what the server fills in, or others add', () => {
    const passes = new Passes();
    passes.pass(declared(), live());
    const { metadata, spec } = declared();
    const labels = { ...metadata.labels, theirs: 'x' };
    const found = live({ metadata: { ...metadata, labels }, spec: { ...spec, sessionAffinity: 'None' } });
    expect(passes.pass(declared(), found)).toBeUndefined();
  });
});

describe('is written only onto what was read', () => {
  it.each([
    ['Service', '5'],
    ['HTTPRoute', '5'],
    ['ControllerRevision', '5'],
    ['Deployment', undefined],
  ] as const)('%s', (kind, resourceVersion) => {
    const found = live(declared(80, { team: 'bank' }));
    const intent = new Upkeep().bring(kind, declared(80, { team: 'shop' }), found);
    expect(intent?.type === 'Apply' && intent.object.metadata).toMatchObject({ uid: 'u' });
    expect(intent?.type === 'Apply' && intent.object.metadata?.resourceVersion).toBe(resourceVersion);
  });
});
