/**
 * Where a simulated pod's engine listens: pods keep their 10.x.y.z addresses (EndpointSlices refuse loopback ones), and
 * the engine of the pod 10.x.y.z answers at 127.x.y.z, which is local on Linux without any set-up.
 *
 * @throws RangeError when the address is not an IPv4 address of 10.0.0.0/8.
 */
export function loopbackAddress(podIP: string): string {
  const match = /^10\.(\d{1,3}\.\d{1,3}\.\d{1,3})$/.exec(podIP);
  if (match?.[1] === undefined) {
    throw new RangeError(
      `pod address ${podIP} is not in 10.0.0.0/8: start the simulated cluster with such a pod range`,
    );
  }
  return `127.${match[1]}`;
}
