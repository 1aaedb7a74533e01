import { Argument, Command } from 'commander';
import { CATALOG, type Catalog, findModel } from '../../operator/catalog/index.ts';
import type { CommandContext } from '../support/context.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { notInCatalog } from '../support/not-in-catalog.ts';
import { type OutputFormat, outputOption, serialize } from '../support/output.ts';
import { describeTerminal, type Terminal } from '../support/terminal.ts';
import { acceleratorPage, acceleratorsTable } from './accelerators.ts';
import { enginePage, enginesTable } from './engines.ts';
import { modelPage, modelsTable, modelView } from './models.ts';

const KINDS = ['models', 'accelerators', 'engines'] as const;
type Kind = (typeof KINDS)[number];

interface CatalogOptions {
  readonly output: OutputFormat;
  /** False with --no-color. */
  readonly color: boolean;
}

/** What is shown, as data and as a picture. */
interface Shown {
  readonly value: unknown;
  readonly picture: (terminal: Terminal) => string;
}

/**
 * `catalog KIND [NAME]`: what the planner knows, as a list or one entry with its sources. `-o json` prints `{items: [...]}`,
 * or the entry. Ends with 1 if there is none of that name.
 */
export function catalogCommand(context: CommandContext, end: (status: ExitStatus) => void): Command {
  return new Command('catalog')
    .description('show the models, accelerators and engines that can be planned, without a cluster')
    .addArgument(new Argument('<kind>', 'what to show').choices(KINDS))
    .argument('[name]', 'one of them, with the sources of what is known')
    .addOption(outputOption())
    .option('--no-color', 'no colours (the environment variable NO_COLOR does the same)')
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 there is none of that name, 2 wrong usage.\n\n' +
        'Examples:\n  kubectl deepseek catalog models\n  kubectl deepseek catalog accelerators H200\n',
    )
    .action((kind: Kind, name: string | undefined, { output, color }: CatalogOptions) => {
      const { value, picture } = name === undefined ? all(kind, CATALOG) : one(kind, name, CATALOG);
      context.stdout.write(
        output === 'table'
          ? picture(describeTerminal(context.stdout, context.env, { colour: color }))
          : serialize(value, output),
      );
      end(EXIT.done);
    });
}

function all(kind: Kind, { models, accelerators, engines }: Catalog): Shown {
  switch (kind) {
    case 'models': {
      const items = models.map(modelView);
      return { value: { items }, picture: (terminal) => modelsTable(items, terminal) };
    }
    case 'accelerators':
      return { value: { items: accelerators }, picture: (terminal) => acceleratorsTable(accelerators, terminal) };
    case 'engines':
      return { value: { items: engines }, picture: (terminal) => enginesTable(engines, terminal) };
  }
}

function one(kind: Kind, name: string, catalog: Catalog): Shown {
  const { models, accelerators, engines } = catalog;
  const same = (candidate: string): boolean => candidate.toLowerCase() === name.toLowerCase();
  switch (kind) {
    case 'models': {
      const entry = findModel(catalog, name.toLowerCase());
      if (entry === undefined) throw notInCatalog('model', name, models);
      const value = modelView(entry);
      return { value, picture: (terminal) => modelPage(value, terminal) };
    }
    case 'accelerators': {
      const value = accelerators.find((entry) => same(entry.name));
      if (value === undefined) throw notInCatalog('accelerator', name, accelerators);
      return { value, picture: (terminal) => acceleratorPage(value, terminal) };
    }
    case 'engines': {
      const value = engines.find(({ type }) => same(type));
      const names = engines.map(({ type }) => ({ name: type }));
      if (value === undefined) throw notInCatalog('engine', name, names);
      return { value, picture: (terminal) => enginePage(value, terminal) };
    }
  }
}
