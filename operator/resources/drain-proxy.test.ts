import { describe, expect, it } from '@jest/globals';
import { PodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { DeepSeekDeploymentInput } from '../api/index.ts';
import { renderPodTemplate } from './pod-template.ts';
import { deploymentWith, engineWith, planWith } from './test-support.ts';

type Spec = Partial<DeepSeekDeploymentInput['spec']>;

const CONFIGURATION = 'deepseek-operator.io/drain-proxy';

function render(spec: Spec = {}, engine = engineWith()) {
  const template = renderPodTemplate(deploymentWith(spec), 'x7k2m', planWith(), engine);
  new PodTemplateSpec(template).validate();
  const { initContainers = [], containers, volumes = [] } = template.spec!;
  const proxy = initContainers.find(({ name }) => name === 'drain-proxy');
  return { proxy, engine: containers[0]!, volumes, configuration: template.metadata?.annotations?.[CONFIGURATION] };
}

const gateway = { gateway: { parentRefs: [{ name: 'edge' }] } };

describe('the drain proxy', () => {
  it.each<[string, Spec, boolean]>([
    ['by default', {}, true],
    ['where a gateway fronts the pods', { traffic: gateway }, false],
    ['where a route of the user does', { traffic: { routeRef: { name: 'edge' } } }, false],
    [
      'where a gateway fronts the pods, and it is wanted',
      { traffic: gateway, termination: { drainProxy: 'Enabled' } },
      true,
    ],
    ['where it is not wanted', { termination: { drainProxy: 'Disabled' } }, false],
  ])('%s', (_, spec, there) => {
    const { proxy, engine, volumes, configuration } = render(spec);
    expect(proxy !== undefined).toBe(there);
    expect(configuration !== undefined).toBe(there);
    expect(volumes.some(({ name }) => name === 'drain-proxy')).toBe(there);
    expect(engine.ports?.[0]?.name).toBe(there ? 'engine' : 'http');
  });

  it('outlives the engine, takes the requests that the Service sends, and hears first that the pod goes', () => {
    const { proxy, configuration } = render();
    expect(proxy).toMatchObject({
      restartPolicy: 'Always',
      ports: [{ name: 'http', containerPort: 9000 }],
      lifecycle: { preStop: { httpGet: { path: '/drain', port: 9001 } } },
    });
    expect(configuration).toContain(`server engine 127.0.0.1:${engineWith().port}\n`);
    expect(configuration).toContain('bind :9000\n');
    expect(configuration).toContain('bind :9001\n');
  });

  // That it obeys the signal is shown on a real node: e2e/real/traffic-rollouts.real.test.ts.
  it('has a process that obeys SIGTERM, and ends with connections that clients hold', () => {
    const { proxy, configuration } = render();
    expect(proxy?.args?.[0]).toBe('-W');
    expect(configuration).toContain('hard-stop-after 5s\n');
  });

  it.each([
    [10, '5000ms'],
    [60, '5000ms'],
    [4, '2000ms'],
    [0, '100ms'],
  ])('lets idle connections go before a preStop of %d s is over', (preStopSeconds, expected) => {
    const { configuration } = render({}, { ...engineWith(), preStopSeconds });
    expect(configuration).toContain(`timeout http-keep-alive ${expected}\n`);
    // Connections that were opened and never used.
    expect(configuration).toContain(`timeout http-request ${expected}\n`);
  });

  it('cancels what no client waits for, and hears the kubelet when clients have taken every connection', () => {
    const { configuration } = render();
    expect(configuration).toContain('option abortonclose\n');
    const [all = 0, clients = 0] = [...(configuration ?? '').matchAll(/^ {2}maxconn (\d+)$/gm)].map(([, n]) =>
      Number(n),
    );
    expect(clients).toBeGreaterThan(0);
    expect(all).toBeGreaterThan(clients);
  });

  it('keeps no connection that could outlive the pod: of a stream never, of others not while it goes', () => {
    const { configuration } = render();
    const close = 'set-header Connection close if';
    expect(configuration).toContain(`http-response ${close} { res.hdr(content-type) -m beg text/event-stream }\n`);
    expect(configuration).toContain(`http-after-response ${close} { var(proc.draining) -m bool }\n`);
    expect(configuration).toContain('option http-server-close\n');
  });
});
