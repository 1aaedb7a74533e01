import type { EngineFailure, Exit, Launch } from '../types.ts';

const packages = '/usr/local/lib/python3.12/dist-packages';

/** Frames of the API server's stack while it waits for its engine cores (vLLM 0.20 and later: file, line, function, code). */
const startupFrames: readonly (readonly [string, number, string, string])[] = [
  ['/usr/local/bin/vllm', 10, '<module>', 'sys.exit(main())'],
  [`${packages}/vllm/entrypoints/cli/main.py`, 97, 'main', 'args.dispatch_function(args)'],
  [`${packages}/vllm/entrypoints/cli/serve.py`, 152, 'cmd', 'uvloop.run(run_server(args))'],
  [`${packages}/uvloop/__init__.py`, 96, 'run', 'return __asyncio.run('],
  ['/usr/lib/python3.12/asyncio/runners.py', 195, 'run', 'return runner.run(main)'],
  ['/usr/lib/python3.12/asyncio/runners.py', 118, 'run', 'return self._loop.run_until_complete(task)'],
  [
    `${packages}/vllm/entrypoints/openai/api_server.py`,
    684,
    'run_server_worker',
    'async with build_async_engine_client(',
  ],
  [
    `${packages}/vllm/entrypoints/openai/api_server.py`,
    124,
    'build_async_engine_client',
    'async with build_async_engine_client_from_engine_args(',
  ],
];

const engineCoreFrames: readonly (readonly [string, number, string, string])[] = [
  [
    `${packages}/vllm/v1/engine/async_llm.py`,
    146,
    '__init__',
    'self.engine_core = EngineCoreClient.make_async_mp_client(',
  ],
  [`${packages}/vllm/v1/engine/core_client.py`, 131, 'make_async_mp_client', 'return AsyncMPClient(*client_args)'],
  [`${packages}/vllm/v1/engine/core_client.py`, 932, '__init__', 'super().__init__('],
  [`${packages}/vllm/v1/engine/core_client.py`, 567, '__init__', 'with launch_core_engines('],
  ['/usr/lib/python3.12/contextlib.py', 144, '__exit__', 'next(self.gen)'],
  [`${packages}/vllm/v1/engine/utils.py`, 1150, 'launch_core_engines', 'wait_for_engine_startup('],
  [`${packages}/vllm/v1/engine/utils.py`, 1209, 'wait_for_engine_startup', 'raise RuntimeError('],
];

function traceback(prefix: string, frames: typeof startupFrames, error: string): string {
  const lines = frames.flatMap(([file, line, name, code]) => [
    `  File "${file}", line ${line}, in ${name}`,
    `    ${code}`,
  ]);
  return ['Traceback (most recent call last):', ...lines, ...error.split('\n')]
    .map((line) => `${prefix} ${line}\n`)
    .join('');
}

/** An error of the API server process itself: the cause is the last line of the log. */
export function serverFailure(error: string): Exit {
  return { exitCode: 1, log: traceback('(APIServer pid=1)', startupFrames, error) };
}

/**
 * An error of the engine core process. vLLM prints the cause first, and then the API server's own traceback, which is
 * longer than the 2,048 bytes that the kubelet keeps as termination message: the cause is in the log alone.
 */
export function engineCoreFailure(error: string): Exit {
  const core = '(EngineCore pid=117)';
  return {
    exitCode: 1,
    log:
      `${core} ERROR [core.py:1129] EngineCore failed to start.\n${core} Process EngineCore:\n` +
      traceback(core, [[`${packages}/vllm/v1/engine/core.py`, 1140, 'run_engine_core', 'raise e']], error) +
      traceback(
        '(APIServer pid=1)',
        [...startupFrames, ...engineCoreFrames],
        'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
      ),
  };
}

/** PyTorch's words; vLLM, SGLang and TensorRT-LLM all end with them. */
export function outOfMemory(totalGiB: number): string {
  const inUse = (totalGiB - 0.6).toFixed(2);
  return (
    `torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.02 GiB. GPU 0 has a total capacity of ${totalGiB.toFixed(2)} GiB ` +
    `of which 612.75 MiB is free. Including non-PyTorch memory, this process has ${inUse} GiB memory in use.`
  );
}

/** How vLLM ends when it is told to fail. */
export function vllmFailure(failure: EngineFailure, launch: Launch, model: string): Exit {
  switch (failure) {
    case 'cuda-oom':
      return engineCoreFailure(outOfMemory(launch.gpu?.memoryGiB ?? 80));
    case 'gated':
      return serverFailure(
        `OSError: You are trying to access a gated repo.\nMake sure to have access to it at https://huggingface.co/${model}.\n` +
          `401 Client Error.\nCannot access gated repo for url https://huggingface.co/${model}/resolve/main/config.json.\n` +
          `Access to model ${model} is restricted. You must have access to it and be authenticated to access it. Please log in.`,
      );
    case 'crash':
      return serverFailure('RuntimeError: the simulator was told to crash');
  }
}
