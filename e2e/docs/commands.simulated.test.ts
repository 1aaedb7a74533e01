import { describe, expect, it } from '@jest/globals';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OperatorBench, operatorBench } from '../reconcile/harness.ts';
import { testCluster } from '../support/index.ts';
import { allBlocks, type Block, programsOf, ROOT } from './blocks.ts';
import { baseline, here, openStage, type Stage } from './stage.ts';

// One of its own: pages install and uninstall.
const cluster = testCluster('simulated', {});

const blocks = (await allBlocks()).filter(({ way }) => way === 'offline' || way === 'cluster' || way === 'helm');

const forget = ({ run }: Stage): Promise<string> => run('kubectl delete deepseekdeployment chat --wait --timeout 60s');

const INSTALL = 'helm install deepseek-operator charts/deepseek-operator -n deepseek-system --create-namespace';

/** What a page begins with, where that is not what the page before has left. */
const BEFORE: Readonly<Record<string, (bench: OperatorBench, stage: Stage) => Promise<string | undefined>>> = {
  'docs/air-gap.md': async (bench, stage) => {
    await forget(stage);
    return baseline(bench, stage);
  },
  'docs/admission.md': async (_, stage) => {
    await stage.run('kubectl create namespace team-a');
    return undefined;
  },
  // It makes the team's namespace itself.
  'docs/multi-tenancy.md': async (_, stage) => {
    await stage.run('kubectl delete namespace team-a --wait --timeout 60s');
    return undefined;
  },
  // What Argo CD has of its own.
  'docs/gitops.md': async (_, stage) => {
    await stage.run('kubectl create namespace argocd; kubectl create configmap argocd-cm -n argocd');
    return undefined;
  },
  'docs/install.md': async (_, stage) => {
    await forget(stage);
    // Its first command is typed into a cluster that has nothing of ours, and is run as it is printed.
    await stage.run('helm uninstall deepseek-operator -n deepseek-system --wait');
    for (const folder of ['base', 'crds'])
      await stage.run(`kubectl delete --ignore-not-found --wait --timeout 60s -k manifests/kustomize/${folder}`);
    const [program = ''] = programsOf(await readFile(join(ROOT, 'docs/install.md'), 'utf8'));
    await writeFile(join(stage.work, 'operator.ts'), program);
    return undefined;
  },
  'docs/upgrade.md': async (_, stage) => {
    // Other pages have installed it by other ways before.
    await stage.run(`${INSTALL} --take-ownership --force-conflicts`);
    return undefined;
  },
};

/** It takes the CRD away in the end. */
const LAST = 'docs/install.md';

describe('the commands of the pages', () => {
  const bench = operatorBench(cluster);
  it.each([['all of them', blocks]])(
    '%s are run',
    async (_, all: readonly Block[]) => {
      const stage = await openStage(cluster(), bench().namespace);
      try {
        // Where it is tried again: what the try before has left.
        await stage.run('helm uninstall deepseek-operator -n deepseek-system --ignore-not-found --wait');
        await stage.run('kubectl delete namespace team-a argocd --ignore-not-found --wait --timeout 60s');
        let revision = await baseline(bench(), stage);
        let page: string | undefined;
        const isLast = (block: Block) => Number(block.page === LAST);
        for (const block of all.toSorted((a, b) => isLast(a) - isLast(b))) {
          if (block.page !== page) revision = (await BEFORE[block.page]?.(bench(), stage)) ?? revision;
          page = block.page;
          const script = here(block.script, stage, revision);
          try {
            await stage.run(script, block.exit);
          } catch (error) {
            throw new Error(`${block.page}:${block.line}\n${script}\n${String(error)}`, { cause: error });
          }
        }
        expect(all.length).toBeGreaterThan(20);
      } finally {
        await stage.close();
      }
    },
    900_000,
  );
});
