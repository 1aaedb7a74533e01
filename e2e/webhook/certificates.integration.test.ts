import { describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { WEBHOOK_NAME } from '../../operator/api/rights.ts';
import { systemClock } from '../../operator/kube/clock.ts';
import { resources } from '../../operator/kube/resources.ts';
import { createLogger } from '../../operator/telemetry/logger.ts';
import { WEBHOOK_CONFIGURATIONS } from '../../operator/webhook/certificates/configuration.ts';
import { issue } from '../../operator/webhook/certificates/issue.ts';
import { LIFETIMES, trustBundle } from '../../operator/webhook/certificates/material.ts';
import { readSecret } from '../../operator/webhook/certificates/secret.ts';
import { CertificateFiles } from '../../operator/webhook/index.ts';
import { MovableClock } from '../reconcile/movable-clock.ts';
import { eventually, testCluster } from '../support/index.ts';
import { PATIENCE, type Replica, type Stage, webhookStage } from './stage.ts';

const cluster = testCluster('control-plane', {});
const stage = webhookStage(cluster);

const certificatesIn = (bundle: string): readonly string[] =>
  bundle.match(/-----BEGIN[^]*?-----END CERTIFICATE-----\n/g) ?? [];

/** What a replica serves to a client that trusts `bundle` and looks for the Service; rejects where it trusts it not. */
async function served(port: number, bundle: string, { namespace }: Stage): Promise<X509Certificate> {
  const socket = connect({ host: '127.0.0.1', port, ca: bundle, servername: `${WEBHOOK_NAME}.${namespace}.svc` });
  try {
    return await new Promise((resolve, reject) => {
      socket.once('error', reject).once('secureConnect', () => {
        const certificate = socket.getPeerX509Certificate();
        if (certificate) resolve(certificate);
        else reject(new Error('no certificate'));
      });
    });
  } finally {
    socket.destroy();
  }
}

/** What the operator has written to Secrets and webhook configurations in this test, as `verb resource`. */
async function writes(): Promise<string[]> {
  const entries = await stage().requests();
  return entries
    .filter(({ verb, code }) => ['create', 'update', 'patch'].includes(verb) && code < 300)
    .filter(({ resource = '' }) => ['secrets', 'validatingwebhookconfigurations'].includes(resource))
    .map(({ verb, resource = '' }) => `${verb} ${resource}`);
}

describe('replicas', () => {
  it('that start together agree on one authority, and each is trusted', async () => {
    const replicas = await Promise.all([0, 1, 2].map(() => stage().startReplica()));
    await stage().install(replicas[0]?.port ?? 0);
    const bundle = await stage().trusted();
    expect(certificatesIn(bundle)).toHaveLength(1);
    const seen = await Promise.all(replicas.map(({ port }) => served(port, bundle, stage())));
    expect(new Set(seen.map(({ fingerprint256 }) => fingerprint256)).size).toBe(1);
    expect(await writes()).toEqual(['create secrets', 'patch validatingwebhookconfigurations']);
  });

  it('that come later take what is there, and write nothing', async () => {
    const first = await stage().startReplica();
    await stage().install(first.port);
    const before = await writes();
    const { metadata } = await stage().secret();
    const later = await stage().startReplica();
    await eventually(async () => served(later.port, await stage().trusted(), stage()), PATIENCE);
    expect((await stage().secret()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(await writes()).toEqual(before);
  });

  it('renew certificates and authority while the API server asks, and it is answered each time', async () => {
    // Dated back by an hour, so that what is made in the next hour is valid now already.
    const lifetimes = { caMs: 3_600_000, servingMs: 1_200_000, overlapMs: 300_000 };
    const clock = new MovableClock();
    const replicas = [
      await stage().startReplica({ clock, lifetimes }),
      await stage().startReplica({ clock, lifetimes }),
    ];
    const [first, second] = replicas as [Replica, Replica];
    await stage().install(first.port);
    const [firstCa = ''] = certificatesIn(await stage().trusted());

    let asked = 0;
    const failures: unknown[] = [];
    const over = new AbortController();
    const asking = [0, 1].map(async () => {
      // The one after the other by a connection of its own: each meets what is served now.
      while (!over.signal.aborted) {
        asked += 1;
        await stage()
          .refused()
          .catch((error: unknown) => failures.push(error));
      }
    });
    const seen = new Set<string>();
    // 25 steps of two minutes: one certificate lives for 20 of them, an authority is replaced after 20 minutes or so.
    for (let step = 0; step < 25; step += 1) {
      clock.advance(120_000);
      const target = asked + 4;
      await eventually(() => {
        if (asked < target) throw new Error('not asked yet');
      }, PATIENCE);
      const bundle = await stage().trusted();
      for (const { port } of replicas) seen.add((await served(port, bundle, stage())).fingerprint256);
    }
    over.abort();
    await Promise.all(asking);
    const bundle = await stage().trusted();
    expect(failures).toEqual([]);
    expect(seen.size).toBeGreaterThan(3);
    // The first authority signs no more; whoever still serves what it has signed is trusted.
    expect(certificatesIn(bundle)).toContain(firstCa);
    const { material } = readSecret(await stage().secret());
    expect(material?.formerCa).toBe(firstCa);
    expect(material && trustBundle(material)).toBe(bundle);
    expect(second.servesUntil()).toBeGreaterThan(systemClock.now());
  });

  it('make everything anew where somebody has spoilt the Secret, and the others follow', async () => {
    const replicas = [await stage().startReplica(), await stage().startReplica()];
    await stage().install(replicas[0]?.port ?? 0);
    const before = await stage().trusted();
    const { namespace, signal, admin } = stage();
    const ref = { namespace, name: WEBHOOK_NAME };
    await admin.patch(resources.secrets, ref, { data: { 'ca.key': 'eA==' } }, { type: 'merge', signal });
    // Somebody looks at it when the configuration is another one.
    const none = [{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }];
    await admin.patch(WEBHOOK_CONFIGURATIONS, { name: WEBHOOK_NAME }, none, { type: 'json', signal });
    await eventually(async () => {
      const bundle = await stage().trusted();
      expect([bundle === before, bundle === '']).toEqual([false, false]);
      for (const { port } of replicas) await served(port, bundle, stage());
      await stage().refused();
    }, PATIENCE);
  });

  it('leave a Secret alone that is somebody else’s, and say so', async () => {
    const { namespace, signal, admin } = stage();
    const metadata = { name: WEBHOOK_NAME, namespace };
    const foreign = { apiVersion: 'v1', kind: 'Secret', metadata, data: { password: 'eA==' } };
    await admin.create(resources.secrets, foreign, { signal });
    const { log, servesUntil } = await stage().startReplica();
    await eventually(() => {
      expect(log.map(({ error }) => (error as { message?: string } | undefined)?.message)).toContain(
        `The Secret ${namespace}/${WEBHOOK_NAME} is not one of the operator's (entries are missing): delete it, or set --webhook-name.`,
      );
    }, PATIENCE);
    expect(servesUntil()).toBeUndefined();
    expect((await stage().secret()).data).toEqual({ password: 'eA==' });
  });
});

describe('caBundle', () => {
  it('stays as it is when the manifest is applied again, by the client and by the server', async () => {
    const { port } = await stage().startReplica();
    await stage().install(port);
    const manifest = stage().configuration(port);
    const bundle = await stage().trusted();
    for (const how of [['apply'], ['apply'], ['apply', '--server-side'], ['apply', '--server-side']]) {
      const { metadata } = await stage().live();
      const { out, complaint, code } = await stage().kubectl([...how, '-f', '-'], manifest);
      expect({ how, code, complaint: complaint.replace(/Warning: resource .* is missing.*\n/, '') }).toMatchObject({
        ...{ how, code: 0, complaint: '' },
      });
      if (how.length === 1) expect(out).toMatch(/ unchanged\n$/);
      expect(await stage().trusted()).toBe(bundle);
      // A first apply by the server makes its manager an owner: that is a write, and of nothing else.
      if (how.length === 1) expect((await stage().live()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    }
    const { metadata } = await stage().live();
    await stage().kubectl(['apply', '--server-side', '-f', '-'], manifest);
    expect((await stage().live()).metadata.resourceVersion).toBe(metadata.resourceVersion);
    expect(await stage().kubectl(['diff', '-f', '-'], manifest)).toMatchObject({ code: 0, out: '' });
    await stage().refused();
  });

  it('is written again where the configuration was made anew', async () => {
    const { port } = await stage().startReplica();
    await stage().install(port);
    const bundle = await stage().trusted();
    await stage().kubectl(['delete', 'validatingwebhookconfiguration', WEBHOOK_NAME]);
    await stage().kubectl(['apply', '-f', '-'], stage().configuration(port));
    await eventually(async () => expect(await stage().trusted()).toBe(bundle), PATIENCE);
  });

  it('is cert-manager’s to write where its annotation says so', async () => {
    const { log, port } = await stage().startReplica();
    const annotations = { 'cert-manager.io/inject-ca-from': `${stage().namespace}/webhook` };
    const manifest = stage().configuration(port);
    await stage().kubectl(['apply', '-f', '-'], { ...manifest, metadata: { ...manifest.metadata, annotations } });
    await eventually(
      () => expect(log.map(({ message }) => message)).toContain('the webhook serves a certificate'),
      PATIENCE,
    );
    await stage().kubectl(['annotate', 'validatingwebhookconfiguration', WEBHOOK_NAME, 'seen=true']);
    expect(await stage().trusted()).toBe('');
    // Without it the operator does what it has not done before.
    await stage().kubectl([
      'annotate',
      'validatingwebhookconfiguration',
      WEBHOOK_NAME,
      'cert-manager.io/inject-ca-from-',
    ]);
    await eventually(async () => expect(certificatesIn(await stage().trusted())).toHaveLength(1), PATIENCE);
    expect(await writes()).toEqual(['create secrets', 'patch validatingwebhookconfigurations']);
  });
});

describe('certificates of somebody else', () => {
  it('are served from files, another one without a restart, and nothing is written', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'webhook-'));
    try {
      const clock = new MovableClock();
      const around = {
        ...{ now: clock.now(), lifetimes: LIFETIMES, isNextTrusted: false },
        dnsNames: [`${WEBHOOK_NAME}.${stage().namespace}.svc`],
      };
      const material = await issue('IssueAll', undefined, around);
      const next = await issue('IssueServing', material, around);
      const bundle = trustBundle(material);
      const write = async ({ serving: { certificate, key } }: typeof material) => {
        await writeFile(join(dir, 'tls.key'), key);
        await writeFile(join(dir, 'tls.crt'), certificate);
      };
      await write(material);
      const log = createLogger({ level: 'error', format: 'json', stream: process.stderr });
      const { port } = await stage().startReplica({ certificates: new CertificateFiles({ dir, clock, log }) });
      const of = ({ serving }: typeof material) => new X509Certificate(serving.certificate).fingerprint256;
      await eventually(
        async () => expect((await served(port, bundle, stage())).fingerprint256).toBe(of(material)),
        PATIENCE,
      );
      // Half of a change: what was served goes on.
      await writeFile(join(dir, 'tls.key'), next.serving.key);
      clock.advance(10_000);
      expect((await served(port, bundle, stage())).fingerprint256).toBe(of(material));
      await write(next);
      await eventually(async () => {
        clock.advance(10_000);
        expect((await served(port, bundle, stage())).fingerprint256).toBe(of(next));
      }, PATIENCE);
      expect(await writes()).toEqual([]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});
