import { describe, expect, it } from '@jest/globals';
import { ArgumentError, floatValue, intValue, parseArguments, parseHelp } from './argparse.ts';

const flags = parseHelp(`--port PORT           Port number. (default: 8000)
--dtype {auto,half}
--config-format ['auto', 'hf']
--backend {a,b,c,cut of
--tensor-parallel-size TENSOR_PARALLEL_SIZE, -tp TENSOR_PARALLEL_SIZE
--served-model-name SERVED_MODEL_NAME [SERVED_MODEL_NAME ...]
--hf-token [HF_TOKEN]
--lora, --no-lora
--expert-parallel, --no-expert-parallel, -ep
--kv-config KV_CONFIG
-h, --help            show this help message and exit`);
const checks = new Map([
  ['port', intValue],
  ['tensor-parallel-size', intValue],
]);
const parse = (line: string) => parseArguments(line.split(' ').filter(Boolean), flags, checks);

describe('parseHelp', () => {
  it('reads spellings, counts and choices', () => {
    expect(flags.map(({ names, count, choices }) => [names.join(' '), count, choices])).toEqual([
      ['--port', 'one', undefined],
      ['--dtype', 'one', ['auto', 'half']],
      ['--config-format', 'one', ['auto', 'hf']],
      ['--backend', 'one', undefined],
      ['--tensor-parallel-size -tp', 'one', undefined],
      ['--served-model-name', 'many', undefined],
      ['--hf-token', 'optional', undefined],
      ['--lora --no-lora', 'none', undefined],
      ['--expert-parallel --no-expert-parallel -ep', 'none', undefined],
      ['--kv-config', 'one', undefined],
      ['-h --help', 'none', undefined],
    ]);
  });
});

describe('parseArguments', () => {
  it.each([
    ['m --port 80', { port: ['80'] }, ['m']],
    ['m --port=80', { port: ['80'] }, ['m']],
    ['--port 80 --port 90 m', { port: ['90'] }, ['m']],
    ['m -tp 2', { 'tensor-parallel-size': ['2'] }, ['m']],
    ['m --tensor_parallel_size 2', { 'tensor-parallel-size': ['2'] }, ['m']],
    ['m --served-model-name a b --port 1', { 'served-model-name': ['a', 'b'], port: ['1'] }, ['m']],
    ['m --hf-token --port 1', { 'hf-token': [], port: ['1'] }, ['m']],
    ['m --lora', { lora: [] }, ['m']],
    ['m --lora --no-lora', {}, ['m']],
    ['m -ep', { 'expert-parallel': [] }, ['m']],
    ['m --port -1', { port: ['-1'] }, ['m']],
    ['m --kv-config.size 5', { 'kv-config': ['5'] }, ['m']],
  ])('reads %s', (line, values, positionals) => {
    const parsed = parse(line);
    expect(Object.fromEntries(parsed.values)).toEqual(values);
    expect(parsed.positionals).toEqual(positionals);
  });

  it.each([
    ['m --prot 80', 'unrecognized arguments: --prot 80'],
    ['m --prot=80 --port 1 --x', 'unrecognized arguments: --prot=80 --x'],
    ['m --port', 'argument --port: expected one argument'],
    ['m --port --lora', 'argument --port: expected one argument'],
    ['m --served-model-name', 'argument --served-model-name: expected at least one argument'],
    ['m --port eighty', "argument --port: invalid int value: 'eighty'"],
    ['m -tp two', "argument --tensor-parallel-size/-tp: invalid int value: 'two'"],
    ['m --dtype fp8', "argument --dtype: invalid choice: 'fp8' (choose from 'auto', 'half')"],
    ['m --lora=true', "argument --lora/--no-lora: ignored explicit argument 'true'"],
  ])('refuses %s', (line, message) => {
    expect(() => parse(line)).toThrow(new ArgumentError(message));
  });

  it('tells unrecognized arguments apart, which another parser reports', () => {
    const thrown = (line: string): unknown => {
      try {
        return parse(line);
      } catch (error) {
        return error;
      }
    };
    expect(thrown('--prot 80')).toMatchObject({ unrecognized: true });
    expect(thrown('--port')).toMatchObject({ unrecognized: false });
  });

  it('takes any value of a list of choices that the help cuts off', () => {
    expect(parse('m --backend zzz').values.get('backend')).toEqual(['zzz']);
  });
});

describe('floatValue', () => {
  it.each(['0.9', '1', '1e-3', '-2'])('accepts %s', (text) => expect(floatValue(text)).toBeUndefined());
  it.each(['', 'x', '1,5', 'Infinity'])('refuses %j', (text) =>
    expect(floatValue(text)).toContain('invalid float value'),
  );
});
