import type { LiveHttpRoute } from '../gateway.ts';
import type { RouteState, Snapshot } from '../snapshot.ts';
import { World } from './world.ts';

/** A world with a gateway, that takes every route or none. */
export class GatewayWorld extends World {
  state: Pick<RouteState, 'readable' | 'missing'> = { readable: true };
  takes = true;
  /** Since when it is known that no gateway has taken the route, where none has; undefined: it is not known. */
  notTakenSince: number | undefined;

  override snapshot(): Snapshot {
    const snapshot = super.snapshot();
    const { gateway, routeRef } = this.deployment.spec.traffic ?? {};
    const own = this.route;
    if (gateway === undefined && routeRef === undefined && this.deployment.status?.route === undefined) return snapshot;
    const { notTakenSince } = this;
    // What may not be read is not there for the operator.
    if (this.state.readable !== true) return { ...snapshot, route: { ...this.state, notTakenSince } };
    const live = gateway === undefined ? (this.objects.get('HTTPRoute/edge') as LiveHttpRoute | undefined) : own;
    const leftover = gateway === undefined && own !== undefined ? { leftover: own } : {};
    const since = this.takes && live !== undefined ? {} : { notTakenSince };
    return { ...snapshot, route: { ...this.state, live: live && this.#answered(live), ...leftover, ...since } };
  }

  get route(): LiveHttpRoute | undefined {
    return this.objects.get('HTTPRoute/chat');
  }

  /** By revision, of the rule for everybody. */
  get weights(): Record<string, number> {
    const backends = this.route?.spec?.rules?.at(-1)?.backendRefs ?? [];
    return Object.fromEntries(backends.map(({ name, weight = 1 }) => [name.slice('chat-'.length), weight]));
  }

  #answered(route: LiveHttpRoute): LiveHttpRoute {
    if (!this.takes) return route;
    const conditions = ['Accepted', 'ResolvedRefs'].map((type) => ({
      ...{ type, status: 'True', observedGeneration: route.metadata.generation ?? 0 },
    }));
    const parents = (route.spec?.parentRefs ?? []).map((parentRef) => ({ parentRef, conditions }));
    return { ...route, status: { parents } };
  }
}
