/** `node reap.ts DIR`: removes the cluster in DIR. Run by the watchdog when the cluster's owner has died. */
import { removeCluster } from './folder.ts';

const dir = process.argv[2];
if (dir === undefined) throw new Error('usage: reap.ts DIR');
await removeCluster(dir);
