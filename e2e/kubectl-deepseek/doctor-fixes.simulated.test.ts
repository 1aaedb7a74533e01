import { describe, expect, it } from '@jest/globals';
import { commandCheck } from '../support/command-check.ts';
import { commandsOf } from '../support/shell-words.ts';
import { openStage, type Stage } from '../docs/stage.ts';
import { findTool } from '../../hack/cluster/index.ts';
import { eventually, testCluster } from '../support/index.ts';

// Of its own: an installation is of the whole cluster, and so is what doctor finds. With controllers: roles are aggregated.
const cluster = testCluster('simulated', {});

interface Finding {
  readonly level: string;
  readonly message: string;
  readonly fix?: string;
}

/** Something that is wrong with a cluster, and goes away by what doctor says. */
interface Trouble {
  readonly name: string;
  /** What makes it so, in the shell. */
  readonly plant: string;
  readonly message: RegExp;
  /** What a reader puts into the fix, and which of its ways he takes. */
  readonly choose?: (fix: string) => string;
  /** Who asks; default: an administrator. */
  readonly user?: string;
  /** What is left of it afterwards that others would meet. */
  readonly tidy?: string;
}

const MODEL = (name: string, spec: string) => `kubectl apply -f - <<'END'
apiVersion: deepseek-operator.io/v1alpha1
kind: DeepSeekDeployment
metadata: {name: ${name}}
spec: {model: {name: deepseek-r1-distill-qwen-7b}, accelerator: {type: A100-80GB}, ${spec}}
END`;

const setDefaults = (text: string) =>
  `kubectl -n deepseek-system delete configmap deepseek-operator-defaults --ignore-not-found
kubectl -n deepseek-system create configmap deepseek-operator-defaults --from-literal='defaults.yaml=${text}'`;
/** An editor that takes the mistake out of what it is given. */
const editing = (fix: string) => `KUBE_EDITOR='sed -i s/runtimeClass.*nvidia/{}/' ${fix.split('\n').at(-1) ?? ''}`;
const NODE = 'a100-80gb-0';
const CRD = 'crd deepseekdeployments.deepseek-operator.io';

/** In this order: the first ones install what the others need. */
const TROUBLES: readonly Trouble[] = [
  {
    name: 'no CRD',
    plant: 'true',
    message: /^The CRD .* is not installed/,
  },
  {
    name: 'no operator, installed by Helm',
    plant: 'true',
    message: /^No Deployment of the operator/,
    choose: (fix) => `${/^helm .*$/m.exec(fix)?.[0] ?? ''} --take-ownership --force-conflicts`,
    tidy: 'helm uninstall deepseek-operator -n deepseek-system --wait',
  },
  {
    name: 'no operator, installed by kubectl',
    plant: 'true',
    message: /^No Deployment of the operator/,
    choose: (fix) => /^kubectl .*$/m.exec(fix)?.[0] ?? '',
  },
  {
    name: 'an operator that is scaled to nothing',
    plant: 'kubectl -n deepseek-system scale deployment deepseek-operator --replicas=0',
    message: /is scaled to 0/,
  },
  {
    name: 'a CRD that lacks a field',
    plant: `kubectl patch ${CRD} --type json -p '[{"op": "remove", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/networkPolicy"}]'`,
    message: /^The CRD is older than this plugin/,
  },
  {
    name: 'objects that may be stored as an older version',
    plant: `${MODEL('old', 'replicas: 0')}
kubectl get ${CRD} -o json | jq '.spec.versions += [.spec.versions[0] + {name: "v1alpha0", storage: false, served: false}]' | kubectl replace -f -
kubectl patch ${CRD} --subresource status --type merge -p '{"status": {"storedVersions": ["v1alpha0", "v1alpha1"]}}'`,
    message: /^Objects may still be stored as v1alpha0/,
    tidy: `kubectl delete dsd old; kubectl apply --server-side --force-conflicts -f crds/deepseekdeployments.yaml`,
  },
  {
    name: 'a user who may do nothing',
    plant: 'true',
    user: 'developer',
    message: /^You may not .* in namespace/,
  },
  {
    name: 'defaults with a mistake',
    plant: setDefaults('runtimeClass: nvidia'),
    message: /^The defaults in ConfigMap .* are not valid/,
    choose: editing,
  },
  {
    name: 'a RuntimeClass that is not there',
    plant: setDefaults('runtimeClassName: nvidia'),
    message: /name the RuntimeClass nvidia, which is not there/,
    choose: editing,
  },
  {
    name: 'rights of the operator that were taken away',
    plant: 'kubectl delete clusterrolebinding deepseek-operator',
    message: /^The ServiceAccount \S+ may not .*deepseekdeployments/,
  },
  {
    name: 'a right that the operator could do without',
    plant: 'kubectl -n kube-system delete rolebinding -l app.kubernetes.io/name=deepseek-operator',
    message: /^The ServiceAccount \S+ may not get configmaps\. /,
  },
  {
    name: 'a GPU that no label names',
    plant: `kubectl label node ${NODE} nvidia.com/gpu.product-`,
    message: /^a100-80gb-0: GPUs of a kind that no label/,
    choose: (fix) => fix.replace(/PRODUCT$/, 'NVIDIA-A100-SXM4-80GB'),
  },
  { name: 'a cordoned node', plant: `kubectl cordon ${NODE}`, message: /^a100-80gb-0: cordoned/ },
  {
    name: 'no PriorityClass',
    plant: 'kubectl delete priorityclass deepseek-serving',
    message: /^The PriorityClass deepseek-serving is not there/,
  },
  {
    name: 'no default storage class',
    plant: `kubectl apply -f - <<'END'
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: efs.csi.aws.com
END`,
    message: /^No default among fast/,
  },
  {
    name: 'no Prometheus for a gate',
    plant: MODEL(
      'gated',
      'replicas: 0, rollout: {gates: [{metric: Query, name: x, query: "count({{revision}})", max: "2"}]}',
    ),
    message: /^The operator is told of no Prometheus/,
  },
];

/** What models ask for and is not there, and what a person has to look at: their fixes cannot be carried out here. */
const OTHERS = `
${MODEL('keda', 'autoscaling: {provider: KEDA, minReplicas: 1, maxReplicas: 2}')}
${MODEL('hpa', 'autoscaling: {minReplicas: 1, maxReplicas: 2}')}
${MODEL('routed', 'traffic: {gateway: {parentRefs: [{name: public}]}}')}
kubectl delete storageclass fast
kubectl patch node ${NODE} --subresource status --type json -p '[{"op": "remove", "path": "/status/capacity/nvidia.com~1gpu"}, {"op": "remove", "path": "/status/allocatable/nvidia.com~1gpu"}]'
`;

describe('what doctor says to do', () => {
  it('makes what it has found go away', async () => {
    const stage = await openStage(cluster(), 'default');
    const check = commandCheck({
      kubectl: cluster().bin('kubectl'),
      helm: await findTool('helm', { signal: AbortSignal.timeout(300_000) }),
    });
    const seen = new Set<string>();
    try {
      const doctor = (user?: string) => diagnose(stage, user === undefined ? '' : `--kubeconfig ${user}`, seen);
      for (const { name, plant, message, choose = (fix: string) => fix, user, tidy = 'true' } of TROUBLES) {
        const kubeconfig = user === undefined ? undefined : await cluster().kubeconfig(user, { groups: [] });
        await stage.run(plant);
        // Authorizer and controllers follow by watches.
        const { fix = '' } = await eventually(
          async () => {
            const found = (await doctor(kubeconfig)).find((finding) => message.test(finding.message));
            if (found === undefined) throw new Error(`${name}: doctor does not tell of it`);
            return found;
          },
          { timeoutMs: 30_000 },
        );
        await stage.run(choose(fix)).catch((error: unknown) => {
          throw new Error(`${name}: ${fix}`, { cause: error });
        });
        await eventually(
          async () => {
            const left = (await doctor(kubeconfig)).filter((finding) => message.test(finding.message));
            expect([name, left]).toEqual([name, []]);
          },
          { timeoutMs: 30_000 },
        );
        await stage.run(tidy);
      }
      await stage.run(OTHERS);
      await doctor();
      const wrong = [...seen].flatMap((fix) =>
        commandsOf(fix)
          .flatMap(check)
          .map((complaint) => `${fix}: ${complaint}`),
      );
      expect(wrong).toEqual([]);
      expect([...seen].join('\n')).toMatch(/helm install keda[^]*|kubectl describe/);
      expect(seen.size).toBeGreaterThan(TROUBLES.length);
    } finally {
      await stage.close();
    }
  }, 900_000);
});

/** What doctor finds that is not well; each has a fix, and all fixes are kept. */
async function diagnose(stage: Stage, flags: string, seen: Set<string>): Promise<Finding[]> {
  const { findings } = JSON.parse(await stage.run(`kubectl deepseek doctor -o json ${flags}`, [0, 1])) as {
    readonly findings: readonly Finding[];
  };
  const troubles = findings.filter(({ level }) => level !== 'ok');
  for (const { message, fix } of troubles) {
    if (fix === undefined) throw new Error(`nothing is said to do about: ${message}`);
    seen.add(fix);
  }
  return troubles;
}
