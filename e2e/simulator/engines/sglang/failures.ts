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

/** How SGLang ends when it is told to fail. */
export function sglangFailure(failure: EngineFailure, launch: Launch): Exit {
  switch (failure) {
    case 'cuda-oom':
      return schedulerFailure(outOfMemory(launch.gpu?.memoryGiB ?? 80));
    case 'gated': {
      const all = [...launch.command, ...launch.args];
      const at = all.findIndex((word) => word === '--model-path' || word === '--model');
      const model = all[at + 1] ?? '';
      return launcherFailure(
        `OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/${model}.\n` +
          `401 Client Error.\nAccess to model ${model} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      );
    }
    case 'crash':
      return launcherFailure('RuntimeError: the simulator was told to crash');
  }
}
