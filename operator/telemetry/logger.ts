import picocolors from 'picocolors';
import winston from 'winston';
import { redact, redactText } from './redact.ts';

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
/** auto: pretty on a terminal, JSON lines elsewhere. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/**
 * What a log line says beside its message. The named ones are spelled the same on every line, so that all lines about
 * one object or one pass can be found; `error` takes the Error itself.
 */
export interface LogFields {
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly generation?: number | undefined;
  readonly revision?: string | undefined;
  readonly reconcileId?: string | undefined;
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

/** Writes log lines. Secrets are removed from messages and fields; logging never throws. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its lines. */
  child(fields: LogFields): Logger;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly stream: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly now?: () => Date;
}

/** The process's logger; the others are its children. */
export function createLogger(options: LoggerOptions): Logger {
  const { level, format, stream, now = () => new Date() } = options;
  const pretty = format === 'pretty' || (format === 'auto' && stream.isTTY === true);
  const render = pretty ? prettyLine(picocolors.createColors(stream.isTTY === true)) : jsonLine;
  const root = winston.createLogger({
    level,
    levels: Object.fromEntries(LOG_LEVELS.map((name, severity) => [name, severity])),
    format: winston.format.printf((info) => render(info as unknown as Line)),
    transports: [streamTransport(stream)],
  });
  return wrap(root, {}, now);
}

/** winston's types declare the Stream transport as an instance; it is a class like the others. */
function streamTransport(stream: NodeJS.WritableStream): winston.transport {
  const transport: unknown = new winston.transports.Stream({ stream, eol: '\n' });
  return transport as winston.transport;
}

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly time: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function wrap(root: winston.Logger, inherited: LogFields, now: () => Date): Logger {
  const write = (level: LogLevel, message: string, fields?: LogFields): void => {
    if (!root.isLevelEnabled(level)) return;
    try {
      const all = redact({ ...inherited, ...fields });
      root.log({ level, message: redactText(message), time: now().toISOString(), fields: all });
    } catch {
      // A field whose getter throws costs its line its fields, and nothing else.
      root.log({ level, message: redactText(message), time: now().toISOString(), fields: {} });
    }
  };
  return {
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    child: (fields) => wrap(root, { ...inherited, ...fields }, now),
  };
}

function jsonLine({ time, level, message, fields }: Line): string {
  return JSON.stringify({ time, level, message, ...withoutReserved(fields) });
}

/** A field cannot replace the line's own time, level and message. */
function withoutReserved(fields: Line['fields']): Record<string, unknown> {
  const reserved = new Set(['time', 'level', 'message']);
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [reserved.has(key) ? `${key}_` : key, value]));
}

function prettyLine(colors: ReturnType<typeof picocolors.createColors>): (line: Line) => string {
  const paint = { error: colors.red, warn: colors.yellow, info: colors.green, debug: colors.dim };
  return ({ time, level, message, fields }) => {
    const { namespace, name, error, ...rest } = fields;
    const about =
      name === undefined ? '' : colors.cyan((namespace === undefined ? '' : `${text(namespace)}/`) + text(name)) + ' ';
    const details = Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => colors.dim(`${key}=`) + text(value));
    const head = `${colors.dim(time.slice(11, 23))} ${paint[level](level.toUpperCase().padEnd(5))} ${about}${message}`;
    return [head, ...details].join(' ') + (error === undefined ? '' : `\n${indent(errorText(error))}`);
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { stack, message, cause } = error as { stack?: string; message?: string; cause?: unknown };
  return (stack ?? message ?? JSON.stringify(error)) + (cause === undefined ? '' : `\ncaused by ${errorText(cause)}`);
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
