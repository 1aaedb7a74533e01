import { describe, expect, it } from '@jest/globals';
import { shellCommand } from './shell-command.ts';

describe('a command line for a shell', () => {
  const command = [
    'vllm',
    'serve',
    'org/model',
    '--host',
    '0.0.0.0',
    '--served-model-name',
    'a',
    'b',
    '--port',
    '8000',
  ];

  it('is one line where there is room', () => {
    expect(shellCommand(command, 200)).toEqual([
      'vllm serve org/model --host 0.0.0.0 --served-model-name a b --port 8000',
    ]);
  });

  it('is broken between flags, never between a flag and its values', () => {
    expect(shellCommand(command, 36)).toEqual([
      'vllm serve org/model \\',
      '  --host 0.0.0.0 \\',
      '  --served-model-name a b \\',
      '  --port 8000',
    ]);
  });

  it('quotes what a shell would read otherwise', () => {
    expect(shellCommand(['x', '--config', `{"a": "it's"}`], 200)).toEqual([`x --config '{"a": "it'\\''s"}'`]);
  });
});
