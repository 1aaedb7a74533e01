import { describe, expect, it, test } from '@jest/globals';
import { type Config, ConfigError, parseInvocation } from './config.ts';

function configOf(argv: string[], environment: Record<string, string> = {}): Config {
  const invocation = parseInvocation(argv, environment);
  if (invocation.command !== 'run') throw new Error(`it is ${invocation.command}`);
  return invocation.config;
}

function messageOf(argv: string[], environment: Record<string, string> = {}): string {
  try {
    parseInvocation(argv, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('it was accepted');
}

it('has a default for everything', () => {
  expect(configOf([], { PATH: '/bin', HOME: '/root' })).toEqual({
    watchNamespaces: [],
    metricsBindAddress: { host: '::', port: 8080 },
    leaderElect: true,
    leaderElectionNamespace: 'default',
    leaseName: 'deepseek-operator',
    workers: 8,
    logLevel: 'info',
    monitoringLabels: {},
    prometheusNamespaces: [],
    logFormat: 'auto',
    observeOnly: false,
    webhookBindAddress: undefined,
    webhookName: 'deepseek-operator-webhook',
  });
});

test.each<[string[], Record<string, string>, Partial<Config>]>([
  [['--kubeconfig', '/k'], {}, { kubeconfig: '/k' }],
  [['--watch-namespaces=ai, ml,ai'], {}, { watchNamespaces: ['ai', 'ml'] }],
  [['--metrics-bind-address', '127.0.0.1:0'], {}, { metricsBindAddress: { host: '127.0.0.1', port: 0 } }],
  [['--metrics-bind-address', '[::1]:9090'], {}, { metricsBindAddress: { host: '::1', port: 9090 } }],
  [['--webhook-bind-address', ':9443'], {}, { webhookBindAddress: { host: '::', port: 9443 } }],
  [['--webhook-cert-dir', '/certs', '--webhook-name=x'], {}, { webhookCertDir: '/certs', webhookName: 'x' }],
  [['--leader-elect=false'], {}, { leaderElect: false }],
  [['--no-leader-elect'], {}, { leaderElect: false }],
  [['--leader-elect'], { DEEPSEEK_OPERATOR_LEADER_ELECT: 'false' }, { leaderElect: true }],
  [[], { DEEPSEEK_OPERATOR_LEADER_ELECT: 'false' }, { leaderElect: false }],
  [['--observe-only=true'], {}, { observeOnly: true }],
  [['--workers', '3'], { DEEPSEEK_OPERATOR_WORKERS: '5' }, { workers: 3 }],
  [[], { DEEPSEEK_OPERATOR_WORKERS: '5' }, { workers: 5 }],
  [[], { POD_NAMESPACE: 'deepseek-system' }, { leaderElectionNamespace: 'deepseek-system' }],
  [['--leader-election-namespace', 'x'], { POD_NAMESPACE: 'y' }, { leaderElectionNamespace: 'x' }],
  [['--lease-name', 'blue.green'], {}, { leaseName: 'blue.green' }],
  [[], {}, { monitoringLabels: {} }],
  [['--prometheus-namespaces', 'monitoring,thanos'], {}, { prometheusNamespaces: ['monitoring', 'thanos'] }],
  [['--monitoring-labels', 'release=stack, team='], {}, { monitoringLabels: { release: 'stack', team: '' } }],
  [['--log-level', 'debug', '--log-format', 'json'], {}, { logLevel: 'debug', logFormat: 'json' }],
])('reads %j with %j', (argv, environment, expected) => {
  expect(configOf(argv, environment)).toMatchObject(expected);
});

test.each<[string[], Record<string, string>, RegExp]>([
  [['--wokers', '3'], {}, /Unknown option '--wokers'/],
  [['--constructor=true'], {}, /Unknown option '--constructor'/],
  [['extra'], {}, /Unexpected argument 'extra'/],
  [['--workers'], {}, /--workers.*argument missing/],
  [['--workers', '0'], {}, /^--workers: must be between 1 and 256 \(it is "0"\)/],
  [['--workers', '1e3'], {}, /^--workers: must be a whole number/],
  [[], { DEEPSEEK_OPERATOR_WORKERS: 'many' }, /^DEEPSEEK_OPERATOR_WORKERS: must be a whole number/],
  [[], { DEEPSEEK_OPERATOR_WOKERS: '3' }, /^DEEPSEEK_OPERATOR_WOKERS: there is no such setting/],
  [['--leader-elect=maybe'], {}, /--leader-elect/],
  [[], { DEEPSEEK_OPERATOR_LEADER_ELECT: 'yes' }, /must be true or false/],
  [['--metrics-bind-address', '8080'], {}, /must be host:port/],
  [['--metrics-bind-address', ':70000'], {}, /must be host:port/],
  [['--metrics-bind-address', '::1:8080'], {}, /must be host:port/],
  [['--watch-namespaces', 'ok,Not_OK'], {}, /must be a DNS label/],
  [['--lease-name', 'Not_OK'], {}, /must be a DNS name/],
  [['--monitoring-labels', 'release'], {}, /must be key=value/],
  [['--log-level', 'loud'], {}, /must be error, warn, info or debug \(it is "loud"\)/],
  [['--kubeconfig', ''], {}, /must be a path/],
  [['--prometheus-url', 'prometheus:9090'], {}, /must be an http or https URL \(it/],
  [['--prometheus-url='], {}, /must be an http or https URL \(it/],
  [['--prometheus-url=http://prometheus:9090/?token=x'], {}, /must have no credentials, query or fragment/],
  [[], { DEEPSEEK_OPERATOR_PROMETHEUS_URL: 'http://prometheus#x' }, /must have no credentials, query or fragment/],
])('refuses %j with %j', (argv, environment, message) => {
  expect(messageOf(argv, environment)).toMatch(message);
  expect(messageOf(argv, environment)).toMatch(/--help lists what there is\.$/);
});

it('takes no credentials in an address, and does not repeat them', () => {
  const message = messageOf(['--prometheus-url=https://me:planted-0a1b@prometheus:9090/x']);
  expect(message).toMatch(/^--prometheus-url: must have no credentials.* --prometheus-token-file \(it is "https:/);
  expect(message).not.toContain('planted');
  const plain = 'https://prometheus.monitoring:9090/prefix/';
  expect(configOf(['--prometheus-url', plain]).prometheusUrl).toBe(plain);
});

it('asks for exit status 2', () => {
  expect(new ConfigError('x')).toMatchObject({ exitCode: 2, code: 'CONFIG_INVALID' });
});

it('names every mistake at once', () => {
  expect(messageOf(['--workers', '0', '--log-level', 'x']).split('\n')).toHaveLength(3);
});

it("is not troubled by the variables that Kubernetes sets for a Service of the operator's name", () => {
  const environment = {
    DEEPSEEK_OPERATOR_SERVICE_HOST: '10.0.0.1',
    DEEPSEEK_OPERATOR_SERVICE_PORT_METRICS: '8080',
    DEEPSEEK_OPERATOR_PORT: 'tcp://10.0.0.1:8080',
    DEEPSEEK_OPERATOR_PORT_8080_TCP_ADDR: '10.0.0.1',
  };
  expect(configOf([], environment).workers).toBe(8);
});

describe('help', () => {
  it('lists every setting with its default, and needs nothing else to be right', () => {
    const invocation = parseInvocation(['--help', '--workers', 'x'], { DEEPSEEK_OPERATOR_LOG_LEVEL: 'loud' });
    if (invocation.command !== 'help') throw new Error(`it is ${invocation.command}`);
    for (const name of Object.keys(configOf([]))) {
      const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      expect(invocation.text).toContain(`--${flag}`);
    }
    expect(invocation.text).toMatch(/--workers N\s+.*\(default 8\)/);
    expect(Math.max(...invocation.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140);
  });

  it('has a short form, and there is a version', () => {
    expect(parseInvocation(['-h'], {}).command).toBe('help');
    expect(parseInvocation(['--version'], {}).command).toBe('version');
  });
});
