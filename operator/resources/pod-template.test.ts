import { describe, expect, it, test } from '@jest/globals';
import { PodTemplateSpec } from 'kubernetes-models/v1/PodTemplateSpec';
import type { DeepSeekDeploymentInput } from '../api/index.ts';
import type { ServingPlan } from '../planner/types.ts';
import { renderPodTemplate } from './pod-template.ts';
import { deploymentWith, engineWith, planWith } from './test-support.ts';

type Spec = Partial<DeepSeekDeploymentInput['spec']>;

function render(spec: Spec = {}, plan = planWith(), engine = engineWith()) {
  // The proxy has a test of its own.
  const { termination } = spec;
  const plain = deploymentWith({ ...spec, termination: { drainProxy: 'Disabled', ...termination } });
  const template = renderPodTemplate(plain, 'x7k2m', plan, engine);
  new PodTemplateSpec(template).validate();
  const pod = template.spec!;
  const container = pod.containers[0]!;
  return { template, pod, container, env: Object.fromEntries((container.env ?? []).map((e) => [e.name, e.value])) };
}

const volumeOf = (spec: Spec, name: string, plan = planWith()) =>
  render(spec, plan).pod.volumes?.find((volume) => volume.name === name);

describe('renderPodTemplate', () => {
  it('renders the whole pod of the smallest deployment', () => {
    expect(render().template).toEqual({
      metadata: {
        labels: {
          'app.kubernetes.io/managed-by': 'deepseek-operator',
          'app.kubernetes.io/name': 'deepseek-r1-distill-qwen-7b',
          'deepseek-operator.io/name': 'chat',
          'deepseek-operator.io/revision': 'x7k2m',
        },
        annotations: {},
      },
      spec: {
        serviceAccountName: 'chat',
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 2000,
          runAsGroup: 0,
          fsGroup: 2000,
          fsGroupChangePolicy: 'OnRootMismatch',
          seccompProfile: { type: 'RuntimeDefault' },
        },
        terminationGracePeriodSeconds: 345,
        tolerations: [
          { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
          { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 },
          { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 30 },
        ],
        topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
          maxSkew: 1,
          topologyKey,
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: {
            matchLabels: { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': 'x7k2m' },
          },
        })),
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: expect.any(Array) },
          },
        },
        containers: [
          {
            name: 'engine',
            image: 'vllm/vllm-openai:v0.32.0',
            command: ['vllm', 'serve'],
            args: ['deepseek-ai/DeepSeek-R1-Distill-Qwen-7B', '--host', '0.0.0.0', '--port', '8000'],
            env: [
              { name: 'HOME', value: '/home/engine' },
              { name: 'USER', value: 'engine' },
              { name: 'VLLM_NO_USAGE_STATS', value: '1' },
            ],
            ports: [{ name: 'http', containerPort: 8000, protocol: 'TCP' }],
            resources: {
              requests: { cpu: '4', memory: '24Gi', 'ephemeral-storage': '20Gi', 'nvidia.com/gpu': '1' },
              limits: { memory: '33280Mi', 'nvidia.com/gpu': '1' },
            },
            volumeMounts: [
              { name: 'shm', mountPath: '/dev/shm' },
              { name: 'home', mountPath: '/home/engine' },
              { name: 'cache', mountPath: '/cache' },
            ],
            startupProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, failureThreshold: 180 },
            livenessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 10, failureThreshold: 12 },
            readinessProbe: { httpGet: { path: '/health', port: 'http' }, periodSeconds: 5, failureThreshold: 2 },
            lifecycle: { preStop: { sleep: { seconds: 10 } } },
            terminationMessagePolicy: 'FallbackToLogsOnError',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
        volumes: [
          { name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: '2Gi' } },
          { name: 'home', emptyDir: {} },
          { name: 'cache', emptyDir: { sizeLimit: '20Gi' } },
        ],
      },
    });
  });

  it('does not name a revision in anything that selects all pods of the object', () => {
    const [a, b] = ['r1', 'r2'].map((hash) => renderPodTemplate(deploymentWith(), hash, planWith(), engineWith()));
    expect(a).not.toEqual(b);
    expect(JSON.parse(JSON.stringify(a).replaceAll('r1', 'r2'))).toEqual(
      JSON.parse(JSON.stringify(b).replaceAll('r1', 'r2')),
    );
  });

  describe('resources', () => {
    it('takes what the user says over the plan, as request and limit of the memory', () => {
      const { container } = render({ resources: { cpu: 8, memory: '64Gi', sharedMemory: '8Gi' } });
      expect(container.resources?.requests).toMatchObject({ cpu: '8', memory: '64Gi' });
      expect(container.resources?.limits).toMatchObject({ memory: '64Gi' });
      expect(container.resources?.limits).not.toHaveProperty('cpu');
      expect(volumeOf({ resources: { sharedMemory: '8Gi' } }, 'shm')).toEqual({
        name: 'shm',
        emptyDir: { medium: 'Memory', sizeLimit: '8Gi' },
      });
    });

    it('asks for all GPUs of a replica in one pod, by the name that the plan says', () => {
      const plan = planWith({
        gpusPerReplica: 4,
        accelerator: {
          type: 'custom',
          device: 'GPU',
          resourceName: 'nvidia.com/mig-3g.40gb',
          computeCapability: '8.0',
        },
      });
      const { container, pod } = render({}, plan);
      expect(container.resources?.requests).toMatchObject({ 'nvidia.com/mig-3g.40gb': '4' });
      expect(container.resources?.limits).toMatchObject({ 'nvidia.com/mig-3g.40gb': '4' });
      // Nodes with MIG devices carry the taint of the plain device.
      expect(pod.tolerations).toContainEqual({ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' });
    });

    it('asks for no GPU on CPU', () => {
      const { container, pod } = render(
        {},
        planWith({ gpusPerReplica: 0, accelerator: { type: 'CPU', device: 'CPU' } }),
      );
      expect(Object.keys(container.resources?.limits ?? {})).toEqual(['memory']);
      expect(pod.tolerations?.map(({ key }) => key)).not.toContain('nvidia.com/gpu');
      expect(JSON.stringify(pod.affinity)).toContain('feature.node.kubernetes.io/cpu-cpuid');
    });
  });

  describe('weights', () => {
    const cached = (cache: NonNullable<NonNullable<Spec['model']>['source']>['cache']): Spec => ({
      model: { name: 'deepseek-r1-distill-qwen-7b', source: { huggingFace: {}, ...(cache && { cache }) } },
    });

    test.each<[string, Spec, object]>([
      [
        'a claim',
        cached({ persistentVolumeClaim: { claimName: 'hub' } }),
        { persistentVolumeClaim: { claimName: 'hub' } },
      ],
      [
        'a folder of the node',
        cached({ hostPath: { path: '/data/hub' } }),
        { hostPath: { path: '/data/hub', type: 'Directory' } },
      ],
      ['the pod’s disk, limited', cached({ emptyDir: { sizeLimit: '100Gi' } }), { emptyDir: { sizeLimit: '100Gi' } }],
      ['the pod’s disk, as planned', cached({ emptyDir: {} }), { emptyDir: { sizeLimit: '20Gi' } }],
    ])('keeps downloads in %s', (_, spec, source) => {
      expect(volumeOf(spec, 'cache')).toEqual({ name: 'cache', ...source });
    });

    it('requests local disk only for a cache on it', () => {
      const requests = (spec: Spec) => render(spec).container.resources?.requests ?? {};
      expect(requests(cached({ emptyDir: { sizeLimit: '100Gi' } }))).toHaveProperty('ephemeral-storage', '100Gi');
      expect(requests(cached({ persistentVolumeClaim: { claimName: 'hub' } }))).not.toHaveProperty('ephemeral-storage');
    });

    const from = (source: ServingPlan['model']['source'], streamed = false) =>
      planWith({ model: { ...planWith().model, source, streamed } });

    test.each<[string, ServingPlan]>([
      ['lie in a volume', from('PersistentVolumeClaim')],
      ['lie in an image', from('Image')],
      ['are streamed', from('ObjectStorage', true)],
    ])('has no cache for weights that %s', (_, plan) => {
      const { pod, container } = render({}, plan);
      expect(pod.volumes?.map(({ name }) => name)).toEqual(['shm', 'home']);
      expect(container.volumeMounts?.map(({ mountPath }) => mountPath)).not.toContain('/cache');
      expect(container.resources?.requests).not.toHaveProperty('ephemeral-storage');
    });

    it('leaves the cache to the init container that copies weights into it', () => {
      const { pod, container } = render({}, from('ObjectStorage'));
      expect(pod.volumes).toContainEqual({ name: 'cache', emptyDir: { sizeLimit: '20Gi' } });
      expect(container.volumeMounts?.map(({ name }) => name)).toEqual(['shm', 'home']);
      expect(container.resources?.requests).toHaveProperty('ephemeral-storage', '20Gi');
    });
  });

  describe('what the user adds', () => {
    it('merges the environment by name: the user over the engine over what all share', () => {
      const engine = engineWith({
        env: [
          { name: 'HOME', value: '/engine' },
          { name: 'A', value: 'engine' },
        ],
      });
      const { env, container } = render(
        {
          engine: {
            env: [
              { name: 'A', value: 'user' },
              { name: 'B', value: '' },
            ],
          },
        },
        planWith(),
        engine,
      );
      expect(env).toEqual({ HOME: '/engine', USER: 'engine', A: 'user', B: '' });
      expect(container.env).toHaveLength(4);
    });

    it('takes variables from the Secrets that the engine names', () => {
      const envFrom = [{ secretRef: { name: 'bucket' } }];
      expect(render({}, planWith(), engineWith({ envFrom })).container.envFrom).toEqual(envFrom);
      expect(render().container).not.toHaveProperty('envFrom');
    });

    it('replaces a value by a reference', () => {
      const valueFrom = { secretKeyRef: { name: 'keys', key: 'a' } };
      const engine = engineWith({ env: [{ name: 'A', value: 'engine' }] });
      const { container } = render({ engine: { env: [{ name: 'A', valueFrom }] } }, planWith(), engine);
      expect(container.env?.filter(({ name }) => name === 'A')).toEqual([{ name: 'A', valueFrom }]);
    });

    it('adds labels and annotations, except over ours and under our prefix', () => {
      const { template } = render({
        podTemplate: {
          metadata: {
            labels: { team: 'search', 'app.kubernetes.io/managed-by': 'me', 'deepseek-operator.io/revision': 'other' },
            annotations: { note: 'kept', 'deepseek-operator.io/order': 'promote' },
          },
        },
      });
      expect(template.metadata?.labels).toMatchObject({
        team: 'search',
        'app.kubernetes.io/managed-by': 'deepseek-operator',
        'deepseek-operator.io/revision': 'x7k2m',
      });
      expect(template.metadata?.annotations).toEqual({ note: 'kept' });
    });

    it('hands scheduling, identity, secrets and volumes through', () => {
      const { pod, container } = render({
        accelerator: { type: 'A100-80GB', nodeSelector: { pool: 'gpu' }, runtimeClassName: 'nvidia' },
        podTemplate: {
          priorityClassName: 'high',
          schedulerName: 'volcano',
          serviceAccountName: 'mine',
          imagePullSecrets: [{ name: 'registry' }],
          volumes: [{ name: 'extra', configMap: { name: 'files' } }],
          volumeMounts: [{ name: 'extra', mountPath: '/extra', readOnly: true }],
          securityContext: { runAsUser: 1_000_540_000, fsGroup: 1_000_540_000 },
        },
      });
      expect(pod).toMatchObject({
        nodeSelector: { pool: 'gpu' },
        runtimeClassName: 'nvidia',
        priorityClassName: 'high',
        schedulerName: 'volcano',
        serviceAccountName: 'mine',
        imagePullSecrets: [{ name: 'registry' }],
        securityContext: { runAsNonRoot: true, runAsUser: 1_000_540_000, fsGroup: 1_000_540_000 },
      });
      expect(pod.volumes).toContainEqual({ name: 'extra', configMap: { name: 'files' } });
      expect(container.volumeMounts).toContainEqual({ name: 'extra', mountPath: '/extra', readOnly: true });
    });

    it('puts the user’s volume in the place of ours of the same name, and his mount in the place of ours', () => {
      const { pod, container } = render({
        podTemplate: {
          volumes: [{ name: 'home', persistentVolumeClaim: { claimName: 'compile-cache' } }],
          volumeMounts: [{ name: 'home', mountPath: '/home/engine', subPath: 'chat' }],
        },
      });
      expect(pod.volumes?.filter(({ name }) => name === 'home')).toEqual([
        { name: 'home', persistentVolumeClaim: { claimName: 'compile-cache' } },
      ]);
      expect(container.volumeMounts?.filter(({ mountPath }) => mountPath === '/home/engine')).toEqual([
        { name: 'home', mountPath: '/home/engine', subPath: 'chat' },
      ]);
    });

    it('leaves out what the user left out', () => {
      const { pod } = render();
      for (const field of [
        'nodeSelector',
        'runtimeClassName',
        'priorityClassName',
        'schedulerName',
        'imagePullSecrets',
      ]) {
        expect(pod).not.toHaveProperty(field);
      }
    });

    it('takes the user’s spread instead of ours, and counts the revision’s pods unless he says which', () => {
      const constraint = { maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' as const };
      const labelSelector = { matchLabels: { tier: 'llm' } };
      const { pod } = render({
        podTemplate: { topologySpreadConstraints: [constraint, { ...constraint, labelSelector }] },
      });
      const ours = { matchLabels: { 'deepseek-operator.io/name': 'chat', 'deepseek-operator.io/revision': 'x7k2m' } };
      expect(pod.topologySpreadConstraints).toEqual([
        { ...constraint, labelSelector: ours },
        { ...constraint, labelSelector },
      ]);
      expect(render({ podTemplate: { topologySpreadConstraints: [] } }).pod.topologySpreadConstraints).toEqual([]);
    });

    it('does not share objects with the spec, which is frozen', () => {
      const deployment = deploymentWith({ accelerator: { type: 'A100-80GB', tolerations: [{ operator: 'Exists' }] } });
      const { spec } = renderPodTemplate(deployment, 'x', planWith(), engineWith());
      expect(spec?.tolerations?.[0]).toEqual(deployment.spec.accelerator.tolerations?.[0]);
      expect(spec?.tolerations?.[0]).not.toBe(deployment.spec.accelerator.tolerations?.[0]);
    });
  });

  it('sends SIGTERM at once when the engine asks for no delay', () => {
    expect(render({}, planWith(), engineWith({ preStopSeconds: 0 })).container).not.toHaveProperty('lifecycle');
  });
});
