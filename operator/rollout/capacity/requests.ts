import type { IContainer } from 'kubernetes-models/v1/Container';
import { parseQuantity } from '../../planner/index.ts';
import type { CapacityPod } from './types.ts';

/** Whole amounts by resource: CPU in thousandths, bytes, devices; `pods` is the pod itself. */
export type Amounts = Readonly<Record<string, number>>;

type Quantities = Readonly<Record<string, string | number>>;
type PodSpec = NonNullable<CapacityPod['spec']>;

/** What a container status says of a resize in place: what was granted, and what is still held. */
interface Resized {
  readonly name: string;
  readonly allocatedResources?: Quantities;
  readonly resources?: { readonly requests?: Quantities };
}

/**
 * What pods ask of their node, as the scheduler counts it (component-helpers `resource.PodRequests`). One for each
 * count: the same few quantities are spelled ten thousand times.
 */
export class Requests {
  readonly #cpu = new Map<string | number, number>();
  readonly #other = new Map<string | number, number>();

  /** The amounts of a list of quantities; what cannot be read is nothing. */
  amounts(quantities: Quantities | undefined): Record<string, number> {
    const amounts: Record<string, number> = {};
    for (const name in quantities) amounts[name] = this.#amount(name, quantities[name] ?? 0);
    return amounts;
  }

  /**
   * What a pod with this spec takes: all containers and sidecars together, or the largest of the init containers with
   * the sidecars before it, whichever is more; what is set for the whole pod instead; and its overhead. `status` tells
   * of containers that were resized in place.
   */
  ofPod(spec: PodSpec | undefined, status?: CapacityPod['status']): Amounts {
    const total: Record<string, number> = { pods: 1 };
    if (spec === undefined) return total;
    for (const container of spec.containers) this.#add(total, container, status?.containerStatuses);
    if (spec.initContainers !== undefined) {
      const sidecars: Record<string, number> = {};
      const largest: Record<string, number> = {};
      for (const container of spec.initContainers) {
        if (container.restartPolicy === 'Always') {
          this.#add(total, container, status?.initContainerStatuses);
          this.#add(sidecars, container, status?.initContainerStatuses);
          raise(largest, sidecars);
        } else {
          const together = { ...sidecars };
          this.#add(together, container);
          raise(largest, together);
        }
      }
      raise(total, largest);
    }
    // Only CPU, memory and huge pages can be set for a whole pod.
    if (spec.resources?.requests) Object.assign(total, this.amounts(spec.resources.requests));
    if (spec.overhead) add(total, this.amounts(spec.overhead));
    return total;
  }

  #add(to: Record<string, number>, { name, resources }: IContainer, statuses?: readonly Resized[]): void {
    const { requests, limits } = resources ?? {};
    const resized = statuses?.find((status) => status.name === name);
    if (resized !== undefined) {
      const amounts = { ...this.amounts(limits), ...this.amounts(requests) };
      raise(amounts, this.amounts(resized.allocatedResources));
      raise(amounts, this.amounts(resized.resources?.requests));
      add(to, amounts);
      return;
    }
    for (const key in requests) to[key] = (to[key] ?? 0) + this.#amount(key, requests[key] ?? 0);
    // The API server fills in a missing request from the limit.
    for (const key in limits) {
      if (requests?.[key] === undefined) to[key] = (to[key] ?? 0) + this.#amount(key, limits[key] ?? 0);
    }
  }

  #amount(resource: string, quantity: string | number): number {
    const known = resource === 'cpu' ? this.#cpu : this.#other;
    let amount = known.get(quantity);
    if (amount === undefined) {
      const value = (parseQuantity(quantity) ?? 0) * (resource === 'cpu' ? 1000 : 1);
      // Rounded up as the scheduler does, but not for what binary fractions add to 1.1 CPUs.
      amount = Math.ceil(Number(value.toFixed(6)));
      known.set(quantity, amount);
    }
    return amount;
  }
}

/** The device resource that a pod asks for (`nvidia.com/gpu`, a MIG slice): the first with a domain; undefined on CPU. */
export function deviceResource(spec: PodSpec | undefined): string | undefined {
  for (const { resources } of spec?.containers ?? []) {
    const name = Object.keys(resources?.limits ?? {}).find((key) => key.includes('/'));
    if (name !== undefined) return name;
  }
  return undefined;
}

function add(to: Record<string, number>, amounts: Amounts): void {
  for (const name in amounts) to[name] = (to[name] ?? 0) + (amounts[name] ?? 0);
}

function raise(to: Record<string, number>, amounts: Amounts): void {
  for (const name in amounts) to[name] = Math.max(to[name] ?? 0, amounts[name] ?? 0);
}
