/** Limits of the kubelet for `terminationMessagePolicy: FallbackToLogsOnError` (pkg/kubelet/kuberuntime). */
const maxLines = 80;
const maxBytes = 2048;

/** What is left of a log as termination message: its last 80 lines, of those the last 2,048 bytes. */
export function terminationMessage(log: string): string {
  const lines = log.replace(/\n$/, '').split('\n').slice(-maxLines).join('\n');
  const bytes = Buffer.from(lines);
  return bytes.length <= maxBytes ? lines : bytes.subarray(bytes.length - maxBytes).toString('utf8');
}
