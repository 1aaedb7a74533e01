import { Command, InvalidArgumentError } from 'commander';
import { scrapeJobs, type ScrapeOptions } from '../../operator/monitoring/prometheus-config.ts';
import type { CommandContext } from '../support/context.ts';
import { EXIT, type ExitStatus } from '../support/exit-status.ts';
import { serialize } from '../support/output.ts';

interface Options extends Omit<ScrapeOptions, 'namespaces'> {
  readonly namespace?: readonly string[];
  readonly output: 'json' | 'yaml';
}

/** `scrape-config [-n NAMESPACE]...`: the scrape jobs for a Prometheus without prometheus-operator. Needs no cluster. */
export function scrapeConfigCommand(context: CommandContext, end: (status: ExitStatus) => void): Command {
  return new Command('scrape-config')
    .description('print the scrape_configs of Prometheus for the models of some namespaces, without a cluster')
    .option('-n, --namespace <namespace>', 'namespace of models, may be repeated (default: all)', namespaces)
    .option('--bearer-token-file <path>', 'token that Prometheus sends to the pods: a file where Prometheus runs')
    .option('--ca-file <path>', 'certificate authority of the pods: a file where Prometheus runs')
    .option('--server-name <name>', 'name that the certificates have to bear')
    .option('--insecure-skip-verify', 'accept any certificate')
    .option('-o, --output <format>', 'yaml or json', format, 'yaml')
    .addHelpText(
      'after',
      '\nRules and alerts for it are in manifests/prometheus; docs/monitoring.md says more.\n' +
        '\nExit status: 0 done, 2 wrong usage.\n\n' +
        'Example:\n  kubectl deepseek scrape-config -n ai -n research > scrape.yaml   # scrape_config_files: [scrape.yaml]\n',
    )
    .action(({ namespace, output, ...security }: Options) => {
      const jobs = scrapeJobs({ ...security, ...(namespace && { namespaces: namespace }) });
      context.stdout.write(serialize({ scrape_configs: jobs }, output));
      end(EXIT.done);
    });
}

function namespaces(value: string, before: readonly string[] = []): readonly string[] {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(value)) {
    throw new InvalidArgumentError('A namespace has lower-case letters, digits and "-", at most 63.');
  }
  return before.includes(value) ? before : [...before, value];
}

function format(value: string): 'json' | 'yaml' {
  if (value !== 'json' && value !== 'yaml') throw new InvalidArgumentError('Allowed choices are yaml, json.');
  return value;
}
