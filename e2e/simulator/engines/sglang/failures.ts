import type { EngineFailure, Exit, Launch } from '../types.ts';
import { outOfMemory } from '../vllm/failures.ts';

/** An error of the launcher itself. */
export function launcherFailure(error: string): Exit {
  return {
    exitCode: 1,
    log: `Traceback (most recent call last):\n  File "<frozen runpy>", line 88, in _run_code\n${error}\n`,
  };
}

/** An error of a scheduler: it signals the launcher, which kills its whole process tree, itself included (137). */
export function schedulerFailure(error: string): Exit {
  return {
    exitCode: 137,
    log:
      'Scheduler hit an exception: Traceback (most recent call last):\n' +
      '  File "/sgl-workspace/sglang/python/sglang/srt/managers/scheduler.py", line 4820, in run_scheduler_process\n' +
      `${error}\n\nReceived sigquit from a child process. It usually means the child failed.\n`,
  };
}

/** The module that logs the arguments, and how its level is set (SGLANG_LOGGING_CONFIG_PATH). */
interface LoggingConfig {
  readonly loggers?: Readonly<Record<string, { readonly level?: string }>>;
}

/**
 * What SGLang 0.5.23 logs before it loads a model (entrypoints/engine.py): all its settings as a Python dict, the API key in clear; here
 * those that were given. Empty where its module is told to log warnings alone.
 *
 * @throws Error for a logging configuration that is not there, as SGLang.
 */
export function startLine(args: readonly string[], { environment, files }: Launch): string {
  const path = environment.get('SGLANG_LOGGING_CONFIG_PATH');
  if (path !== undefined) {
    const text = files?.get(path);
    if (text === undefined) {
      throw new Error(`Setting SGLANG_LOGGING_CONFIG_PATH from env with ${path} but it does not exist!`);
    }
    const level = (JSON.parse(text) as LoggingConfig).loggers?.['sglang.srt.entrypoints.engine']?.level;
    if (level === 'WARNING') return '';
  }
  const settings = args.flatMap((word, index) => {
    const [, name, value = args[index + 1] ?? 'True'] = /^--([a-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    return name === undefined ? [] : [`'${name.replaceAll('-', '_')}': '${value.startsWith('--') ? 'True' : value}'`];
  });
  return `[2026-01-01 00:00:00] server_args={${settings.join(', ')}}\n`;
}

/** How SGLang, started with `args`, ends when it is told to fail. */
export function sglangFailure(failure: EngineFailure, args: readonly string[], launch: Launch): Exit {
  const exit = failureOf(failure, args, launch);
  return { ...exit, log: `${startLine(args, launch)}${exit.log}` };
}

function failureOf(failure: EngineFailure, args: readonly string[], launch: Launch): Exit {
  switch (failure) {
    case 'cuda-oom':
      return schedulerFailure(outOfMemory(launch.gpu?.memoryGiB ?? 80));
    case 'gated': {
      const at = args.findIndex((word) => word === '--model-path' || word === '--model');
      const model = args[at + 1] ?? '';
      return launcherFailure(
        `OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/${model}.\n` +
          `401 Client Error.\nAccess to model ${model} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      );
    }
    case 'crash':
      return launcherFailure('RuntimeError: the simulator was told to crash');
  }
}
