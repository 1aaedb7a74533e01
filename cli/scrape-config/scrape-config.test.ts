import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { kubectl } from '../testing.ts';

interface Job {
  readonly job_name: string;
  readonly kubernetes_sd_configs: readonly { readonly namespaces?: { readonly names: readonly string[] } }[];
}

const jobs = async (...args: string[]): Promise<readonly Job[]> =>
  (parse((await kubectl(['scrape-config', ...args])).stdout) as { scrape_configs: readonly Job[] }).scrape_configs;

describe('scrape-config', () => {
  it('prints a scrape job for engines, for GPUs and for the operator', async () => {
    expect((await jobs()).map(({ job_name: name }) => name)).toEqual([
      'deepseek-engines',
      'deepseek-gpus',
      'deepseek-operator',
    ]);
    expect((await jobs())[0]?.kubernetes_sd_configs[0]?.namespaces).toBeUndefined();
  });

  it('asks for the engines of the given namespaces alone', async () => {
    const [engines] = await jobs('-n', 'ai', '--namespace', 'research', '-n', 'ai');
    expect(engines?.kubernetes_sd_configs[0]?.namespaces).toEqual({ names: ['ai', 'research'] });
  });

  it('takes a token and certificates from files', async () => {
    const security = ['--bearer-token-file', '/run/token', '--ca-file', '/run/ca.crt', '--server-name', 'chat'];
    expect((await jobs(...security))[0]).toMatchObject({
      authorization: { credentials_file: '/run/token' },
      tls_config: { ca_file: '/run/ca.crt', server_name: 'chat' },
    });
    expect((await jobs('--insecure-skip-verify'))[0]).toMatchObject({ tls_config: { insecure_skip_verify: true } });
    expect((await jobs())[0]).not.toHaveProperty('tls_config');
  });

  it('is the same in JSON', async () => {
    const { stdout } = await kubectl(['scrape-config', '-o', 'json']);
    expect((JSON.parse(stdout) as { scrape_configs: unknown }).scrape_configs).toEqual(await jobs());
  });

  it.each([
    [['-n', 'No_Namespace'], 'A namespace has'],
    [['-o', 'table'], 'yaml, json'],
    [['extra'], 'too many arguments'],
  ])('refuses %j', async (args, words) => {
    const { status, stderr } = await kubectl(['scrape-config', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
  });
});
