import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IVolume } from 'kubernetes-models/v1/Volume';
import { ANNOTATION, DRAIN_PROXY_CONTAINER, type DeepSeekDeploymentSpec } from '../api/index.ts';
import type { EngineContainer } from '../engines/types.ts';
import { CONTAINER_SECURITY } from './pod-security.ts';
import { HTTP_PORT_NAME } from './service.ts';

/**
 * HAProxy 3.2, which is maintained until 2030. The features that are used are older (2.4); ran here: Debian's 3.2.26. That
 * tag is a moving one of Docker's official images.
 */
export const DRAIN_PROXY_IMAGE = 'docker.io/library/haproxy:3.2';

/** Where the proxy listens, and where the kubelet tells it that the pod is going. No engine listens there. */
const PORT = 9000;
const CONTROL_PORT = 9001;
const DRAIN_PATH = '/drain';

const VOLUME = DRAIN_PROXY_CONTAINER;
const FOLDER = '/etc/drain-proxy';
const FILE = 'haproxy.cfg';

/** Longest that an idle connection of a client is kept, milliseconds: as long as the engines' own servers keep one. */
const KEEP_ALIVE_MS = 5_000;

/** What a pod with a drain proxy has beside the engine. */
export interface DrainProxy {
  readonly container: IContainer;
  readonly volume: IVolume;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Whether the pods of a revision that is rendered now get a proxy. A gateway does the same, and better: it sees every pod. */
export function wantsDrainProxy({ termination, traffic }: DeepSeekDeploymentSpec): boolean {
  const wanted = termination?.drainProxy ?? 'Auto';
  return wanted === 'Auto' ? (traffic?.gateway ?? traffic?.routeRef) === undefined : wanted === 'Enabled';
}

/**
 * A proxy in front of the engine, as a native sidecar: it starts before the engine and ends after it. While the pod is on
 * its way out, before the engine hears of it, each answer says `Connection: close`, so that clients with busy pools go to
 * other pods; engines keep them until they cut them (docs/adr/0017-drain-proxy.md). Idle connections end by themselves
 * within preStop. The configuration is an annotation of the pod: part of the revision, and no object of its own.
 */
export function drainProxy(engine: EngineContainer, image: string): DrainProxy {
  return {
    container: {
      name: VOLUME,
      image,
      restartPolicy: 'Always',
      command: ['haproxy'],
      // With a master, which obeys SIGTERM as SIGUSR1, whichever the image asks for. Without one it is the first process of its
      // container and has no handler of SIGTERM: the pod, and its GPUs, would stay until the grace period ends.
      args: ['-W', '-db', '-f', `${FOLDER}/${FILE}`],
      ports: [{ name: HTTP_PORT_NAME, containerPort: PORT, protocol: 'TCP' }],
      // Two threads carry thousands of tokens per second; the buffers of 2,000 clients are 64 MiB.
      resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
      volumeMounts: [{ name: VOLUME, mountPath: FOLDER, readOnly: true }],
      // Else a client could come before it listens: the engine's own probes do not ask it.
      startupProbe: { tcpSocket: { port: PORT }, periodSeconds: 1, failureThreshold: 60 },
      readinessProbe: { tcpSocket: { port: PORT }, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
      // Runs at once when the pod is deleted, beside the engine's; SIGTERM comes to a sidecar last.
      lifecycle: { preStop: { httpGet: { path: DRAIN_PATH, port: CONTROL_PORT } } },
      terminationMessagePolicy: 'FallbackToLogsOnError',
      securityContext: { ...CONTAINER_SECURITY, readOnlyRootFilesystem: true },
    },
    volume: {
      name: VOLUME,
      downwardAPI: {
        items: [{ path: FILE, fieldRef: { fieldPath: `metadata.annotations['${ANNOTATION.drainProxy}']` } }],
      },
    },
    annotations: { [ANNOTATION.drainProxy]: configuration(engine) },
  };
}

/** An idle connection has to be gone before the engine gets SIGTERM: what comes on it later would be refused. */
function keepAliveMs({ preStopSeconds }: EngineContainer): number {
  return Math.min(KEEP_ALIVE_MS, Math.max(100, preStopSeconds * 500));
}

function configuration(engine: EngineContainer): string {
  return `global
  maxconn 2100
  nbthread 2
  # It is told last, when no request runs any more; connections that clients hold then may be cut.
  hard-stop-after 5s
  log stdout format raw local0 warning
defaults
  mode http
  # Tokens are passed on as they come.
  option http-no-delay
  # No kept connection to the engine: which side closes it first would be a race, and it is the pod's own.
  option http-server-close
  # A client that leaves has its request cancelled, as by the engine's own server; else the GPU works for nobody.
  option abortonclose
  timeout connect 5s
  # Also for connections on which nothing was ever sent: they have to be gone before the engine gets SIGTERM, without a word.
  option http-ignore-probes
  timeout http-request ${keepAliveMs(engine)}ms
  timeout http-keep-alive ${keepAliveMs(engine)}ms
  # A prompt may take long to its first token, and a client long between two of its reads.
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend requests
  # Less than there may be in all: the kubelet is heard when clients have taken every one.
  maxconn 2000
  bind :${PORT}
  http-after-response set-header Connection close if { var(proc.draining) -m bool }
  # A stream's header is sent before anybody knows of its end: its connection is never kept.
  http-response set-header Connection close if { res.hdr(content-type) -m beg text/event-stream }
  default_backend engine
frontend control
  bind :${CONTROL_PORT}
  http-request deny unless { path ${DRAIN_PATH} }
  http-request set-var(proc.draining) bool(true)
  http-request return status 200
backend engine
  server engine 127.0.0.1:${engine.port}
`;
}
