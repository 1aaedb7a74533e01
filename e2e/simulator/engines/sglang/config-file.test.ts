import { describe, expect, it } from '@jest/globals';
import { sglangArguments, startSglang } from './command-line.ts';

const launchWith = (args: readonly string[], files: Readonly<Record<string, string>>) => ({
  command: ['python3', '-m', 'sglang.launch_server'],
  args: ['--model-path', 'org/m', ...args],
  environment: new Map<string, string>(),
  files: new Map(Object.entries(files)),
  gpuCount: 1,
});

describe('the file of --config', () => {
  it.each<[string, readonly string[]]>([
    ["api-key: |2-\n  a'b: #c\n", ['--api-key', "a'b: #c"]],
    ['tp_size: 2\nlog-level: debug', ['--tp_size', '2', '--log-level', 'debug']],
    ['enable-metrics: true\nenable_lora: true\ndisable-cuda-graph: no', ['--enable-metrics', '--enable_lora']],
    ['stream-output: [a, 1]\nlora-paths: []', ['--stream-output', 'a', '1']],
    [
      'json-model-override-args: {"a": 1}\nrevision: ~',
      ['--json-model-override-args', '{"a":1}', '--revision', 'None'],
    ],
    ['', []],
  ])('%j comes before the command line', (text, words) => {
    const launch = launchWith(['--config', '/c/s.yaml', '--port', '1'], { '/c/s.yaml': text });
    expect(sglangArguments(launch)).toEqual([...words, '--model-path', 'org/m', '--port', '1']);
  });

  it('gives way to what the command line says', () => {
    const start = (args: readonly string[]) =>
      startSglang(launchWith(['--config', '/c/s.yml', ...args], { '/c/s.yml': 'api-key: file\ncontext-length: 10' }));
    expect(start([])).toMatchObject({ accepted: true, engine: { apiKeys: ['file'], maxModelLen: 10 } });
    expect(start(['--api-key', 'word'])).toMatchObject({ engine: { apiKeys: ['word'], maxModelLen: 10 } });
  });

  it('is left alone behind an equals sign: nobody is asked for a key', () => {
    const launch = launchWith(['--config=/c/s.yaml'], { '/c/s.yaml': 'api-key: file' });
    expect(startSglang(launch)).toMatchObject({ accepted: true, engine: { apiKeys: [] } });
  });

  it.each<[readonly string[], string]>([
    [['--config'], 'No config file specified after --config flag!'],
    [['--config', '/c/s.yaml', '--config', '/c/s.yaml'], 'Multiple config files specified! Only one allowed.'],
    [['--config', '/c/s.json'], 'Config file must be YAML format, got: .json'],
    [['--config', '/c/none.yaml'], 'Config file not found: /c/none.yaml'],
    [['--config', '/c/list.yaml'], 'Config file must contain a dictionary at root level'],
  ])('%j ends SGLang', (args, words) => {
    const launch = launchWith(args, { '/c/s.yaml': 'tp-size: 1', '/c/s.json': '{}', '/c/list.yaml': '- a' });
    const log = expect.stringContaining(`ValueError: ${words}\n`);
    expect(startSglang(launch)).toMatchObject({ accepted: false, exitCode: 1, log });
  });
});
