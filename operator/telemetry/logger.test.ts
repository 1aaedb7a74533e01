import { PassThrough } from 'node:stream';
import { describe, expect, it, test } from '@jest/globals';
import { createLogger, type LogFormat, type LogLevel } from './logger.ts';

function setup(options: { level?: LogLevel; format?: LogFormat; isTTY?: boolean } = {}) {
  const { level = 'info', format = 'json', isTTY = false } = options;
  const stream = Object.assign(new PassThrough(), { isTTY });
  const logger = createLogger({ level, format, stream, now: () => new Date('2026-01-02T03:04:05.678Z') });
  const text = (): string => (stream.read() as Buffer | null)?.toString() ?? '';
  const lines = (): unknown[] =>
    text()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  return { logger, text, lines };
}

describe('JSON lines', () => {
  it('carry time, level, message and fields, one object a line', () => {
    const { logger, lines } = setup();
    logger.info('Switched traffic.', { namespace: 'ai', name: 'chat', revision: '7f3c' });
    logger.warn('line\nbreak');
    expect(lines()).toEqual([
      {
        time: '2026-01-02T03:04:05.678Z',
        level: 'info',
        message: 'Switched traffic.',
        namespace: 'ai',
        name: 'chat',
        revision: '7f3c',
      },
      { time: '2026-01-02T03:04:05.678Z', level: 'warn', message: 'line\nbreak' },
    ]);
  });

  it("carry the parents' fields; a child changes nothing for its parent", () => {
    const { logger, lines } = setup();
    const child = logger.child({ namespace: 'ai', name: 'chat' });
    child.child({ reconcileId: 'r1', name: 'code' }).info('x', { generation: 3 });
    child.info('y');
    expect(lines()).toMatchObject([
      { namespace: 'ai', name: 'code', reconcileId: 'r1', generation: 3 },
      { message: 'y', namespace: 'ai', name: 'chat' },
    ]);
    expect(lines()).toEqual([]);
  });

  it('keep their own level, time and message, whatever the fields are called', () => {
    const { logger, lines } = setup();
    logger.info('real', { level: 'fake', time: 1, message: 'fake', stack: 'kept', splat: ['kept'] });
    expect(lines()).toEqual([
      {
        time: '2026-01-02T03:04:05.678Z',
        level: 'info',
        message: 'real',
        level_: 'fake',
        time_: 1,
        message_: 'fake',
        stack: 'kept',
        splat: ['kept'],
      },
    ]);
  });

  it('hide secrets in messages, fields and inherited fields', () => {
    const { logger, text } = setup();
    logger.child({ apiKey: 'hunter2' }).error('failed with Bearer hunter2', {
      headers: { authorization: 'hunter2' },
      error: new Error('Bearer hunter2'),
    });
    const line = text();
    expect(line).toContain('[redacted]');
    expect(line).not.toContain('hunter2');
  });

  it('are written even when a field cannot be read', () => {
    const { logger, lines } = setup();
    logger.info('still here', {
      get broken(): never {
        throw new Error('no');
      },
    });
    expect(lines()).toMatchObject([{ message: 'still here' }]);
  });
});

test.each<[LogLevel, string[]]>([
  ['error', ['error']],
  ['warn', ['error', 'warn']],
  ['info', ['error', 'warn', 'info']],
  ['debug', ['error', 'warn', 'info', 'debug']],
])('level %s writes %j', (level, written) => {
  const { logger, lines } = setup({ level });
  for (const name of ['error', 'warn', 'info', 'debug'] as const) logger[name]('x');
  expect(lines().map((line) => (line as { level: string }).level)).toEqual(written);
});

describe('pretty lines', () => {
  it('are for people: time, level, object, message, fields, and the error below', () => {
    const { logger, text } = setup({ format: 'pretty' });
    const error = Object.assign(new Error('no answer', { cause: new Error('socket closed') }), {
      stack: 'Error: no answer\n    at x',
    });
    logger.warn('Retrying.', { namespace: 'ai', name: 'chat', retries: 2, error });
    expect(text()).toMatch(
      /^03:04:05\.678 WARN {2}ai\/chat Retrying\. retries=2\n {4}Error: no answer\n {8}at x\n {4}caused by Error: socket closed\n/,
    );
  });

  it('are chosen on a terminal, and only there', () => {
    expect(setup({ format: 'auto', isTTY: true }).text()).toBe('');
    const terminal = setup({ format: 'auto', isTTY: true });
    terminal.logger.info('x');
    expect(terminal.text()).toMatch(/INFO/);
    const pipe = setup({ format: 'auto', isTTY: false });
    pipe.logger.info('x');
    expect(pipe.lines()).toMatchObject([{ message: 'x' }]);
  });
});
