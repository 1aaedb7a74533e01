import { stringify } from 'yaml';
import { LABEL, MANAGER, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import { isForbidden, isNotFound, KubeError } from '../../operator/kube/errors.ts';
import { type Event, type Pod, resources } from '../../operator/kube/resources.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts';
import { diagnose } from '../doctor/diagnosis.ts';
import { gather } from '../doctor/gather.ts';
import { renderDiagnosis } from '../doctor/view.ts';
import { childSelector, type DeepSeekDeploymentObject } from '../get/objects.ts';
import { historyOf } from '../history/history.ts';
import { renderHistory } from '../history/view.ts';
import { judge } from '../plan/verdict.ts';
import { renderVerdicts } from '../plan/view.ts';
import { statusOf } from '../status/status.ts';
import { renderStatus } from '../status/view.ts';
import type { ClusterConnection } from '../support/cluster.ts';
import { readRevisions } from '../support/revisions.ts';
import type { Terminal } from '../support/terminal.ts';
import { CHILDREN } from './objects.ts';
import type { Mask } from './mask.ts';
import type { ArchiveFile } from './tar.ts';

type Client = ClusterConnection['client'];

/** Of one log; the beginning of a start and the end of a run are what is asked for. */
const LOG_BYTES = 512 * 1024;
const LOG_LINES = 5_000;
/** Of all files together, before they are compressed. */
const MAX_BYTES = 48 * 1024 * 1024;
/** As a page of a width that mail and issue trackers keep. */
const PAGE: Terminal = { width: 120, colour: false, unicode: true, interactive: false };

/** A file whose content is made when all is known that has to be masked. */
interface Draft {
  readonly path: string;
  readonly render: () => string;
}

export interface CollectOptions {
  readonly client: Client;
  readonly namespace: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Of the plugin. */
  readonly version: string;
  readonly mask: Mask;
  /** Called with each step. */
  readonly onProgress: (step: string) => void;
}

/** Gathers what helps to understand a model, its operator and its cluster. What cannot be had is said in a file, and stops nothing. */
export class Collector {
  readonly #options: CollectOptions;
  readonly #signal: AbortSignal;
  readonly #drafts: Draft[] = [];
  /** What is not in the bundle, and why. */
  readonly #missing: string[] = [];

  constructor(options: CollectOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The operator and its surroundings. */
  async cluster(): Promise<void> {
    const { client, namespace, now, version, onProgress } = this.#options;
    onProgress('the cluster and the operator');
    const facts = await this.#try('doctor', gather({ client, namespace, now, version }, this.#signal));
    if (facts === undefined) return;
    const diagnosis = diagnose(facts);
    this.#page('doctor.txt', diagnosis, (masked) => `${renderDiagnosis(masked, PAGE)}\n`);
    for (const { deployment, namespace: where, defaults, lease } of facts.operators.state === 'known'
      ? facts.operators.value
      : []) {
      const folder = `operator/${where}`;
      this.#object(`${folder}/deployment.yaml`, deployment);
      if (lease.state === 'known') this.#object(`${folder}/lease.yaml`, lease.value);
      if (defaults.state === 'known') this.#object(`${folder}/defaults.yaml`, defaults.value);
      const pods = await this.#list(resources.pods, where, `${LABEL.appName}=${MANAGER}`);
      for (const pod of pods) await this.#pod(folder, pod);
    }
  }

  /** One model with all that belongs to it. */
  async model(deployment: DeepSeekDeploymentObject): Promise<void> {
    const { client, now, onProgress } = this.#options;
    const { namespace = '', name } = deployment.metadata;
    const folder = `models/${namespace}/${name}`;
    onProgress(`${namespace}/${name}`);
    this.#object(`${folder}/deepseekdeployment.yaml`, deployment);
    this.#page(`${folder}/status.txt`, statusOf(deployment), (status) => {
      return `${renderStatus(status, { terminal: PAGE, now, wide: true })}\n`;
    });
    const { status: _, ...wish } = deployment;
    const parsed = parseDeepSeekDeployment(wish);
    if (parsed.ok) this.#page(`${folder}/plan.txt`, [judge(parsed.value)], (plans) => renderVerdicts(plans, PAGE));
    else this.#text(`${folder}/plan.txt`, `${parsed.message}\n`);
    const stored = await this.#try('revisions', readRevisions(client, { namespace, name }, this.#signal));
    this.#page(`${folder}/history.txt`, historyOf(deployment, stored), (history) => {
      return `${renderHistory(history, PAGE, now)}\n`;
    });
    const names = new Set([name]);
    for (const type of CHILDREN) {
      for (const child of await this.#list(type, namespace, childSelector(name))) {
        names.add(child.metadata.name);
        if (type.plural === resources.pods.plural) await this.#pod(folder, child as Pod);
        else this.#object(`${folder}/children/${type.plural}/${child.metadata.name}.yaml`, child);
      }
    }
    const events = await this.#list(resources.events, namespace);
    this.#text(`${folder}/events.txt`, eventLines(events.filter(({ regarding }) => names.has(regarding?.name ?? ''))));
  }

  /** What was gathered, without secrets; what exceeds the size is left out, and said. */
  files(): ArchiveFile[] {
    const { mask, version, now } = this.#options;
    let bytes = 0;
    const files = this.#drafts.flatMap(({ path, render }) => {
      const content = mask.text(render());
      bytes += Buffer.byteLength(content);
      if (bytes <= MAX_BYTES) return [{ path, content }];
      this.#missing.push(`${path}: the bundle would be larger than ${MAX_BYTES / 1024 / 1024} MiB`);
      return [];
    });
    const about = [
      `kubectl deepseek ${version}, ${new Date(now).toISOString()}`,
      'Secrets are not read. Values of variables and options whose names say that they are secrets are [masked], and what looks like a token is [redacted].',
      ...(this.#missing.length === 0
        ? ['Nothing is missing.']
        : ['Missing:', ...this.#missing.map((line) => `  ${line}`)]),
    ];
    return [{ path: 'about.txt', content: mask.text(`${about.join('\n')}\n`) }, ...files];
  }

  async #pod(folder: string, pod: Pod): Promise<void> {
    const { namespace = '', name } = pod.metadata;
    this.#object(`${folder}/pods/${name}/pod.yaml`, pod);
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    for (const { name: container, restartCount = 0, state } of statuses) {
      if (state?.waiting === undefined || restartCount > 0)
        await this.#log(folder, { namespace, name }, container, false);
      if (restartCount > 0) await this.#log(folder, { namespace, name }, container, true);
    }
  }

  async #log(
    folder: string,
    ref: { namespace: string; name: string },
    container: string,
    previous: boolean,
  ): Promise<void> {
    const options = { container, previous, tailLines: LOG_LINES, limitBytes: LOG_BYTES, signal: this.#signal };
    const path = `${folder}/pods/${ref.name}/${container}${previous ? '.previous' : ''}.log`;
    const log = await this.#try(path, this.#options.client.podLog(ref, options));
    if (log === undefined) return;
    // A line that the limit has cut may end within a secret.
    const isCut = Buffer.byteLength(log) >= LOG_BYTES;
    this.#text(path, isCut ? log.slice(0, log.lastIndexOf('\n') + 1) : log);
  }

  async #list<T extends KubeObject>(type: ResourceType<T>, namespace: string, labelSelector?: string): Promise<T[]> {
    const options = { namespace, ...(labelSelector !== undefined && { labelSelector }), signal: this.#signal };
    const list = this.#options.client.list(type, options).catch((error: unknown) => {
      // A kind that the cluster does not have.
      if (isNotFound(error)) return { items: [] as T[] };
      throw error;
    });
    return (await this.#try(`${type.plural} of ${namespace}`, list))?.items ?? [];
  }

  async #try<T>(what: string, work: Promise<T>): Promise<T | undefined> {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof KubeError) && !this.#signal.aborted) throw error;
      const why = isForbidden(error) ? 'you may not see it' : error instanceof Error ? error.message : String(error);
      this.#missing.push(`${what}: ${why}`);
      return undefined;
    }
  }

  #object(path: string, object: object): void {
    this.#text(path, stringify(this.#options.mask.object(object), { aliasDuplicateObjects: false, lineWidth: 0 }));
  }

  #text(path: string, content: string): void {
    this.#drafts.push({ path, render: () => content });
  }

  /** A page for people. It is laid out from texts that are masked: a secret that goes over a line break would not be found in it. */
  #page<T>(path: string, facts: T, layOut: (masked: T) => string): void {
    this.#drafts.push({ path, render: () => layOut(this.#options.mask.texts(facts)) });
  }
}

/** One line an event, the last one last. */
function eventLines(events: readonly Event[]): string {
  const time = ({ eventTime, deprecatedLastTimestamp }: Event): string => deprecatedLastTimestamp ?? eventTime;
  const lines = events
    .toSorted((a, b) => (time(a) < time(b) ? -1 : 1))
    .map((event) => {
      const { type = '', reason = '', regarding, note = '', series } = event;
      const repeated = series === undefined ? '' : ` (${series.count} times)`;
      return `${time(event)}  ${type}  ${reason}  ${regarding?.kind ?? ''}/${regarding?.name ?? ''}${repeated}  ${note.replaceAll('\n', ' ')}`;
    });
  return `${lines.join('\n')}\n`;
}
