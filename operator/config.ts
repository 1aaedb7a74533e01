import { parseArgs } from 'node:util';
import { z } from 'zod';
import { hideSecrets } from './redaction/index.ts';

/** A flag or an environment variable is wrong. The message is for the person who typed it. */
export class ConfigError extends Error {
  readonly code = 'CONFIG_INVALID';
  /** What the process should exit with. */
  readonly exitCode = 2;
  override readonly name = 'ConfigError';
}

const dnsLabel = z
  .string()
  .regex(
    /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
    'must be a DNS label: lower-case letters, digits and "-", at most 63 characters',
  );
const dnsSubdomain = z
  .string()
  .max(253, 'must have at most 253 characters')
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/, 'must be a DNS name in lower case');
const flag = z.enum(['true', 'false'], 'must be true or false').transform((text) => text === 'true');
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be between ${min} and ${max}`);

/** `host:port`, `:port` (every address) or `[v6]:port`. */
const bindAddress = z.string().transform((text, context) => {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'must be host:port, :port or [IPv6 address]:port' });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] === undefined || match[2] === '' ? '::' : match[2]), port };
});

/** The same, or nothing. */
const optionalBindAddress = z.union([z.literal('').transform(() => undefined), bindAddress]);

const namespaces = z
  .string()
  .transform((text) => [...new Set(text.split(',').map((part) => part.trim()))].filter((part) => part !== ''))
  .pipe(z.array(dnsLabel));

/** `key=value,key=value`; keys and values as Kubernetes has labels. */
const labelList = z.string().transform((text, context) => {
  const pairs = text.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  const labels: Record<string, string> = {};
  for (const pair of pairs) {
    const [, key, value] = /^((?:[a-z0-9.-]+\/)?[\w.-]+)=([\w.-]*)$/.exec(pair) ?? [];
    if (key === undefined || value === undefined) {
      context.addIssue({ code: 'custom', message: 'must be key=value, more of them behind commas' });
      return z.NEVER;
    }
    labels[key] = value;
  }
  return labels;
});

/** Arguments are no place for secrets: anybody may read them, and this one is written into ScaledObjects of KEDA. */
const plainUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).refine((text) => {
  if (!URL.canParse(text)) return true;
  const { username, password, search, hash } = new URL(text);
  return `${username}${password}${search}${hash}` === '';
}, 'must have no credentials, query or fragment: a token belongs in a file, --prometheus-token-file');

interface Option {
  readonly schema: z.ZodType<unknown, string>;
  readonly default?: string;
  readonly boolean?: true;
  readonly placeholder?: string;
  readonly help: string;
}

const options = {
  kubeconfig: {
    schema: z.string().min(1, 'must be a path'),
    placeholder: 'FILE',
    help: "kubeconfig to use; otherwise $KUBECONFIG, the pod's ServiceAccount, or ~/.kube/config",
  },
  'watch-namespaces': {
    schema: namespaces,
    default: '',
    placeholder: 'NAMES',
    help: 'comma-separated namespaces to serve; empty means all',
  },
  'metrics-bind-address': {
    schema: bindAddress,
    default: ':8080',
    placeholder: 'HOST:PORT',
    help: 'where /metrics, /healthz and /readyz are served',
  },
  'webhook-bind-address': {
    schema: optionalBindAddress,
    default: '',
    placeholder: 'HOST:PORT',
    help: 'where specs are judged before they are stored, over HTTPS; empty: nowhere',
  },
  'webhook-name': {
    schema: dnsLabel,
    default: 'deepseek-operator-webhook',
    placeholder: 'NAME',
    help: "name of the webhook's Service, Secret and configuration",
  },
  'webhook-cert-dir': {
    schema: z.string().min(1, 'must be a path'),
    placeholder: 'DIR',
    help: 'folder with tls.crt and tls.key, e.g. of cert-manager; otherwise it makes its own',
  },
  'leader-elect': {
    schema: flag,
    default: 'true',
    boolean: true,
    help: 'lead through a Lease, so that only one replica acts',
  },
  'leader-election-namespace': {
    schema: dnsLabel,
    default: 'default',
    placeholder: 'NAME',
    help: 'namespace of the Lease; otherwise $POD_NAMESPACE',
  },
  'lease-name': {
    schema: dnsSubdomain,
    default: 'deepseek-operator',
    placeholder: 'NAME',
    help: 'name of the Lease',
  },
  workers: {
    schema: integer(1, 256),
    default: '8',
    placeholder: 'N',
    help: 'DeepSeekDeployments reconciled at the same time',
  },
  'log-level': {
    schema: z.enum(['error', 'warn', 'info', 'debug'], 'must be error, warn, info or debug'),
    default: 'info',
    placeholder: 'LEVEL',
    help: 'error, warn, info or debug',
  },
  'log-format': {
    schema: z.enum(['auto', 'json', 'pretty'], 'must be auto, json or pretty'),
    default: 'auto',
    placeholder: 'FORMAT',
    help: 'json, pretty, or auto: pretty on a terminal',
  },
  'observe-only': {
    schema: flag,
    default: 'false',
    boolean: true,
    help: 'write status only, change nothing else',
  },
  'prometheus-url': {
    schema: plainUrl,
    placeholder: 'URL',
    help: 'Prometheus for rollout gates on queries and for KEDA; without it they have no data',
  },
  'defaults-file': {
    schema: z.string().min(1, 'must be a path'),
    placeholder: 'FILE',
    help: 'what this cluster wants of every model (registry mirrors, tolerations, ...); read for each revision',
  },
  'monitoring-labels': {
    schema: labelList,
    default: '',
    placeholder: 'LABELS',
    help: 'labels of PodMonitors, ScrapeConfigs and PrometheusRules, e.g. release=kube-prometheus-stack',
  },
  'prometheus-namespaces': {
    schema: namespaces,
    default: '',
    placeholder: 'NAMES',
    help: 'namespaces whose Prometheus NetworkPolicies of models admit; empty means any',
  },
  'prometheus-token-file': {
    schema: z.string().min(1, 'must be a path'),
    placeholder: 'FILE',
    help: 'file with the bearer token for that Prometheus',
  },
} as const satisfies Readonly<Record<string, Option>>;

type Options = typeof options;
type CamelCase<S extends string> = S extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : S;
type Parsed<Name extends keyof Options> = z.output<Options[Name]['schema']>;

/** What may be left out altogether. */
type Optional = 'defaults-file' | 'kubeconfig' | 'prometheus-url' | 'prometheus-token-file' | 'webhook-cert-dir';

/** The operator's settings, each documented by `--help`. */
export type Config = {
  readonly [Name in Exclude<keyof Options, Optional> as CamelCase<Name>]: Parsed<Name>;
} & { readonly [Name in Optional as CamelCase<Name>]: string | undefined };

export type Invocation =
  | { readonly command: 'run'; readonly config: Config }
  | { readonly command: 'help'; readonly text: string }
  | { readonly command: 'version' };

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the command line and the environment ask for. A flag wins over its variable (`--log-level` over
 * `DEEPSEEK_OPERATOR_LOG_LEVEL`). Throws a ConfigError that names every mistake.
 */
export function parseInvocation(argv: readonly string[], environment: Environment): Invocation {
  const flags = parseFlags(argv);
  if (flags['help'] === 'true') return { command: 'help', text: helpText() };
  if (flags['version'] === 'true') return { command: 'version' };
  const problems: string[] = unknownVariables(environment);
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries<Option>(options)) {
    const variable = variableOf(name);
    const fromFlag = flags[name];
    const fallback =
      name === 'leader-election-namespace' ? (environment['POD_NAMESPACE'] ?? option.default) : option.default;
    const text = fromFlag ?? environment[variable] ?? fallback;
    if (text === undefined) continue;
    const result = option.schema.safeParse(text);
    if (result.success) values[camelCase(name)] = result.data;
    else {
      const source = fromFlag === undefined ? variable : `--${name}`;
      problems.push(
        `${source}: ${result.error.issues.map((issue) => issue.message).join(', ')} (it is ${hideSecrets(JSON.stringify(text), '***')})`,
      );
    }
  }
  if (problems.length > 0) throw new ConfigError(`${problems.join('\n')}\n--help lists what there is.`);
  return { command: 'run', config: values as Config };
}

function parseFlags(argv: readonly string[]): Record<string, string> {
  const specification: Record<string, { type: 'string' | 'boolean'; short?: string }> = {
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean' },
  };
  for (const [name, option] of Object.entries<Option>(options)) {
    specification[name] = { type: option.boolean === true ? 'boolean' : 'string' };
  }
  try {
    const args = argv.map((argument) => plainBoolean(argument));
    const { values } = parseArgs({
      args,
      options: specification,
      strict: true,
      allowNegative: true,
      allowPositionals: false,
    });
    return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`${message}\n--help lists what there is.`, { cause: error });
  }
}

/** `--leader-elect=false`, as Go's flags are written, in the form that parseArgs knows. */
function plainBoolean(argument: string): string {
  const match = /^--([a-z-]+)=(true|false)$/.exec(argument);
  if (match === null) return argument;
  const [, name = '', value] = match;
  const option: Option | undefined = Object.hasOwn(options, name) ? options[name as keyof Options] : undefined;
  if (option?.boolean !== true) return argument;
  return value === 'true' ? `--${name}` : `--no-${name}`;
}

const PREFIX = 'DEEPSEEK_OPERATOR_';

function variableOf(name: string): string {
  return PREFIX + name.replaceAll('-', '_').toUpperCase();
}

/** A variable with our prefix that means nothing is a typing error. (Kubernetes makes `..._SERVICE_HOST` and `..._PORT*` of a Service of our name.) */
function unknownVariables(environment: Environment): string[] {
  const known = new Set(Object.keys(options).map(variableOf));
  return Object.keys(environment)
    .filter((name) => name.startsWith(PREFIX) && !known.has(name) && !/_(SERVICE_(HOST|PORT)|PORT)(_|$)/.test(name))
    .map((name) => `${name}: there is no such setting`);
}

function camelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function helpText(): string {
  const rows = Object.entries<Option>(options).map(([name, option]) => {
    const usage = `--${name}${option.placeholder === undefined ? '' : ` ${option.placeholder}`}`;
    const fallback = option.default === undefined || option.default === '' ? '' : ` (default ${option.default})`;
    return `  ${usage.padEnd(36)} ${option.help}${fallback}`;
  });
  return [
    'Usage: deepseek-operator [flags]',
    '',
    'Serves DeepSeek models on GPUs, as DeepSeekDeployment objects ask.',
    '',
    ...rows,
    `  ${'--version'.padEnd(36)} print the version`,
    `  ${'--help, -h'.padEnd(36)} print this`,
    '',
    `Every flag can be given as a variable: --log-level as ${variableOf('log-level')}. A flag wins.`,
    'A switch is turned off with --no-NAME or --NAME=false.',
    '',
  ].join('\n');
}
