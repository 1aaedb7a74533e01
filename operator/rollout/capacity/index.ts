export { countCapacity, nodesWithoutDevice } from './count.ts';
export { deviceResource } from './requests.ts';
export type { CapacityNode, CapacityPod, CapacityQuestion, CapacityReading, Reservation } from './types.ts';
