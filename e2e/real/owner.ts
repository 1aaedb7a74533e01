/** `node owner.ts DIR`: starts a cluster with a real node in DIR and a pod on it, prints `ready`, and waits to be killed. */
import { setInterval } from 'node:timers';
import { nodeImagesInside, openApi, startCluster } from '../../hack/cluster/index.ts';
import { PAUSE_IMAGE } from '../../hack/image/node-images.ts';
import { eventually } from '../support/eventually.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: owner.ts DIR');
const signal = AbortSignal.timeout(180_000);
const images = (await nodeImagesInside()).filter(({ names }) => names.includes(PAUSE_IMAGE));
const cluster = await startCluster({ profile: 'real', dir, images, signal });
const api = await openApi(cluster, 'owner');
const pods = '/api/v1/namespaces/default/pods';
const container = { name: 'pause', image: PAUSE_IMAGE, imagePullPolicy: 'Never' };
const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'idle' }, spec: { containers: [container] } };
await api.post(pods, pod, signal);
await eventually(
  async () => {
    const { status } = (await api.get<{ status: { phase: string } }>(`${pods}/idle`, signal)) ?? {};
    if (status?.phase !== 'Running') throw new Error(`The pod is ${status?.phase ?? 'not there'}.`);
  },
  { timeoutMs: 60_000, signal },
);
process.stdout.write('ready\n');
setInterval(() => undefined, 60_000);
