import { describe, expect, it, test } from '@jest/globals';
import fc from 'fast-check';
import { covers } from './drift.ts';

const template = {
  metadata: { labels: { app: 'chat' }, annotations: {} },
  spec: {
    automountServiceAccountToken: false,
    nodeSelector: { pool: 'gpu' },
    containers: [
      {
        name: 'engine',
        args: ['--port', '8000'],
        env: [
          { name: 'HOME', value: '/home/engine' },
          { name: 'EMPTY', value: '' },
        ],
        resources: { requests: { cpu: '0.5', 'nvidia.com/gpu': '1' }, limits: { memory: '1024Mi' } },
        startupProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10 },
        volumeMounts: [{ name: 'weights', mountPath: '/weights', readOnly: false }],
      },
    ],
    volumes: [
      { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '1.5Gi' } },
      { name: 'home', emptyDir: {} },
    ],
    tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
  },
};

const desired = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'chat-x',
    labels: { ours: 'yes' },
    annotations: {},
    ownerReferences: [{ apiVersion: 'v1', kind: 'Owner', name: 'chat', uid: 'u1', controller: true }],
  },
  spec: {
    replicas: 0,
    minReadySeconds: 0,
    selector: { matchLabels: { app: 'chat' } },
    strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    template,
  },
};

/** What a server makes of it: defaults, other spellings, omitted zero values, fields of others. */
const served = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'chat-x',
    uid: 'u2',
    resourceVersion: '7',
    labels: { ours: 'yes', theirs: 'too' },
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Other', name: 'other', uid: 'u0' },
      { apiVersion: 'v1', kind: 'Owner', name: 'chat', uid: 'u1', controller: true },
    ],
  },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'chat' } },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
    revisionHistoryLimit: 10,
    template: {
      metadata: { creationTimestamp: null, labels: { app: 'chat' } },
      spec: {
        automountServiceAccountToken: false,
        nodeSelector: { pool: 'gpu' },
        restartPolicy: 'Always',
        dnsPolicy: 'ClusterFirst',
        containers: [
          {
            name: 'engine',
            args: ['--port', '8000'],
            env: [{ name: 'HOME', value: '/home/engine' }, { name: 'EMPTY' }],
            resources: { requests: { cpu: '500m', 'nvidia.com/gpu': '1' }, limits: { memory: '1Gi' } },
            startupProbe: {
              httpGet: { path: '/health', port: 'http', scheme: 'HTTP' },
              periodSeconds: 10,
              failureThreshold: 3,
            },
            volumeMounts: [{ name: 'weights', mountPath: '/weights' }],
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        volumes: [
          { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '1536Mi' } },
          { name: 'home', emptyDir: {} },
        ],
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
      },
    },
  },
  status: { replicas: 0 },
};

/** `served`, with the value at a path replaced; `undefined` removes it. */
function edited(path: string, value: unknown): object {
  const copy = structuredClone(served) as Record<string, unknown>;
  const steps = path.split('/');
  let at = copy;
  for (const step of steps.slice(0, -1)) at = at[step] as Record<string, unknown>;
  const last = steps.at(-1)!;
  if (value === undefined) {
    if (Array.isArray(at)) at.splice(Number(last), 1);
    else Reflect.deleteProperty(at, last);
  } else at[last] = value;
  return copy;
}

const pod = 'spec/template/spec';
const engine = `${pod}/containers/0`;
const enginePath = 'spec.template.spec.containers[0]';

describe('covers', () => {
  it('takes what the server adds for no drift', () => {
    expect(covers(desired, served)).toEqual([]);
  });

  test.each<[string, string, unknown, string]>([
    ['a scalar', 'spec/replicas', 3, 'spec.replicas'],
    ['a missing scalar with a default', 'spec/replicas', undefined, 'spec.replicas'],
    ['a value where zero was declared', 'spec/minReadySeconds', 5, 'spec.minReadySeconds'],
    [
      'a missing false that means more than absence',
      `${pod}/automountServiceAccountToken`,
      undefined,
      'spec.template.spec.automountServiceAccountToken',
    ],
    ['an int-or-string', 'spec/strategy/rollingUpdate/maxSurge', '25%', 'spec.strategy.rollingUpdate.maxSurge'],
    ['a label of our own, changed', 'metadata/labels/ours', 'no', 'metadata.labels.ours'],
    ['a label of our own, removed', 'metadata/labels', undefined, 'metadata.labels'],
    ['our owner reference, removed', 'metadata/ownerReferences/1', undefined, 'metadata.ownerReferences[0]'],
    [
      'our owner reference, weakened',
      'metadata/ownerReferences/1/controller',
      false,
      'metadata.ownerReferences[0].controller',
    ],
    ['a selector, widened', 'spec/selector/matchLabels', {}, 'spec.selector.matchLabels.app'],
    [
      'a selector, narrowed',
      'spec/selector/matchExpressions',
      [{ key: 'a', operator: 'Exists' }],
      'spec.selector.matchExpressions',
    ],
    [
      'a foreign annotation in a template',
      'spec/template/metadata/annotations',
      { 'kubectl.kubernetes.io/restartedAt': 'now' },
      'spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]',
    ],
    ['a foreign label in a template', 'spec/template/metadata/labels/x', 'y', 'spec.template.metadata.labels.x'],
    ['a foreign node selector', `${pod}/nodeSelector/zone`, 'a', 'spec.template.spec.nodeSelector.zone'],
    ['a request, changed', `${engine}/resources/requests/cpu`, '501m', `${enginePath}.resources.requests.cpu`],
    ['a foreign limit', `${engine}/resources/limits/cpu`, '4', `${enginePath}.resources.limits.cpu`],
    ['a size limit', `${pod}/volumes/0/emptyDir/sizeLimit`, '1G', 'spec.template.spec.volumes[0].emptyDir.sizeLimit'],
    ['an argument, changed', `${engine}/args/1`, '8001', `${enginePath}.args[1]`],
    ['an argument, removed', `${engine}/args/1`, undefined, `${enginePath}.args`],
    ['an argument, added', `${engine}/args/2`, '--debug', `${enginePath}.args`],
    ['an environment variable', `${engine}/env/0/value`, '/root', `${enginePath}.env[0].value`],
    ['a value where the empty string was declared', `${engine}/env/1/value`, 'x', `${enginePath}.env[1].value`],
    [
      'a flag where false was declared',
      `${engine}/volumeMounts/0/readOnly`,
      true,
      `${enginePath}.volumeMounts[0].readOnly`,
    ],
    [
      'a named port made a number',
      `${engine}/startupProbe/httpGet/port`,
      8000,
      `${enginePath}.startupProbe.httpGet.port`,
    ],
    ['a whole struct, removed', `${engine}/startupProbe`, undefined, `${enginePath}.startupProbe`],
    ['an empty struct, removed', `${pod}/volumes/1/emptyDir`, undefined, 'spec.template.spec.volumes[1].emptyDir'],
    ['a foreign container', `${pod}/containers/1`, { name: 'sidecar' }, 'spec.template.spec.containers'],
    ['a list made a scalar', `${engine}/args`, 'x', `${enginePath}.args`],
    ['a struct made a scalar', `${pod}/nodeSelector`, 'x', 'spec.template.spec.nodeSelector'],
  ])('finds %s', (_, path, value, found) => {
    expect(covers(desired, edited(path, value))).toEqual([found]);
  });

  it('finds a removed key that has dots and slashes', () => {
    const live = structuredClone(served);
    Reflect.deleteProperty(live.spec.template.spec.containers[0]!.resources.requests, 'nvidia.com/gpu');
    expect(covers(desired, live)).toEqual([`${enginePath}.resources.requests["nvidia.com/gpu"]`]);
  });

  it('names every place', () => {
    const live = structuredClone(served);
    live.spec.replicas = 1;
    live.metadata.labels.ours = 'no';
    expect(covers(desired, live)).toEqual(['metadata.labels.ours', 'spec.replicas']);
  });

  it('compares the selector of a Service exactly', () => {
    const service = (selector: object) => ({ spec: { selector } });
    expect(covers(service({ a: '1' }), service({ a: '1' }))).toEqual([]);
    expect(covers(service({ a: '1' }), service({ a: '2' }))).toEqual(['spec.selector.a']);
    expect(covers(service({ a: '1' }), service({ a: '1', b: '2' }))).toEqual(['spec.selector.b']);
  });

  it('does not take a label for a quantity', () => {
    const labelled = (value: string) => ({
      spec: { template: { metadata: { labels: { limits: value, size: value } } } },
    });
    expect(covers(labelled('1Gi'), labelled('1024Mi'))).toHaveLength(2);
  });

  it('ignores members that are not declared', () => {
    expect(covers({ spec: { a: undefined, b: null } }, { spec: { a: 1 } })).toEqual([]);
  });

  it('never sees drift in what the server only completes', () => {
    fc.assert(
      fc.property(declared, extra, (object, additions) => {
        expect(covers(object, completed(object, additions))).toEqual([]);
      }),
    );
  });

  it('sees every change of a declared leaf, and only that one', () => {
    fc.assert(
      fc.property(declared, extra, fc.nat(), (object, additions, pick) => {
        const live = completed(object, additions);
        const places = leaves(live, object);
        fc.pre(places.length > 0);
        const { path, change } = places[pick % places.length]!;
        change();
        expect(covers(object, live)).toEqual([path]);
      }),
    );
  });
});

const key = fc.constantFrom('alpha', 'beta', 'gamma', 'delta');
const leaf = fc.oneof(fc.integer({ min: 1, max: 99 }), fc.constantFrom('a', 'b', 'c'), fc.constant(true));
/** Declared objects: structs, lists and leaves of any nesting, below `spec`. */
const declared = fc
  .letrec<{ node: unknown; struct: Record<string, unknown> }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      tie('struct'),
      fc.array(tie('node'), { maxLength: 3 }),
    ),
    struct: fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4 }),
  }))
  .struct.map((spec) => ({ spec }));
const extra = fc.dictionary(fc.constantFrom('serverDefault', 'status', 'uid'), leaf, { minKeys: 1 });

/** A copy with `additions` in every struct. */
function completed<T>(value: T, additions: object): T {
  if (Array.isArray(value)) return value.map((element) => completed(element as unknown, additions)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map(([name, member]) => [name, completed(member as unknown, additions)]);
  return { ...Object.fromEntries(members), ...additions } as T;
}

/** Every declared leaf of `live`: where it is, and how to change it. */
function leaves(live: unknown, object: unknown, path = ''): { path: string; change: () => void }[] {
  const members = Object.entries(object as object) as [string, unknown][];
  return members.flatMap(([name, member]) => {
    const at = Array.isArray(object) ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`;
    const holder = live as Record<string, unknown>;
    if (typeof member === 'object') return leaves(holder[name], member, at);
    return [{ path: at, change: () => void (holder[name] = 'changed') }];
  });
}

describe('the ports of a Service', () => {
  const service = (...ports: object[]) => ({ spec: { ports } });
  const http = { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' };
  const metrics = { name: 'metrics', port: 9090, targetPort: 9090, protocol: 'TCP' };

  it('may have those of others beside them, before and after', () => {
    expect(covers(service(http), service(metrics, { ...http, nodePort: 30080 }))).toEqual([]);
  });

  it.each([
    ['a missing port', service(metrics), 'spec.ports[0]'],
    ['another protocol', service({ ...http, protocol: 'UDP' }), 'spec.ports[0]'],
    ['another target', service(metrics, { ...http, targetPort: 1 }), 'spec.ports[0].targetPort'],
    ['no ports', { spec: {} }, 'spec.ports[0]'],
  ])('say %s', (_, live, path) => {
    expect(covers(service(http), live)).toEqual([path]);
  });
});

describe('the groups of a PrometheusRule', () => {
  const rule = (...groups: object[]) => ({ spec: { groups } });
  const own = { name: 'chat', rules: [{ record: 'r', expr: '1' }] };
  const theirs = { name: 'mine', rules: [] };

  it.each([
    ['nothing', rule(own), []],
    ['a group of others', rule(theirs, own), []],
    ['a missing group', rule(theirs), ['spec.groups[0]']],
    [
      'another expression',
      rule(theirs, { ...own, rules: [{ record: 'r', expr: '2' }] }),
      ['spec.groups[0].rules[0].expr'],
    ],
    ['a rule of others in ours', rule({ ...own, rules: [...own.rules, { record: 's' }] }), ['spec.groups[0].rules']],
  ])('are compared by name: %s', (_, live, paths) => {
    expect(covers(rule(own), live)).toEqual(paths);
  });
});
