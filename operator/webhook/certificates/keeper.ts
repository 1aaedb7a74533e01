import { MANAGER } from '../../api/index.ts';
import { Backoff } from '../../kube/backoff.ts';
import type { WatchClient } from '../../kube/client.ts';
import { isAlreadyExists, isConflict, isForbidden, isNotFound } from '../../kube/errors.ts';
import { ReflectingInformer } from '../../kube/informer.ts';
import { resources, type Secret } from '../../kube/resources.ts';
import type { Clock, KubeClient, ObjectRef } from '../../kube/types.ts';
import type { Logger } from '../../telemetry/logger.ts';
import {
  isInjected,
  isPublished,
  publishPatch,
  WEBHOOK_CONFIGURATIONS,
  type WebhookConfiguration,
} from './configuration.ts';
import {
  dueStep,
  LIFETIMES,
  type Lifetimes,
  type Material,
  nextDueAt,
  type Surroundings,
  trustBundle,
} from './material.ts';
import type { KeyPair } from '../../pki/index.ts';
import { isOurs, readSecret, secretOf } from './secret.ts';
import type { CertificateSource } from './source.ts';

export interface KeeperOptions {
  /** Works in every replica, whether it leads or not. */
  readonly client: Pick<KubeClient, 'get' | 'create' | 'update' | 'patch'> & WatchClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Name of the Secret, of the Service and of the ValidatingWebhookConfiguration; namespace of the first two. */
  readonly ref: Required<ObjectRef>;
  /** Default: {@link LIFETIMES}. */
  readonly lifetimes?: Lifetimes;
}

/** How long API servers may take to learn of a new caBundle, which they watch, milliseconds. */
const SETTLE_MS = 60_000;
/** Another look at the Secret after so long, whatever is due: a year is longer than a clock can be trusted. */
const MAX_WAIT_MS = 7 * 86_400_000;
/** Writes that others may overtake before it counts as a failure. */
const MAX_RACES = 5;

/** Read anew: it may have aborted in between. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** The Secret cannot be used, and is not ours to write. */
class ForeignSecretError extends Error {
  readonly code = 'WEBHOOK_SECRET_FOREIGN';
  override readonly name = 'ForeignSecretError';
}

/**
 * Makes and renews the certificates of the webhook. The Secret is the one truth: whoever writes it first has made them, and
 * the others take them from there. Nobody polls it: each replica knows from the certificates when to look again, and learns of
 * what comes unexpected from the ValidatingWebhookConfiguration, which it watches and into which the authorities are written.
 */
export class CertificateKeeper implements CertificateSource {
  readonly #options: KeeperOptions;
  readonly #lifetimes: Lifetimes;
  readonly #configurations: ReflectingInformer<WebhookConfiguration>;
  readonly #backoff: Backoff;
  #material: Material | undefined;
  /** The bundle that the configuration had, and since when we know. */
  #published: { readonly bundle: string; readonly since: number } | undefined;
  #wake: (() => void) | undefined;
  #isWoken = false;

  constructor(options: KeeperOptions) {
    const { client, clock, ref, lifetimes = LIFETIMES } = options;
    this.#options = options;
    this.#lifetimes = lifetimes;
    this.#backoff = new Backoff({ baseMs: 1_000, maxMs: 300_000, random: Math.random });
    this.#configurations = new ReflectingInformer({
      ...{ client, clock, type: WEBHOOK_CONFIGURATIONS, fieldSelector: `metadata.name=${ref.name}` },
      onReflectorEvent: (event) => {
        if (event.type === 'list-failed') this.#onListFailed(event.error);
      },
    });
    this.#configurations.onEvent(() => {
      this.#isWoken = true;
      this.#wake?.();
    });
  }

  async run(onServing: (pair: KeyPair) => void, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    const following = this.#configurations.run(signal);
    while (!signal.aborted) {
      this.#isWoken = false;
      let waitMs: number;
      try {
        await this.#pass(onServing, signal);
        this.#backoff.reset();
        waitMs = this.#dueInMs(clock.now());
      } catch (error) {
        waitMs = this.#backoff.next();
        // Another replica was faster; a failure that lasts is told of once.
        if (!isConflict(error) && this.#backoff.failures === 2 && !isOver(signal))
          log.warn('the certificates of the webhook are not in order: specs are not judged before they are stored', {
            error,
            hint: isForbidden(error) ? 'see docs/reference/rights.md' : undefined,
          });
      }
      await this.#idle(waitMs, signal);
    }
    await following;
  }

  /** Looks whether anything is due; asks the API server for nothing where nothing is. */
  async #pass(onServing: (pair: KeyPair) => void, signal: AbortSignal): Promise<void> {
    const configuration = this.#configuration();
    const isKnown = this.#material !== undefined && this.#stepFor(this.#material) === undefined;
    if (!isKnown || !this.#isTold(configuration)) {
      const before = this.#material;
      this.#material = await this.#agree(signal);
      if (before?.serving.certificate !== this.#material.serving.certificate) onServing(this.#material.serving);
    }
    await this.#publish(configuration, signal);
  }

  /** The material of the Secret once nothing is due in it any more. */
  async #agree(signal: AbortSignal): Promise<Material> {
    const { client, ref, log } = this.#options;
    for (let race = 0; ; race += 1) {
      const found = await this.#read(signal);
      const { material, flaw } = found === undefined ? {} : readSecret(found);
      if (found !== undefined && material === undefined && !isOurs(found))
        throw new ForeignSecretError(
          `The Secret ${ref.namespace}/${ref.name} is not one of the operator's (${flaw ?? 'it is empty'}): delete it, or set --webhook-name.`,
        );
      if (flaw !== undefined) log.warn('the Secret of the webhook cannot be used and is written anew', { flaw });
      const made = await this.#carryOut(material);
      if (made.steps.length === 0 && material !== undefined) return material;
      try {
        const secret = secretOf(ref, made.material, found);
        await (found === undefined
          ? client.create(resources.secrets, secret, { signal })
          : client.update(resources.secrets, secret, { signal }));
        log.info('certificates of the webhook are made', { steps: made.steps });
        return made.material;
      } catch (error) {
        if (!(isConflict(error) || isAlreadyExists(error)) || race >= MAX_RACES) throw error;
      }
    }
  }

  /** Everything that is due, done on paper. */
  async #carryOut(found: Material | undefined) {
    let material = found;
    const steps: string[] = [];
    for (let step = this.#stepFor(material); step !== undefined; step = this.#stepFor(material)) {
      if (steps.includes(step)) throw new Error(`${step} is due again right after it was done: this is a defect`);
      // Loaded where something is issued: a few times a year, by one of the replicas.
      const { issue } = await import('./issue.ts');
      material = await issue(step, material, this.#around(material));
      steps.push(step);
    }
    // Without a material everything is due.
    return { material: material as Material, steps };
  }

  async #read(signal: AbortSignal): Promise<Secret | undefined> {
    const { client, ref } = this.#options;
    try {
      return await client.get(resources.secrets, ref, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Tells the API server whom to trust, where it does not know. */
  async #publish(configuration: WebhookConfiguration | undefined, signal: AbortSignal): Promise<void> {
    const { client, clock, log, ref } = this.#options;
    if (configuration === undefined || this.#material === undefined || isInjected(configuration)) return;
    const bundle = trustBundle(this.#material);
    if (!isPublished(configuration, ref, bundle)) {
      const patch = publishPatch(configuration, ref, bundle);
      const options = { type: 'json', fieldManager: MANAGER, signal } as const;
      const { name } = ref;
      this.#configurations.observeWrite(await client.patch(WEBHOOK_CONFIGURATIONS, { name }, patch, options));
      log.info('the API server is told whom to trust', { configuration: name });
    }
    if (this.#published?.bundle !== bundle) this.#published = { bundle, since: clock.now() };
  }

  /** Whether the configuration says what our material does; where there is none, nobody is to be told. */
  #isTold(configuration: WebhookConfiguration | undefined): boolean {
    if (configuration === undefined || this.#material === undefined || isInjected(configuration)) return true;
    return isPublished(configuration, this.#options.ref, trustBundle(this.#material));
  }

  #configuration(): WebhookConfiguration | undefined {
    return this.#configurations.store.get({ name: this.#options.ref.name });
  }

  #stepFor(material: Material | undefined) {
    return dueStep(material, this.#around(material));
  }

  #around(material: Material | undefined): Surroundings {
    const { clock, ref } = this.#options;
    const now = clock.now();
    const { name, namespace } = ref;
    return {
      now,
      dnsNames: [`${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`],
      lifetimes: this.#lifetimes,
      isNextTrusted: now >= this.#trustedAt(material),
    };
  }

  /** From when every API server trusts the next authority, milliseconds since the epoch. */
  #trustedAt(material: Material | undefined): number {
    const next = material?.nextCa?.certificate;
    if (next === undefined || this.#published?.bundle.includes(next) !== true) return Number.POSITIVE_INFINITY;
    return this.#published.since + SETTLE_MS;
  }

  #dueInMs(now: number): number {
    if (this.#material === undefined) return 0;
    const trustedAt = this.#trustedAt(this.#material);
    const at = Math.min(
      nextDueAt(this.#material, this.#around(this.#material)),
      trustedAt > now ? trustedAt : Number.POSITIVE_INFINITY,
    );
    return Math.min(Math.max(at - now, 0), MAX_WAIT_MS);
  }

  /** Waits, or until the configuration has changed. */
  async #idle(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#isWoken) return;
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#wake = end;
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    await this.#options.clock.sleep(ms, over.signal).catch(() => undefined);
    signal.removeEventListener('abort', end);
    this.#wake = undefined;
  }

  #onListFailed(error: unknown): void {
    const { log, ref } = this.#options;
    if (!isForbidden(error) || this.#isDenied) return;
    this.#isDenied = true;
    log.warn('the webhook configuration may not be read: whoever installs it has to write caBundle', {
      configuration: ref.name,
    });
  }

  #isDenied = false;
}
