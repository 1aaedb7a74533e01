import { describe, expect, it } from '@jest/globals';
import { findTool, installCrds, installGatewayApi, moduleCrds } from '../../hack/cluster/index.ts';
import { KIND } from '../../operator/api/index.ts';
import { operatorBench } from '../reconcile/harness.ts';
import { testCluster } from '../support/index.ts';
import { commandCheck } from '../support/command-check.ts';
import { commandsOf, type Words } from '../support/shell-words.ts';
import { allBlocks, inAllPages, type Sentence, sentencesOf } from './blocks.ts';
import { baseline, here, openStage, type Stage } from './stage.ts';
import { objectsOf, yamlBlocksOf } from './yaml.ts';

// One of its own: it gets kinds of others, and the namespace of an operator.
const cluster = testCluster('simulated', {});

const sentences = await inAllPages(sentencesOf);
const blocks = await allBlocks();
const yaml = (await inAllPages(yamlBlocksOf)).filter(({ reason }) => reason === undefined);

/** What stands in a sentence for a name of the reader's. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  ...{ NAME: 'chat', FILE: 'chat.yaml', MODEL: 'deepseek-r1-distill-qwen-7b', F: '/etc/prometheus/file' },
  ...{ NAMESPACE: 'ai', 'yaml,json': 'yaml' },
};

/** Why a command that could be run is not. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^(make|npm|node) /, 'programs of the checkout: that they are there is what is looked at'],
  [/^helm /, 'the blocks of the pages run it'],
  [/^kubectl krew /, 'krew is not here'],
  [/^kubectl .*\blogs /, 'simulated pods have no logs'],
  [/^kubectl describe node a100-2$/, 'a node of an example'],
  [/^kubectl patch dsd big .* spec: \.\.\.$/, 'an object and a patch of an example'],
  [/^kubectl deepseek (status --wait|model import)$/, 'the name of a command'],
  [/^kubectl get --show-managed-fields$/, 'the name of an option'],
  [/^kubectl deepseek completion (bash|fish)$/, 'run through a pipe of its own'],
];

/** What changes nothing. */
const READS =
  /^kubectl (-n \S+ )?(get|describe|explain|diff|auth can-i)\b|^kubectl deepseek (get|status|history|plan|catalog|doctor|scrape-config|completion)\b/;
/** What is answered, by yes or no, as the state of the model is. */
const ORDERS = /^kubectl deepseek (promote|abort|retry|rollback|restart|release|pause|resume)\b/;
/** What the API server judges without doing it. */
const CHANGES = /^kubectl (apply|label|annotate|patch|delete)\b/;

/** What pages speak of beside the model: an autoscaler, a gateway, and what an operator that is installed has. */
const SURROUNDINGS = `
kubectl patch dsd chat --type merge -p '{"spec": {"autoscaling": {"minReplicas": 1, "maxReplicas": 2}}}'
kubectl apply --server-side --force-conflicts -k manifests/kustomize/crds
kubectl apply -k manifests/kustomize/base
kubectl apply -f - <<'END'
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: deepseek-operator, namespace: deepseek-system}
spec: {holderIdentity: deepseek-operator-0_1}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public, namespace: deepseek-system}
spec: {gatewayClassName: example, listeners: [{name: http, port: 80, protocol: HTTP}]}
END
kubectl wait --for create hpa/chat --timeout 60s
`;

/** How a sentence is run; undefined: it is not. */
interface Run {
  readonly sentence: Sentence;
  readonly script: string;
  readonly exits: readonly number[];
}

/** Of a command alone there is nothing to run but those that are whole without a name. */
const isMention = (words: Words): boolean =>
  words.length <= (words[1] === 'deepseek' ? 3 : 2) && !/^kubectl deepseek doctor$/.test(words.join(' '));

function runOf(sentence: Sentence): Run | undefined {
  const [words = []] = sentence.commands;
  const plain = words.join(' ');
  if (isMention(words) || NOT_RUN.some(([pattern]) => pattern.test(plain))) return undefined;
  // The rest of it, a pipe for example, as it is written; a synopsis as it was read.
  const written = sentence.text.includes('[-') ? plain : sentence.text;
  const script = written
    .replace('models NAME', 'models MODEL')
    .replaceAll(/[A-Z][A-Z,]*|yaml,json|\bF\b/g, (word) => PLACEHOLDERS[word] ?? word);
  if (ORDERS.test(plain)) return { sentence, script, exits: [0, 1] };
  if (CHANGES.test(plain)) return { sentence, script: `${script} --dry-run=server`, exits: [0] };
  if (READS.test(plain)) return { sentence, script, exits: plain.endsWith('doctor') ? [0, 1] : [0] };
  throw new Error(`${sentence.page}:${sentence.line}: say of \`${plain}\` how it is run, or why not`);
}

describe('the sentences of the pages', () => {
  const bench = operatorBench(cluster);

  it('name commands and options that kubectl and helm have, as do the blocks', async () => {
    const helm = await findTool('helm', { signal: AbortSignal.timeout(600_000) });
    const check = commandCheck({ kubectl: cluster().bin('kubectl'), helm });
    expect(
      ['kubectl gte', 'kubectl get --wdie', 'helm intsall', 'helm install --wiat'].map(
        (text) => commandsOf(text).flatMap(check).length,
      ),
    ).toEqual([1, 1, 1, 1]);
    const wrong = [
      ...sentences.flatMap(({ page, line, commands }) => commands.flatMap(check).map((it) => `${page}:${line}: ${it}`)),
      ...blocks.flatMap(({ page, line, script }) =>
        commandsOf(script)
          .flatMap(check)
          .map((it) => `${page}:${line}: ${it}`),
      ),
    ];
    expect(wrong).toEqual([]);
  }, 600_000);

  it('can be typed: what reads finds something, what changes is taken by the server, orders are answered', async () => {
    const { signal, namespace } = bench();
    await installGatewayApi(cluster(), signal);
    await installCrds(cluster(), await moduleCrds('prometheus-operator', signal), {
      what: 'prometheus-operator',
      signal,
    });
    const stage = await openStage(cluster(), namespace);
    try {
      const revision = await baseline(bench(), stage);
      await stage.run(SURROUNDINGS);
      const all = sentences.flatMap((sentence) => runOf(sentence) ?? []);
      const runs = [...new Map(all.map((run) => [run.script, run])).values()];
      const isOrder = ({ script }: Run) => Number(ORDERS.test(script));
      const wrong: string[] = [];
      for (const run of runs.toSorted((a, b) => isOrder(a) - isOrder(b)))
        wrong.push(...(await complaintsOf(run, stage, revision)));
      expect(wrong).toEqual([]);
      expect(runs.length).toBeGreaterThan(25);
    } finally {
      await stage.close();
    }
  }, 900_000);

  it('are left out by reasons that are needed', () => {
    const plain = sentences.flatMap(({ commands: [words = []] }) => (isMention(words) ? [] : [words.join(' ')]));
    expect(NOT_RUN.filter(([pattern]) => !plain.some((text) => pattern.test(text)))).toEqual([]);
  });

  it('stand beside YAML that the API server takes', async () => {
    const { namespace, signal } = bench();
    await installGatewayApi(cluster(), signal);
    const stage = await openStage(cluster(), namespace);
    try {
      const wrong: string[] = [];
      for (const block of yaml)
        for (const object of objectsOf(block)) {
          const server = `kubectl apply --server-side --force-conflicts --dry-run=server -f - <<'END'\n${JSON.stringify(object)}\nEND`;
          await stage
            .run(server)
            .catch((error: unknown) => wrong.push(`${block.page}:${block.line}: ${String(error)}`));
        }
      expect(wrong).toEqual([]);
      expect(yaml.flatMap(objectsOf).filter(({ kind }) => kind === KIND).length).toBeGreaterThan(5);
    } finally {
      await stage.close();
    }
  }, 600_000);
});

async function complaintsOf({ sentence, script, exits }: Run, stage: Stage, revision: string): Promise<string[]> {
  const where = `${sentence.page}:${sentence.line}: ${script}`;
  try {
    const printed = await stage.run(here(script, stage, revision), exits);
    return /No resources found|\(no output\)/.test(printed) ? [`${where}: found nothing`] : [];
  } catch (error) {
    return [`${where}: ${String(error)}`];
  }
}
