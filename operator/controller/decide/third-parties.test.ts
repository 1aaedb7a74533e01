import { describe, expect, it } from '@jest/globals';
import { ANNOTATION, LABEL } from '../../api/index.ts';
import type { ChildKind } from '../snapshot.ts';
import { PHASES, Scene } from '../testing/scene.ts';
import type { World } from '../testing/world.ts';

/** What the active Service says of the traffic; the numbers of the attempt and of the generation that it also names are nobody's loss. */
const traffic = (world: World): object => {
  const {
    [ANNOTATION.attempt]: _,
    [ANNOTATION.generation]: __,
    ...annotations
  } = world.service('chat')?.metadata.annotations ?? {};
  return annotations;
};
type Service = {
  metadata: { annotations: Record<string, string>; labels?: object };
  spec: { selector: Record<string, string> };
};

const without = (map: Record<string, string>, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));

/** What somebody else does to the active Service. */
const EDITS: Readonly<Record<string, (service: Service, scene: Scene) => void>> = {
  'strips the revision of its selector': ({ spec }) => {
    spec.selector = without(spec.selector, LABEL.revision);
  },
  'writes garbage into its selector': ({ spec }) => (spec.selector[LABEL.revision] = 'garbage'),
  'writes the other revision into its selector': ({ spec }, { world, serving }) => {
    const other = world.names('Deployment').find((name) => name !== `chat-${serving}`);
    spec.selector[LABEL.revision] = other?.slice('chat-'.length) ?? 'another';
  },
  'replaces its selector whole': ({ spec }) => (spec.selector = { app: 'mine' }),
  'removes all its annotations': ({ metadata }) => (metadata.annotations = {}),
  'removes the annotation of the serving revision': ({ metadata }) => {
    metadata.annotations = without(metadata.annotations, ANNOTATION.servingRevision);
  },
  'writes garbage into that annotation': ({ metadata }) =>
    (metadata.annotations[ANNOTATION.servingRevision] = 'garbage'),
  'writes the other revision into that annotation': ({ metadata }, { world, serving }) => {
    const other = world.names('Deployment').find((name) => name !== `chat-${serving}`);
    metadata.annotations[ANNOTATION.servingRevision] = other?.slice('chat-'.length) ?? 'another';
  },
  'replaces selector and annotations': (service) => {
    service.spec.selector = { app: 'mine' };
    service.metadata.annotations = { team: 'bank' };
  },
};

describe.each(PHASES)('while the rollout is %s', (phase) => {
  const undisturbed = new Map<string, Scene>();
  const wantedEnd = (): Scene => {
    const scene = undisturbed.get(phase) ?? new Scene(phase);
    if (!undisturbed.has(phase)) scene.conclude();
    undisturbed.set(phase, scene);
    return scene;
  };

  it.each(Object.keys(EDITS))('somebody %s: it is put back, told once, and nothing is switched', (edit) => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const annotations = traffic(world);
    const before = scene.phase;
    const templates = scene.templates();
    world.tamper('Service', 'chat', (object) => EDITS[edit]?.(object as unknown as Service, scene));
    scene.settle();
    expect(scene.selected).toBe(serving);
    expect(scene.serving).toBe(serving);
    expect(world.service('chat')?.metadata.annotations).toMatchObject(annotations);
    expect(scene.phase).toBe(before);
    expect(scene.templates()).toEqual(templates);
    expect(scene.told('Switched')).toEqual([]);
    expect(scene.told('ForeignEdit')).toHaveLength(1);
    scene.settle();
    expect(scene.told('ForeignEdit')).toHaveLength(1);
  });

  it('somebody deletes it: it is made again, told once, and nothing is switched', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const annotations = traffic(world);
    const before = scene.phase;
    world.objects.delete('Service/chat');
    scene.settle();
    expect(scene.selected).toBe(serving);
    expect(world.service('chat')?.metadata.annotations).toMatchObject(annotations);
    expect(scene.phase).toBe(before);
    expect(scene.told('Switched')).toEqual([]);
    expect(scene.told('ForeignDelete')).toHaveLength(1);
    expect(scene.told('ForeignEdit')).toEqual([]);
  });

  it('somebody strips any child of its labels, or deletes it: each is told once, and mended', () => {
    const all = [...new Scene(phase).world.objects.keys()].filter((key) => key !== 'Service/chat');
    let mended = 0;
    for (const key of all) {
      const [kind = '', name = ''] = key.split('/');
      const scene = new Scene(phase);
      const { world } = scene;
      scene.settle();
      world.tamper(kind as ChildKind, name, (object) => {
        (object as unknown as Service).metadata.labels = {};
      });
      scene.settle();
      // What is on its way out is neither mended nor made again.
      const isMended = Object.keys(world.objects.get(key)?.metadata.labels ?? {}).length > 0;
      const edited = isMended ? [expect.stringContaining(`${kind} ${name} was changed by somebody else`)] : [];
      expect([key, scene.told('ForeignEdit')]).toEqual([key, edited]);
      expect(scene.told('ForeignDelete')).toEqual([]);
      world.objects.delete(key);
      scene.settle();
      scene.settle();
      const deleted = world.objects.has(key) ? [expect.stringContaining(`${kind} ${name} was deleted`)] : [];
      expect([key, scene.told('ForeignDelete')]).toEqual([key, deleted]);
      expect(scene.told('ForeignEdit')).toHaveLength(edited.length);
      mended += edited.length + deleted.length;
    }
    expect(mended).toBeGreaterThanOrEqual(10);
  });

  it('nothing is told of others when nobody has done anything', () => {
    const scene = new Scene(phase);
    scene.conclude();
    scene.world.rollbackWindowEnds();
    scene.settle();
    expect(scene.everything.filter(({ reason }) => reason.startsWith('Foreign'))).toEqual([]);
  });

  it('and paused, a selector is left alone and told, and put back when the pause ends', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const pause = (paused: boolean) =>
      world.edit((spec) => ({ ...spec, rollout: { ...(spec['rollout'] as object | undefined), paused } }));
    pause(true);
    scene.settle();
    world.tamper('Service', 'chat', (object) => {
      (object as unknown as Service).spec.selector = { app: 'mine' };
    });
    scene.settle();
    expect(world.service('chat')?.spec?.selector).toEqual({ app: 'mine' });
    const said = [world.condition('Ready'), world.condition('Available')].map((condition) => condition?.message);
    expect(said.join(' ')).toContain('was changed by somebody else and is left alone');
    pause(false);
    scene.settle();
    expect(scene.selected).toBeDefined();
    expect([serving, scene.serving]).toContain(scene.selected);
  });

  it('and the status is wiped: nothing is lost, nothing is switched back and forth, and it ends', () => {
    const scene = new Scene(phase);
    const { world, serving } = scene;
    const wanted = wantedEnd();
    const { status: _, ...rest } = world.deployment;
    world.deployment = rest;
    scene.settle();
    // A rollout that was ready goes on at once; what serves never goes.
    expect(world.names('Deployment')).toContain(`chat-${serving}`);
    expect(scene.templates()).toMatchObject({ [`chat-${serving}`]: expect.anything() });
    scene.conclude();
    expect(scene.selected).toBe(scene.serving);
    expect(scene.serving).toBe(wanted.serving);
    expect(scene.told('Switched').length).toBeLessThanOrEqual(1);
  });

  it.each(['serving', 'other'] as const)(
    'and the ControllerRevision of the %s revision is deleted: it is made again, and all goes on',
    (which) => {
      const scene = new Scene(phase);
      const { world, serving } = scene;
      const other = world.names('ControllerRevision').find((name) => name !== `chat-${serving}`);
      const name = which === 'serving' ? `chat-${serving}` : other;
      if (name === undefined) return;
      const wanted = new Scene(phase);
      wanted.conclude();
      const templates = scene.templates();
      const lost = world.objects.get(`ControllerRevision/${name}`);
      world.objects.delete(`ControllerRevision/${name}`);
      scene.settle();
      expect(scene.templates()).toMatchObject(templates);
      const hasPods = Object.keys(templates).includes(name);
      if (hasPods)
        expect(world.objects.get(`ControllerRevision/${name}`)).toMatchObject({
          data: (lost as unknown as { data: object }).data,
        });
      scene.conclude();
      expect(scene.selected).toBe(wanted.selected);
      expect(scene.phase).toBe(wanted.phase);
    },
  );
});
