import { describe, expect, it } from '@jest/globals';
import { testCluster } from '../support/index.ts';
import { MODEL, refusal, testAttacker, testHost } from './attacker.ts';

const cluster = testCluster('simulated');
const host = testHost(cluster);
const attack = testAttacker(cluster);

const pod = (podTemplate: object): object => ({ podTemplate });
const inModel = (source: object): object => ({ model: { ...MODEL.model, source } });
const elsewhere = { name: 'keys', namespace: 'kube-system' };

/** What no field of the schema can say. */
const UNKNOWN: readonly (readonly [string, object, string])[] = [
  ['the network of the node', pod({ hostNetwork: true }), 'podTemplate.hostNetwork'],
  ['the processes of the node', pod({ hostPID: true }), 'podTemplate.hostPID'],
  ['the memory of others on the node', pod({ hostIPC: true }), 'podTemplate.hostIPC'],
  ['the users of the node', pod({ hostUsers: true }), 'podTemplate.hostUsers'],
  ['a node by its name, past the scheduler', pod({ nodeName: 'control-plane' }), 'podTemplate.nodeName'],
  ['a container of its own', pod({ containers: [{ name: 'a', image: 'b' }] }), 'podTemplate.containers'],
  ['a container before the engine', pod({ initContainers: [{ name: 'a', image: 'b' }] }), 'podTemplate.initContainers'],
  ['a container into a running pod', pod({ ephemeralContainers: [] }), 'podTemplate.ephemeralContainers'],
  ['a token of its ServiceAccount', pod({ automountServiceAccountToken: true }), 'automountServiceAccountToken'],
  ['all of the host', pod({ securityContext: { privileged: true } }), 'securityContext.privileged'],
  ['root again', pod({ securityContext: { runAsNonRoot: false } }), 'securityContext.runAsNonRoot'],
  ['no seccomp', pod({ securityContext: { seccompProfile: { type: 'Unconfined' } } }), 'seccompProfile'],
  ['sysctls', pod({ securityContext: { sysctls: [{ name: 'a', value: 'b' }] } }), 'securityContext.sysctls'],
  ['/proc as it is', { engine: { securityContext: { procMount: 'Unmasked' } } }, 'engine.securityContext'],
  ['capabilities', { engine: { securityContext: { capabilities: {} } } }, 'engine.securityContext'],
  ['a command of its own in place of the engine', { engine: { command: ['sh'] } }, 'engine.command'],
  ['a hook', { engine: { lifecycle: {} } }, 'engine.lifecycle'],
  ['all variables of a Secret', { engine: { envFrom: [] } }, 'engine.envFrom'],
  ['an API key from elsewhere', { engine: { apiKeySecretRef: { ...elsewhere, key: 'a' } } }, 'namespace'],
  [
    'credentials from elsewhere',
    inModel({ objectStorage: { uri: 's3://a/b', credentialsSecretRef: elsewhere } }),
    'namespace',
  ],
  [
    'a token from elsewhere',
    inModel({ huggingFace: { repository: 'a/b', tokenSecretRef: { ...elsewhere, key: 'a' } } }),
    'namespace',
  ],
  ['a claim from elsewhere', inModel({ persistentVolumeClaim: { claimName: 'a', namespace: 'b' } }), 'namespace'],
  ['a pull secret from elsewhere', pod({ imagePullSecrets: [elsewhere] }), 'namespace'],
  ['a route from elsewhere', { traffic: { routeRef: { name: 'a', namespace: 'b' } } }, 'routeRef.namespace'],
  ['a Service anywhere', { traffic: { service: { externalName: '169.254.169.254' } } }, 'service.externalName'],
  ['addresses of others', { traffic: { service: { externalIPs: ['10.0.0.1'] } } }, 'service.externalIPs'],
  ['pods of others behind its Service', { traffic: { service: { selector: {} } } }, 'service.selector'],
  ['an address to be scraped', { monitoring: { endpoints: ['http://169.254.169.254'] } }, 'monitoring.endpoints'],
];

/** What a field may not hold. */
const WRONG: readonly (readonly [string, object, RegExp])[] = [
  ['a ServiceAccount of another namespace', pod({ serviceAccountName: 'kube-system/admin' }), /name of an object/],
  [
    'a Secret by a path',
    { engine: { apiKeySecretRef: { name: '../kube-system/keys', key: 'a' } } },
    /name of an object/,
  ],
  ['a PriorityClass with a label of its own in it', pod({ priorityClassName: 'a"}\nb' }), /name of an object/],
  ['another scheduler by an address', pod({ schedulerName: 'http://evil.example' }), /name of an object/],
  ['a path of the node with a way out of it', inModel({ cache: { hostPath: { path: '../etc' } } }), /absolute path/],
  ['a claim with a way out of it', inModel({ persistentVolumeClaim: { claimName: 'a', path: '../..' } }), /path/],
  ['an image that is a command', { engine: { image: 'a b; rm -rf /' } }, /image/],
  [
    'a repository that is another address',
    inModel({ huggingFace: { repository: 'http://evil.example/a/b' } }),
    /repository|should/,
  ],
  [
    'an endpoint with credentials',
    inModel({ huggingFace: { repository: 'a/b', endpoint: 'http://u:p@evil.example' } }),
    /address/,
  ],
  [
    'an endpoint that is a file',
    inModel({ huggingFace: { repository: 'a/b', endpoint: 'file:///etc/passwd' } }),
    /address/,
  ],
  ['a variable that is two', { engine: { env: [{ name: 'A=B\nC', value: 'd' }] } }, /name|should/i],
];

describe('a spec cannot ask for', () => {
  it.each(UNKNOWN)('%s: there is no such field', async (_, spec, field) => {
    const { create } = await attack(host());
    expect(await refusal(create('chat', spec))).toMatch(new RegExp(`unknown field "spec\\.[^"]*${field}`));
  });

  it.each(WRONG)('%s: the schema refuses it', async (_, spec, words) => {
    const { create } = await attack(host());
    const message = await refusal(create('chat', spec));
    expect(message).toContain('"chat" is invalid: ');
    expect(message).toMatch(words);
  });
});
