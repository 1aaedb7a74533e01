import { SELECTOR } from '../api/index.ts';
import type { WatchClient } from '../kube/client.ts';
import { isForbidden, isGone, isNotFound } from '../kube/errors.ts';
import { clusterScoped, resources } from '../kube/resources.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import {
  type CapacityPod,
  type CapacityQuestion,
  type CapacityReading,
  type Claim,
  type ClaimQuestion,
  countCapacity,
  countClaims,
  deviceResource,
  nodesWithoutDevice,
} from '../rollout/capacity/index.ts';
import type { NodeAutoscalerReader } from './node-autoscaler.ts';
import type { NodeCache } from './nodes.ts';
import type { OwnPods } from './own-pods.ts';
import type { PriorityClassReader } from './priority-class.ts';
import { trimToCapacity } from './transforms.ts';

export interface CapacityReaderOptions {
  readonly client: Pick<KubeClient, 'list'> & Pick<WatchClient, 'listPages'>;
  readonly nodes: Pick<NodeCache, 'nodes'>;
  /** Our pods of all namespaces; absent: not all are cached, and they are listed with the others. */
  readonly ownPods?: Pick<OwnPods, 'all'>;
  readonly autoscaler: Pick<NodeAutoscalerReader, 'read'>;
  readonly priorityClasses: Pick<PriorityClassReader, 'value'>;
}

type Read = 'nodes' | 'pods' | 'priority' | 'dynamicNodes';
/** What a pass asks of the room for a revision: the rest is read. */
export type WantedCapacity = Omit<CapacityQuestion, Read>;
/** What it asks of the room that is to be claimed of others. */
export type WantedClaims = Omit<ClaimQuestion, Read>;

/** What is counted of one look at the cluster. */
export interface Counted {
  readonly room?: CapacityReading;
  readonly claims?: readonly Claim[];
}

/** Pods that may still hold something of their nodes. */
const NOT_ENDED = 'status.phase!=Succeeded,status.phase!=Failed';

interface ResourceSlice extends KubeObject {
  readonly spec?: { readonly driver?: string; readonly nodeName?: string };
}
const RESOURCE_SLICES = clusterScoped<ResourceSlice>('resource.k8s.io', 'v1', 'ResourceSlice', 'resourceslices');

/**
 * Counts the room for a revision: nodes and our own pods as they are cached, the pods of others as the server has them now, all of the
 * cluster. It costs a list of these, so a pass asks only while a rollout needs room.
 */
export class CapacityReader {
  readonly #options: CapacityReaderOptions;

  constructor(options: CapacityReaderOptions) {
    this.#options = options;
  }

  /** What may not be read makes the count unknown, with why. Throws when the server cannot be asked. */
  async read(
    { room, claims }: { readonly room?: WantedCapacity | undefined; readonly claims?: WantedClaims | undefined },
    signal: AbortSignal,
  ): Promise<Counted> {
    const { nodes } = this.#options.nodes;
    const [pods, autoscaler, forRoom, forClaims] = await Promise.all([
      nodes === undefined ? undefined : this.#pods(signal),
      room && this.#options.autoscaler.read(signal),
      room && this.#complete(room, nodes, signal),
      claims && this.#complete(claims, nodes, signal),
    ]);
    return {
      ...(forRoom && { room: { ...countCapacity({ ...forRoom, pods }), ...(autoscaler && { autoscaler }) } }),
      ...(forClaims && { claims: countClaims({ ...forClaims, pods }) }),
    };
  }

  /** The question with what depends on its template. */
  async #complete<T extends WantedCapacity>(wanted: T, nodes: CapacityQuestion['nodes'], signal: AbortSignal) {
    const [priority, dynamicNodes] = await Promise.all([
      this.#priority(wanted, signal),
      this.#dynamicNodes({ ...wanted, nodes }, signal),
    ]);
    return {
      ...{ ...wanted, nodes },
      ...(priority !== undefined && { priority }),
      ...(dynamicNodes && { dynamicNodes }),
    };
  }

  /** Undefined when they may not be listed. */
  async #pods(signal: AbortSignal): Promise<readonly CapacityPod[] | undefined> {
    try {
      return await this.#list(signal);
    } catch (error) {
      if (isForbidden(error)) return undefined;
      // The version was compacted away between two pages; a new list starts from a new version.
      if (isGone(error)) return this.#list(signal);
      throw error;
    }
  }

  async #list(signal: AbortSignal): Promise<CapacityPod[]> {
    const { client, ownPods } = this.#options;
    const selection = { fieldSelector: NOT_ENDED, ...(ownPods && { labelSelector: SELECTOR.others }) };
    const pods: CapacityPod[] = [];
    for await (const page of client.listPages(resources.pods, { ...selection, signal }))
      for (const pod of page.items) pods.push(trimToCapacity(pod));
    // Looked at last: what came while others were listed counts.
    return ownPods === undefined ? pods : [...pods, ...ownPods.all];
  }

  /** Without a class pods have 0, or more where the cluster has a default class: then others are taken to be ahead. */
  async #priority({ template }: WantedCapacity, signal: AbortSignal): Promise<number | undefined> {
    const name = template.spec?.priorityClassName;
    return name === undefined ? 0 : this.#options.priorityClasses.value(name, signal);
  }

  /** Nodes with devices of the same vendor in ResourceSlices, asked for only where a node offers them in no other way. */
  async #dynamicNodes(
    question: Pick<CapacityQuestion, 'nodes' | 'template'>,
    signal: AbortSignal,
  ): Promise<readonly string[] | undefined> {
    if (nodesWithoutDevice(question).length === 0) return undefined;
    const [vendor = ''] = (deviceResource(question.template.spec) ?? '').split('/');
    const drivers = [vendor, `gpu.${vendor}`];
    try {
      const { items } = await this.#options.client.list(RESOURCE_SLICES, { signal });
      return items.flatMap(({ spec }) => (drivers.includes(spec?.driver ?? '') ? (spec?.nodeName ?? []) : []));
    } catch (error) {
      if (isForbidden(error)) return undefined;
      // A cluster without the API, or with an older version of it, whose devices nobody can mean.
      if (isNotFound(error)) return [];
      throw error;
    }
  }
}
