import { z } from 'zod';
import { notBoth, withRules } from './rules.ts';
import { annotations, atomicList, labelName, matching, objectName, port } from './scalars.ts';

const service = z.object({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']).describe('Type of the Service.').default('ClusterIP'),
  port: port().describe('Port that clients connect to.').default(80),
  annotations: annotations().describe('Annotations of the Service, e.g. for a load balancer.').exactOptional(),
});

const parentReference = z.object({
  group: z.string().max(253).describe('Group of the parent. Default: gateway.networking.k8s.io.').exactOptional(),
  kind: z.string().min(1).max(63).describe('Kind of the parent. Default: Gateway.').exactOptional(),
  namespace: labelName().describe('Namespace of the parent. Default: that of this object.').exactOptional(),
  name: objectName().describe('Name of the parent.'),
  sectionName: objectName().describe('Listener of the gateway. Default: all.').exactOptional(),
  port: port().describe('Port of the gateway. Default: all.').exactOptional(),
});

const hostname = matching(
  /^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
  253,
  'should be a host name, *. allowed in front',
);

/** How clients reach the model. */
export const trafficSpec = withRules(
  z.object({
    service: service.describe('The Service that bears the name of this object.').exactOptional(),
    gateway: z
      .object({
        parentRefs: atomicList(parentReference, 8, 1).describe('Gateways that our HTTPRoute attaches to.'),
        hostnames: atomicList(hostname, 16)
          .describe('Host names of the route. Absent: all of the gateway.')
          .exactOptional(),
      })
      .describe('An HTTPRoute that the operator makes and owns.')
      .exactOptional(),
    routeRef: z
      .object({ name: objectName().describe('Name of the HTTPRoute.') })
      .describe('An HTTPRoute of yours in the same namespace, in which the operator sets the weights and nothing else.')
      .exactOptional(),
  }),
  [notBoth('gateway', 'routeRef', 'set gateway or routeRef, not both')],
);
