import { Command, Option } from 'commander';
import { Document, isScalar } from 'yaml';
import { API_VERSION, KIND, parseDeepSeekDeployment } from '../../operator/api/index.ts';
import type { PlanContext } from '../plan/command.ts';
import { readText } from '../plan/read-file.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { serialize } from '../support/output.ts';
import { invalidConfig, oneLine } from './fields.ts';
import { importConfig, type ImportedModel } from './read-config.ts';

interface ImportOptions {
  readonly name?: string;
  readonly repository?: string;
  readonly accelerator?: string;
  readonly output: 'yaml' | 'json';
}

/** Stands for what only the user knows; the comment beside it says so. */
const SOME_REPOSITORY = 'organisation/name';
const SOME_ACCELERATOR = 'A100-80GB';

/**
 * `model import config.json`: the `model` block of a custom model, ready to paste, from a Hugging Face config. Ends with 1
 * if the model cannot be described, 2 if the file is no config.
 */
export function modelCommand(context: PlanContext, end: (status: ExitStatus) => void): Command {
  const importing = new Command('import')
    .description('turn a Hugging Face config.json into the model block of a custom model')
    .argument('<file>', 'config.json of the model; - reads standard input')
    .option('--repository <id>', 'where the weights are, organisation/name')
    .option('--name <name>', 'print a whole DeepSeekDeployment of this name')
    .option('--accelerator <type>', 'print a whole DeepSeekDeployment on this accelerator')
    .addOption(new Option('-o, --output <format>', 'output format').choices(['yaml', 'json']).default('yaml'))
    .option('--no-color', 'accepted as by every command: nothing here is coloured')
    .addHelpText(
      'after',
      '\nExit status: 0 done, 1 such a model cannot be described, 2 the file is no config.\n\n' +
        'Examples:\n  kubectl deepseek model import config.json\n' +
        '  kubectl deepseek model import config.json --accelerator H200 | kubectl deepseek plan -f -\n',
    )
    .action(async (file: string, options: ImportOptions) => {
      const shown = file === '-' ? 'standard input' : oneLine(file);
      const imported = importConfig(await readText(file, context.stdin, context.signal), shown);
      const value = blockOf(imported, options);
      validate(value, shown);
      const { notes, className } = imported;
      context.stdout.write(
        options.output === 'json'
          ? serialize({ ...(className !== undefined && { className }), ...value, notes }, 'json')
          : asYAML(value, imported, shown, options),
      );
      end(EXIT.done);
    });
  return new Command('model').description('work with models that the catalogue does not have').addCommand(importing);
}

type Block = Readonly<Record<string, unknown>>;

/** The part of a spec that describes the model, or a whole object with it. */
function blockOf({ architecture, quantization }: ImportedModel, options: ImportOptions): Block {
  const spec = {
    model: {
      name: 'custom',
      source: { huggingFace: { repository: options.repository ?? SOME_REPOSITORY } },
      architecture,
    },
    ...(quantization && { quantization }),
  };
  if (options.name === undefined && options.accelerator === undefined) return spec;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name: options.name ?? 'custom' },
    spec: { ...spec, accelerator: { type: options.accelerator ?? SOME_ACCELERATOR } },
  };
}

/** Whatever is printed, the API accepts. */
function validate(block: Block, file: string): void {
  const object =
    'spec' in block
      ? block
      : {
          apiVersion: API_VERSION,
          kind: KIND,
          metadata: { name: 'custom' },
          spec: { ...block, accelerator: { type: SOME_ACCELERATOR } },
        };
  const parsed = parseDeepSeekDeployment(object, { unknownFields: 'refuse' });
  if (parsed.ok) return;
  throw invalidConfig(parsed.issues.map(({ path, message }) => `${file}: ${path}: ${message}`).join('\n'));
}

function asYAML(block: Block, { className, notes }: ImportedModel, file: string, options: ImportOptions): string {
  const document = new Document(block, { aliasDuplicateObjects: false });
  const inside = 'spec' in block ? ['spec'] : [];
  const remark = (path: readonly string[], text: string): void => {
    const node = document.getIn(path, true);
    if (isScalar(node)) node.comment = ` ${text}`;
  };
  if (options.repository === undefined) {
    remark([...inside, 'model', 'source', 'huggingFace', 'repository'], 'put yours here');
  }
  if (inside.length > 0 && options.accelerator === undefined) {
    remark(['spec', 'accelerator', 'type'], 'put yours here');
  }
  const where = inside.length > 0 ? '' : ', to be pasted below spec';
  const comments = [
    `${className ?? 'A custom model'}, imported from ${file}${where}.`,
    ...notes.map((note) => `- ${note}`),
  ];
  return `${comments.map((line) => `# ${oneLine(line)}`).join('\n')}\n${document.toString({ lineWidth: 0 })}`;
}
