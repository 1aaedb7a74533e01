export { countClaims } from './claims.ts';
export { countCapacity, nodesWithoutDevice } from './count.ts';
export { deviceResource } from './requests.ts';
export type {
  CapacityNode,
  CapacityPod,
  CapacityQuestion,
  CapacityReading,
  Claim,
  ClaimQuestion,
  Giver,
  Reservation,
} from './types.ts';
