import type { EngineFailure, Exit, Launch } from '../types.ts';
import { outOfMemory } from '../vllm/failures.ts';

/** An error while the executor starts: trtllm-serve ends with its traceback. */
export function executorFailure(error: string): Exit {
  return {
    exitCode: 1,
    log:
      'Traceback (most recent call last):\n  File "/usr/local/bin/trtllm-serve", line 8, in <module>\n    sys.exit(main())\n' +
      `${error}\nRuntimeError: Executor worker returned error\n`,
  };
}

/** How TensorRT-LLM ends when it is told to fail. */
export function tensorRTLLMFailure(failure: EngineFailure, launch: Launch): Exit {
  switch (failure) {
    case 'cuda-oom':
      return executorFailure(outOfMemory(launch.gpu?.memoryGiB ?? 80));
    case 'gated':
      return executorFailure(
        'huggingface_hub.errors.GatedRepoError: 401 Client Error.\nAccess to the model is restricted. ' +
          'You must have access to it and be authenticated to access it. Please log in.',
      );
    case 'crash':
      return executorFailure('RuntimeError: the simulator was told to crash');
  }
}
