import type { EngineFailure, Exit, Launch } from '../types.ts';

const exiting = 'srv  llama_server: exiting due to model loading error\n';

/** How llama-server ends when it is told to fail. */
export function llamaFailure(failure: EngineFailure, launch: Launch): Exit {
  switch (failure) {
    case 'cuda-oom':
      return {
        exitCode: 1,
        log:
          'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 1024.00 MiB on device 0: cudaMalloc failed: out of memory\n' +
          `alloc_tensor_range: failed to allocate CUDA0 buffer\n${exiting}`,
      };
    case 'gated': {
      const at = launch.args.findIndex((arg) => ['-hf', '-hfr', '--hf-repo'].includes(arg));
      return {
        exitCode: 1,
        log: `get_repo_commit: error: HTTP 401: GET https://huggingface.co/api/models/${launch.args[at + 1] ?? ''}/refs\n${exiting}`,
      };
    }
    case 'crash':
      return { exitCode: 1, log: 'the simulator was told to crash\n' };
  }
}
