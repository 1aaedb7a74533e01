import {
  errorEvent,
  type Fault,
  type FaultProxy,
  type ProxiedRequest,
} from '../../../operator/kube/testing/fault-proxy.ts';
import type { Random } from '../../simulator/random.ts';

/** Something that goes wrong, once. */
interface FaultKind {
  readonly name: string;
  /** Returns how to tell whether it has really happened. */
  readonly inject: (
    proxy: FaultProxy,
    random: Random,
  ) => { readonly fired: number } | Promise<{ readonly fired: number }>;
}

const isWatch = ({ isWatch }: ProxiedRequest): boolean => isWatch;
const isList = ({ isList }: ProxiedRequest): boolean => isList;
const isWrite = ({ method }: ProxiedRequest): boolean => method !== 'GET';
const isAny = (): boolean => true;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** Meets the next request that matches; `reconnect` cuts the open watches, so that there is a next one. */
function onNext(
  name: string,
  match: (request: ProxiedRequest) => boolean,
  fault: (random: Random) => Fault,
  { reconnect = match === isWatch, times = 1 }: { reconnect?: boolean; times?: number } = {},
): FaultKind {
  return {
    name,
    inject: (proxy, random) => {
      const injected = proxy.inject({ match, fault: fault(random), times });
      if (reconnect) proxy.cutWatches();
      return injected;
    },
  };
}

/** Meets the next list; a 410 makes sure that there is one. */
function onNextList(name: string, fault: (random: Random) => Fault): FaultKind {
  return {
    name,
    inject: (proxy, random) => {
      const injected = proxy.inject({ match: isList, fault: fault(random) });
      proxy.inject({ match: isWatch, fault: { kind: 'respond', status: 410, reason: 'Gone' } });
      proxy.cutWatches();
      return injected;
    },
  };
}

/** Every way in which a connection to an API server is known to go wrong. */
export const FAULTS: readonly FaultKind[] = [
  { name: 'watches are cut', inject: (proxy) => ({ fired: proxy.cutWatches() }) },
  { name: 'watches go half-open', inject: (proxy) => ({ fired: proxy.freezeWatches() }) },
  onNext('a watch is cut at a byte', isWatch, (random) => ({ kind: 'cut', afterBytes: below(random, 3000) })),
  onNext('a watch goes half-open at a byte', isWatch, (random) => ({
    kind: 'freeze',
    afterBytes: below(random, 3000),
  })),
  onNext('410 to a watch', isWatch, () => ({ kind: 'respond', status: 410, reason: 'Expired' })),
  onNext('410 in the stream', isWatch, () => ({ kind: 'stream', lines: [errorEvent(410, 'Expired')] })),
  onNext('500 in the stream', isWatch, () => ({ kind: 'stream', lines: [errorEvent(500, 'InternalError')] })),
  onNext('a malformed line', isWatch, () => ({ kind: 'stream', lines: ['{"type":"MODIF'] })),
  onNext('a watch that ends at once', isWatch, () => ({ kind: 'stream', lines: [] }), { reconnect: true, times: 3 }),
  onNext('a watch is delayed', isWatch, (random) => ({ kind: 'delay', ms: below(random, 100) })),
  onNextList('a list is cut', (random) => ({ kind: 'cut', afterBytes: below(random, 3000) })),
  onNext('a list goes half-open', isList, (random) => ({ kind: 'freeze', afterBytes: below(random, 3000) })),
  onNextList('a list is out of date when it arrives', (random) => ({ kind: 'hold', ms: below(random, 150) })),
  onNextList('a list is refused', () => ({ kind: 'respond', status: 403, reason: 'Forbidden' })),
  onNext('429', isAny, () => ({ kind: 'respond', status: 429, reason: 'TooManyRequests', retryAfterSeconds: 1 }), {
    reconnect: true,
  }),
  onNext('a storm of 500 and 503', isAny, (random) => ({ kind: 'respond', status: random() < 0.5 ? 500 : 503 }), {
    reconnect: true,
    times: 4,
  }),
  onNext('the answer to a write is lost', isWrite, () => ({ kind: 'lose-response' })),
  onNext('a write is cut', isWrite, (random) => ({ kind: 'cut', afterBytes: below(random, 500) })),
  onNext('a write is delayed', isWrite, (random) => ({ kind: 'delay', ms: below(random, 60) })),
  onNext('the answer to a write is late', isWrite, (random) => ({ kind: 'hold', ms: below(random, 150) })),
  {
    name: 'the server is away',
    inject: async (proxy, random) => {
      await proxy.refuseConnections();
      await new Promise((resolve) => setTimeout(resolve, below(random, 80)));
      await proxy.acceptConnections();
      return { fired: 1 };
    },
  },
];
