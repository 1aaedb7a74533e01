import { ApiError } from '../errors.ts';
import type { Lease } from '../resources.ts';
import type { KubeClient } from '../types.ts';

type LeaseClient = Pick<KubeClient, 'get' | 'create' | 'update'>;

/** One Lease, as the API server keeps it: versions, preconditions, 404 and 409. Every answer comes at once. */
export class LeaseServer {
  /** The Lease as it is. */
  lease: Lease | undefined;
  /** Every request in order: `GET`, `POST` or `PUT`, and its status. */
  readonly requests: string[] = [];
  /** Called after each change. */
  onChange: (lease: Lease) => void = () => undefined;
  #version = 0;

  get(): Lease {
    return this.#answer('GET', () => this.lease ?? notFound());
  }

  create(object: object): Lease {
    return this.#answer('POST', () => {
      if (this.lease !== undefined) throw new ApiError(409, { reason: 'AlreadyExists', message: 'it exists already' });
      return this.#store(object as Lease);
    });
  }

  update(object: object): Lease {
    return this.#answer('PUT', () => {
      const current = this.lease ?? notFound();
      const { resourceVersion } = (object as Lease).metadata;
      if (resourceVersion !== current.metadata.resourceVersion) {
        throw new ApiError(409, { reason: 'Conflict', message: 'the object has been modified' });
      }
      return this.#store(object as Lease);
    });
  }

  /** What somebody else writes. */
  overwrite(spec: NonNullable<Lease['spec']>): void {
    this.#store({ ...(this.lease ?? notFound()), spec });
  }

  /** A client whose calls reach this server through `network`, which may delay, lose or refuse them. */
  client(network: <T>(call: () => T, signal: AbortSignal) => Promise<T> = async (call) => call()): LeaseClient {
    // `never`: the calls are generic, and only Leases are asked for.
    return {
      get: (_type, _ref, { signal }) => network(() => this.get() as never, signal),
      create: (_type, object, { signal }) => network(() => this.create(object) as never, signal),
      update: (_type, object, { signal }) => network(() => this.update(object) as never, signal),
    };
  }

  #store(lease: Lease): Lease {
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(++this.#version) } };
    this.onChange(this.lease);
    return this.lease;
  }

  #answer(method: string, answer: () => Lease): Lease {
    try {
      const lease = structuredClone(answer());
      this.requests.push(`${method} 200`);
      return lease;
    } catch (error) {
      this.requests.push(`${method} ${error instanceof ApiError ? error.status : '?'}`);
      throw error;
    }
  }
}

function notFound(): never {
  throw new ApiError(404, { reason: 'NotFound', message: 'there is no such Lease' });
}
