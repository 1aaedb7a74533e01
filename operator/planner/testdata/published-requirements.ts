/**
 * Hardware on which others have published that a DeepSeek model runs, or does not run. Facts only: what the source says,
 * with where it says it. Nothing in here was selected or changed to agree with the planner.
 */
export interface PublishedRequirement {
  /** Name in the catalogue: the last segment of the Hugging Face repository, in lower case. */
  readonly model: string;
  readonly accelerator:
    'T4' | 'A10G' | 'L4' | 'L40S' | 'A100-40GB' | 'A100-80GB' | 'H100' | 'H200' | 'B200' | 'Orin' | 'CPU';
  /** GPUs of one replica, over all of its nodes. 0 for a CPU. */
  readonly gpus: number;
  /** Nodes of one replica. */
  readonly nodes: number;
  /** Absent where the source does not name it, or names one that the operator does not run. */
  readonly engine?: 'vLLM' | 'SGLang' | 'TensorRT-LLM' | 'llama.cpp';
  readonly quantization: 'FP32' | 'BF16' | 'FP16' | 'FP8' | 'INT8' | 'W8A16' | 'AWQ' | 'GPTQ' | 'GGUF';
  /** As in the name of the file, for GGUF. */
  readonly ggufType?: string;
  /** Repository of weights that were quantized beforehand, where the source names it. */
  readonly repository?: string;
  /** Longest sequence in tokens (max-model-len), where the source says it. */
  readonly context?: number;
  /** Degrees of parallelism, where the source says them. */
  readonly tensorParallel?: number;
  readonly pipelineParallel?: number;
  /** Share of GPU memory that the engine was given, where the source says it. */
  readonly utilization?: number;
  /** Format of the KV cache, where it is not the model's. */
  readonly kvCacheDtype?: 'fp8';
  /** Published as running; or as out of memory, too large, or not supported. */
  readonly runs: boolean;
  readonly source: string;
  readonly note?: string;
  /** Why the planner cannot be held to this row: what differs between its conditions and those of a plan. */
  readonly excluded?: string;
}

const DEEPSEEK_R1_README = 'deepseek-ai/DeepSeek-R1 README.md@0cf7856';
const DEEPSEEK_LLM_README = 'deepseek-ai/DeepSeek-LLM README.md@1b79a65';
const DEEPSEEK_V2_README =
  'deepseek-ai/DeepSeek-V2 README.md@ec98ee3: "in BF16 format for inference, 80GB*8 GPUs are required"';
const DEEPSEEK_V25_README = 'huggingface.co/deepseek-ai/DeepSeek-V2.5 README.md: "80GB*8 GPUs are required"';
const DEEPSEEK_CODER_V2_README = 'deepseek-ai/DeepSeek-Coder-V2 README.md@c59bc46: "80GB*8 GPUs are required"';
const DEEPSEEK_CODER_V2_LITE = 'github.com/deepseek-ai/DeepSeek-Coder-V2/issues/11: "40GB *1 GPUs"';
const SGLANG_V3 = 'sgl-project/sglang docs/basic_usage/deepseek_v3.md@0f4513c';
const SGLANG_V3_BENCHMARK = 'sgl-project/sglang benchmark/deepseek_v3/README.md@0006053';
const SGLANG_JETSON = 'docs.sglang.io/platforms/nvidia_jetson.html';
const RECIPES = 'vllm-project/recipes models/deepseek-ai';
const TENSORRT_LLM = 'NVIDIA/TensorRT-LLM examples/models/core/deepseek_v3/README.md@010892f';
const SKYPILOT_DISTILLED = 'skypilot-org/skypilot llm/deepseek-r1-distilled/deepseek-r1-vllm.yaml@36b21fc';
const SKYPILOT_MATRIX = 'skypilot-org/skypilot llm/deepseek-r1/README.md@06ede17 (matrix of models and GPUs)';
const SKYPILOT_R1 = 'skypilot-org/skypilot llm/deepseek-r1/README.md@d7e80bd (common configurations)';
const SCALEWAY = 'github.com/scaleway/docs-content/pull/4545';
const SCALEWAY_8B =
  'scaleway/docs-content pages/managed-inference/reference-content/deepseek-r1-distill-llama-8b.mdx@320e59f';
const VERATHOS = 'verathos-ai/verathos verallm/registry/models.py@b2dce41 (marked as verified on that GPU)';
const NVIDIA_14B =
  'build.nvidia.com/deepseek-ai/deepseek-r1-distill-qwen-14b/systemcard: FP8 from 14 GB, BF16 from 29 GB';
const AUTOPILOT = 'WilliamDenniss/autopilot-examples llm/deepseek/README.md';
const KAITO = 'kaito-project/kaito presets/workspace/models/model_catalog.yaml, examples/inference@056b828';
const TENSORFUSE = 'huggingface.co/deepseek-ai/DeepSeek-R1/discussions/32 (4 x L40S)';
const HF_AWS = 'huggingface/blog deepseek-r1-aws.md@07511ad (recommended hardware, GPUs per replica)';
const EMD = 'aws-samples/easy-model-deployer src/emd/models/llms/deepseek.py, engines.py@d173ab7';
const AI_ON_EKS = 'awslabs/ai-on-eks blueprints/inference/vllm-ray-gpu-deepseek/ray-vllm-deepseek.yml@41a979e';
const LLM_K8S = 'surajssd/llm-k8s configs';
const BENTO = 'bentoml/BentoVLLM .github';
const TRUSS = 'basetenlabs/truss-examples';
const GPU_RECIPES = 'AI-Hypercomputer/gpu-recipes';
const GKE_SAMPLES =
  'GoogleCloudPlatform/kubernetes-engine-samples ai-ml/llm-multihost-gpus/vllm-deepseek-r1-A3.yaml@2b50365';
const RAY = 'ray-project/ray doc/source/serve/tutorials/serve-deepseek.md@103aaf6';
const GPUSTACK = 'gpustack/gpustack docs/tutorials/running-deepseek-r1-671b-with-distributed-vllm.md@42c52e2';
const DSTACK = 'dstackai/dstack examples/llms/deepseek/README.md@0a3fe93';
const DSTACK_BENCHMARK = 'dstackai/dstack mkdocs/blog/posts/h200-mi300x-deepskeek-benchmark.md@511c318';
const KUBETORCH = 'Kubetorch examples, "Launch DeepSeek-R1 on Your Own Cloud Account" (8 x L4, max_model_len=8192)';
const KUBEAI = 'kubeai-project/kubeai charts/models/values.yaml@f442a2c';
const QUIXI_R1 = 'huggingface.co/QuixiAI/DeepSeek-R1-AWQ README.md@21fb456';
const QUIXI_V3 = 'huggingface.co/cognitivecomputations/DeepSeek-V3-AWQ README.md';
const TENSTORRENT = 'github.com/tenstorrent/tt-inference-server/issues/356';
const LMDEPLOY = 'github.com/InternLM/lmdeploy/issues/2960 (out of memory on 8 x H800, 80 GB)';
const LLM_D = 'llm-d/llm-d-benchmark config_explorer/empirical-vllm-memory-results.md@2593348';
const BF16_ON_T4 =
  'github.com/vllm-project/vllm/issues/1157: "Bfloat16 is only supported on GPUs with compute capability of at least 8.0"';

/** 65.7 + 8.8, 67.7 + 4.7 and 15.0 + 4.8 GiB of weights and KV cache, where 0.90 gives 71.2, 71.2 and 19.9 GiB. */
const MORE_MEMORY =
  'weights and KV cache alone take 0.90 of the memory or more, which a plan leaves to the engine: the publisher gave it a larger share';
const NO_IMAGE = 'the operator serves unified memory with llama.cpp: the catalogue knows no image of SGLang for it';

const QWEN_1_5B = 'deepseek-r1-distill-qwen-1.5b';
const QWEN_7B = 'deepseek-r1-distill-qwen-7b';
const QWEN_14B = 'deepseek-r1-distill-qwen-14b';
const QWEN_32B = 'deepseek-r1-distill-qwen-32b';
const LLAMA_8B = 'deepseek-r1-distill-llama-8b';
const LLAMA_70B = 'deepseek-r1-distill-llama-70b';
const QWEN3_8B = 'deepseek-r1-0528-qwen3-8b';

// prettier-ignore
export const PUBLISHED: readonly PublishedRequirement[] = [
  // Dense: the first models
  { model: 'deepseek-llm-7b-chat', accelerator: 'A100-40GB', gpus: 1, nodes: 1, quantization: 'BF16', context: 4096, runs: true, source: DEEPSEEK_LLM_README },
  { model: 'deepseek-llm-67b-chat', accelerator: 'A100-40GB', gpus: 8, nodes: 1, quantization: 'BF16', context: 4096, runs: true, source: DEEPSEEK_LLM_README },
  { model: 'deepseek-llm-67b-base', accelerator: 'A100-40GB', gpus: 4, nodes: 1, quantization: 'BF16', context: 4096, runs: true, source: DEEPSEEK_LLM_README },

  // Dense: DeepSeek's own commands and what SkyPilot, KAITO and NVIDIA publish for the distilled models
  { model: QWEN_32B, accelerator: 'A100-80GB', gpus: 2, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 32_768, tensorParallel: 2, runs: true, source: DEEPSEEK_R1_README, note: 'the README gives the GPUs (2) and the length; the kind of GPU is from the table that this row was taken over from' },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, runs: true, source: SKYPILOT_DISTILLED },
  { model: LLAMA_8B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, runs: true, source: SKYPILOT_DISTILLED },
  { model: LLAMA_8B, accelerator: 'A100-40GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, runs: true, source: SKYPILOT_DISTILLED },
  { model: LLAMA_8B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, runs: true, source: SKYPILOT_DISTILLED },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: AUTOPILOT },
  { model: LLAMA_8B, accelerator: 'H100', gpus: 1, nodes: 1, quantization: 'BF16', context: 131_072, runs: true, source: SCALEWAY_8B },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', context: 65_536, runs: false, source: SCALEWAY_8B, note: 'at most 39k tokens' },
  { model: LLAMA_8B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: true, source: KAITO },
  { model: QWEN_14B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: true, source: KAITO },
  { model: LLAMA_70B, accelerator: 'L40S', gpus: 4, nodes: 1, quantization: 'BF16', runs: true, source: TENSORFUSE },
  { model: LLAMA_70B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'GPTQ', repository: 'RedHatAI/DeepSeek-R1-Distill-Llama-70B-quantized.w4a16', context: 98_304, utilization: 0.9, runs: true, source: VERATHOS, note: 'measured: at most 107,296 tokens' },
  { model: LLAMA_70B, accelerator: 'L40S', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'GPTQ', context: 16_384, runs: false, source: VERATHOS, note: '"does NOT fit usably on 48 GB (only ~6K context)"' },
  { model: QWEN_32B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'GPTQ', repository: 'RedHatAI/DeepSeek-R1-Distill-Qwen-32B-quantized.w4a16', context: 131_072, utilization: 0.9, runs: true, source: VERATHOS },
  { model: QWEN_14B, accelerator: 'L40S', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: NVIDIA_14B },
  { model: QWEN_14B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'FP8', runs: true, source: NVIDIA_14B },
  { model: QWEN_14B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', runs: false, source: NVIDIA_14B },
  { model: QWEN_14B, accelerator: 'A10G', gpus: 1, nodes: 1, quantization: 'BF16', runs: false, source: NVIDIA_14B },

  // Dense: Scaleway, whose limits of length assume more than 0.90 of the memory
  { model: LLAMA_70B, accelerator: 'H100', gpus: 2, nodes: 1, quantization: 'FP8', context: 131_072, runs: true, source: SCALEWAY },
  { model: LLAMA_70B, accelerator: 'H100', gpus: 2, nodes: 1, quantization: 'BF16', context: 57_344, runs: true, source: SCALEWAY, note: '"56k"; the share of memory is not said', excluded: MORE_MEMORY },
  { model: LLAMA_70B, accelerator: 'H100', gpus: 1, nodes: 1, quantization: 'FP8', context: 15_360, runs: true, source: SCALEWAY, note: '"15k"; the share of memory is not said', excluded: MORE_MEMORY },
  { model: LLAMA_70B, accelerator: 'H100', gpus: 2, nodes: 1, quantization: 'BF16', context: 131_072, runs: false, source: SCALEWAY, note: '"56k" is the most' },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', context: 38_912, runs: true, source: SCALEWAY_8B, note: '"39k"; the share of memory is not said', excluded: MORE_MEMORY },

  // Dense: SkyPilot's matrix of R1 (vLLM 0.6.6, its default share of memory)
  { model: QWEN_7B, accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, runs: true, source: SKYPILOT_MATRIX },
  { model: LLAMA_70B, accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: false, source: SKYPILOT_MATRIX },
  { model: LLAMA_70B, accelerator: 'A100-40GB', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: true, source: SKYPILOT_MATRIX },
  { model: LLAMA_70B, accelerator: 'A100-80GB', gpus: 2, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 4096, tensorParallel: 2, runs: true, source: SKYPILOT_MATRIX },
  { model: LLAMA_70B, accelerator: 'L4', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 131_072, runs: false, source: SKYPILOT_MATRIX, note: 'the matrix says no; the length is the default of the engine, the model\'s own. With 8,192 tokens others run it: next row' },
  { model: LLAMA_70B, accelerator: 'L4', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 8192, tensorParallel: 8, runs: true, source: KUBETORCH },
  { model: 'deepseek-r1', accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'FP8', runs: false, source: SKYPILOT_MATRIX },
  { model: 'deepseek-r1', accelerator: 'L4', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', runs: false, source: SKYPILOT_MATRIX },
  { model: 'deepseek-r1', accelerator: 'A100-40GB', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', runs: false, source: SKYPILOT_MATRIX },

  // Dense: Hugging Face on AWS (g6 = L4; the engine is TGI)
  { model: LLAMA_70B, accelerator: 'L4', gpus: 8, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },
  { model: QWEN_32B, accelerator: 'L4', gpus: 4, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },
  { model: QWEN_14B, accelerator: 'L4', gpus: 4, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },
  { model: QWEN_7B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },
  { model: QWEN_1_5B, accelerator: 'L4', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: HF_AWS, note: 'TGI chooses the length' },

  // Dense: Easy Model Deployer (g5 = A10G; vLLM 0.7.1 and 0.8.5 with --max_model_len 16000 --max_num_seq 256)
  { model: QWEN_32B, accelerator: 'A10G', gpus: 4, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN_32B, accelerator: 'A10G', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN_14B, accelerator: 'A10G', gpus: 4, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN_14B, accelerator: 'A10G', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN_7B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN_1_5B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: LLAMA_8B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: QWEN3_8B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 16_000, runs: true, source: EMD },
  { model: LLAMA_70B, accelerator: 'A10G', gpus: 4, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'casperhansen/deepseek-r1-distill-llama-70b-awq', context: 16_000, runs: true, source: EMD },
  { model: LLAMA_70B, accelerator: 'A10G', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'casperhansen/deepseek-r1-distill-llama-70b-awq', context: 16_000, runs: true, source: EMD },
  { model: QWEN_1_5B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'llama.cpp', quantization: 'GGUF', ggufType: 'Q8_0', repository: 'unsloth/DeepSeek-R1-Distill-Qwen-1.5B-GGUF', context: 16_000, runs: true, source: EMD, note: '-c 16000 -np 5: the length is shared by five slots' },
  { model: QWEN_32B, accelerator: 'A10G', gpus: 4, nodes: 1, engine: 'llama.cpp', quantization: 'GGUF', ggufType: 'Q8_0', repository: 'unsloth/DeepSeek-R1-Distill-Qwen-32B-GGUF', context: 16_000, runs: true, source: EMD, note: '-c 16000 -np 5: the length is shared by five slots' },

  // Dense: others
  { model: LLAMA_8B, accelerator: 'A10G', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 8192, utilization: 0.9, runs: true, source: AI_ON_EKS },
  { model: LLAMA_8B, accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'FP8', context: 8192, utilization: 0.95, kvCacheDtype: 'fp8', runs: true, source: KUBEAI, note: 'quantized while loading; eager' },
  { model: QWEN_32B, accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', context: 25_000, tensorParallel: 1, runs: true, source: `${LLM_K8S}/deepseek/deepseek-r1-qwen-32b@1a02262` },
  { model: QWEN3_8B, accelerator: 'H100', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', tensorParallel: 1, runs: true, source: `${BENTO}/deepseek-r1-0528-qwen3-8b.yaml@3b69b26` },
  { model: LLAMA_70B, accelerator: 'H100', gpus: 4, nodes: 1, engine: 'vLLM', quantization: 'BF16', tensorParallel: 4, runs: true, source: `${BENTO}/deepseek-r1-llama3.3-70b.yaml@3b69b26` },
  { model: LLAMA_70B, accelerator: 'H100', gpus: 2, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', context: 131_072, tensorParallel: 2, kvCacheDtype: 'fp8', runs: true, source: `${TRUSS} deepseek/engine-deepseek-r1-distill-llama-70b/config.yaml@dc9c166` },
  { model: QWEN_32B, accelerator: 'H100', gpus: 1, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', context: 32_768, tensorParallel: 1, runs: true, source: `${TRUSS} deepseek/engine-deepseek-r1-distill-qwen-32b/config.yaml@dc9c166` },
  { model: LLAMA_8B, accelerator: 'Orin', gpus: 1, nodes: 1, engine: 'SGLang', quantization: 'FP16', context: 8192, utilization: 0.8, runs: true, source: SGLANG_JETSON, note: 'Jetson AGX Orin', excluded: NO_IMAGE },
  { model: QWEN_1_5B, accelerator: 'T4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'FP16', context: 2048, runs: true, source: 'github.com/kubeai-project/kubeai/issues/395', note: 'vLLM 0.7.1 with dtype float16' },
  { model: QWEN_7B, accelerator: 'T4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: false, source: BF16_ON_T4, note: 'stated for the GPU, whatever the model' },
  { model: QWEN_1_5B, accelerator: 'T4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: false, source: BF16_ON_T4, note: 'stated for the GPU, whatever the model' },

  // DeepSeek-V2 and its kin: MLA and experts, in BF16
  { model: 'deepseek-v2', accelerator: 'A100-80GB', gpus: 8, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_V2_README },
  { model: 'deepseek-v2', accelerator: 'H100', gpus: 8, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_V2_README },
  { model: 'deepseek-v2.5', accelerator: 'A100-80GB', gpus: 8, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_V25_README },
  { model: 'deepseek-v2.5', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'BF16', tensorParallel: 8, runs: true, source: `${TRUSS} custom-server/deepseek-v2-5-instruct-sglang/config.yaml@dc9c166`, note: 'DeepSeek-V2.5-1210, of the same shape' },
  { model: 'deepseek-v2.5', accelerator: 'A100-40GB', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'BF16', context: 8192, tensorParallel: 8, pipelineParallel: 2, runs: true, source: `${LLM_K8S}/deepseek-v2.5@1a02262` },
  { model: 'deepseek-coder-v2-instruct', accelerator: 'A100-80GB', gpus: 8, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_CODER_V2_README },
  { model: 'deepseek-coder-v2-lite-instruct', accelerator: 'A100-40GB', gpus: 1, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_CODER_V2_LITE },
  { model: 'deepseek-coder-v2-lite-instruct', accelerator: 'A10G', gpus: 1, nodes: 1, quantization: 'BF16', runs: false, source: DEEPSEEK_CODER_V2_LITE, note: 'of 24 GB cards "you need to enable TP 2 or PP 2"' },
  { model: 'deepseek-coder-v2-lite-instruct', accelerator: 'A10G', gpus: 2, nodes: 1, quantization: 'BF16', runs: true, source: DEEPSEEK_CODER_V2_LITE, note: 'said of the 4090, which has 24 GB as well' },
  { model: 'deepseek-coder-v2-lite-instruct', accelerator: 'L40S', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: true, source: 'github.com/vllm-project/vllm/issues/6156: "1 L40 is enough"', note: 'said of the L40, which has 48 GB as well' },
  { model: 'deepseek-v2-lite', accelerator: 'A100-40GB', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: true, source: DSTACK, note: '"with vLLM, we must use 40GB GPU"' },
  { model: 'deepseek-v2-lite', accelerator: 'A100-80GB', gpus: 1, nodes: 1, engine: 'SGLang', quantization: 'BF16', runs: true, source: DSTACK, note: '"with SGLang, we must use 80GB GPU"' },
  { model: 'deepseek-v2-lite', accelerator: 'L4', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'BF16', runs: false, source: DSTACK, note: '"with vLLM, we must use 40GB GPU": 24 GB do not do' },
  { model: 'deepseek-v2-lite', accelerator: 'A10G', gpus: 1, nodes: 1, quantization: 'BF16', runs: false, source: 'github.com/deepseek-ai/DeepSeek-V3/issues/332', note: 'out of memory while the 16B shape of V2-Lite was built by DeepSeek\'s own inference code' },

  // DeepSeek-V3 and R1 in their own FP8
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', tensorParallel: 8, runs: true, source: SGLANG_V3 },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', tensorParallel: 8, runs: true, source: SGLANG_V3 },
  { model: 'deepseek-v3.1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', tensorParallel: 8, runs: true, source: SGLANG_V3 },
  { model: 'deepseek-r1', accelerator: 'B200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', runs: true, source: SGLANG_V3 },
  { model: 'deepseek-v3', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'FP8', tensorParallel: 16, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'FP8', tensorParallel: 16, runs: true, source: `${GPU_RECIPES} inference/a3mega/deepseek-r1-671b/sglang-serving-gke/values.yaml@2e1fd5e` },
  { model: 'deepseek-r1-0528', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'FP8', runs: true, source: TENSTORRENT },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'FP8', tensorParallel: 16, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', runs: true, source: SKYPILOT_R1 },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'FP8', tensorParallel: 16, runs: true, source: SKYPILOT_R1 },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${RECIPES}/DeepSeek-V3.yaml@8959cf6` },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${RECIPES}/DeepSeek-R1.yaml@8959cf6` },
  { model: 'deepseek-r1-0528', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${RECIPES}/DeepSeek-R1.yaml@8959cf6` },
  { model: 'deepseek-v3.1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${RECIPES}/DeepSeek-V3.1.yaml@8959cf6` },
  { model: 'deepseek-v3.2', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${RECIPES}/DeepSeek-V3.2.yaml@8959cf6`, note: 'FP8 from 805 GB' },
  { model: 'deepseek-r1-0528', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${BENTO}/deepseek-r1-671b.yaml@3b69b26` },
  { model: 'deepseek-v3-0324', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${BENTO}/deepseek-v3-671b.yaml@3b69b26` },
  { model: 'deepseek-v3.1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${BENTO}/deepseek-v3.1-671b.yaml@3b69b26` },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${GPU_RECIPES} src/frameworks/a3ultra/vllm-configs/deepseek-r1-671b.yaml@2e1fd5e` },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${GPU_RECIPES} src/frameworks/a3ultra/sglang-configs/deepseek-r1-671b.yaml@2e1fd5e`, note: 'with attention in four data parallel groups' },
  { model: 'deepseek-r1', accelerator: 'B200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', context: 32_768, tensorParallel: 8, utilization: 0.95, runs: true, source: `${GPU_RECIPES} src/frameworks/a4/vllm-configs/deepseek-r1-671b.yaml@2e1fd5e` },
  { model: 'deepseek-r1', accelerator: 'B200', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'FP8', tensorParallel: 8, runs: true, source: `${GPU_RECIPES} src/frameworks/a4/sglang-configs/deepseek-r1-671b.yaml@2e1fd5e` },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'FP8', context: 32_768, tensorParallel: 8, pipelineParallel: 2, utilization: 0.85, runs: true, source: `${GPU_RECIPES} inference/a3mega/deepseek-r1-671b/vllm-serving-gke/values.yaml@2e1fd5e` },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'FP8', context: 4096, tensorParallel: 8, pipelineParallel: 2, runs: true, source: GKE_SAMPLES },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'FP8', context: 16_384, tensorParallel: 8, pipelineParallel: 2, utilization: 0.92, runs: true, source: RAY },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: RAY },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'FP8', runs: true, source: GPUSTACK },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: TENSORRT_LLM },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', tensorParallel: 8, runs: true, source: TENSORRT_LLM },
  { model: 'deepseek-v3', accelerator: 'H100', gpus: 16, nodes: 2, engine: 'TensorRT-LLM', quantization: 'FP8', tensorParallel: 16, runs: true, source: TENSORRT_LLM },
  { model: 'deepseek-r1', accelerator: 'H200', gpus: 8, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', runs: true, source: DSTACK_BENCHMARK },
  { model: 'deepseek-v3', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', runs: false, source: TENSORRT_LLM, note: 'at least 16' },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', runs: false, source: TENSORRT_LLM, note: 'at least 16' },
  { model: 'deepseek-v3', accelerator: 'A100-80GB', gpus: 16, nodes: 2, engine: 'TensorRT-LLM', quantization: 'FP8', runs: false, source: TENSORRT_LLM, note: '"Ampere architecture (SM80 & SM86) is not supported"' },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 32, nodes: 4, engine: 'TensorRT-LLM', quantization: 'BF16', runs: false, source: TENSORRT_LLM, note: '"Ampere architecture (SM80 & SM86) is not supported"' },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 4, nodes: 1, engine: 'TensorRT-LLM', quantization: 'FP8', runs: false, source: TENSORRT_LLM, note: 'at least 8' },
  { model: 'deepseek-v3', accelerator: 'H100', gpus: 8, nodes: 1, quantization: 'FP8', runs: false, source: LMDEPLOY },
  { model: 'deepseek-r1', accelerator: 'H100', gpus: 1, nodes: 1, engine: 'vLLM', quantization: 'FP8', context: 16_000, tensorParallel: 1, utilization: 0.9, runs: false, source: LLM_D },
  { model: 'deepseek-v3', accelerator: 'L40S', gpus: 16, nodes: 2, engine: 'vLLM', quantization: 'FP8', tensorParallel: 8, pipelineParallel: 2, utilization: 1, kvCacheDtype: 'fp8', runs: false, source: 'github.com/vllm-project/vllm/issues/14726', note: 'said of the L40, which has 48 GB and compute capability 8.9 as well; one sequence' },

  // DeepSeek-V3 and R1 in other formats
  { model: 'deepseek-r1-0528', accelerator: 'H200', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'BF16', repository: 'unsloth/DeepSeek-R1-0528-BF16', runs: true, source: SGLANG_V3 },
  { model: 'deepseek-r1-0528', accelerator: 'H100', gpus: 32, nodes: 4, engine: 'SGLang', quantization: 'BF16', repository: 'unsloth/DeepSeek-R1-0528-BF16', runs: true, source: SGLANG_V3 },
  { model: 'deepseek-v3', accelerator: 'A100-80GB', gpus: 32, nodes: 4, engine: 'SGLang', quantization: 'BF16', tensorParallel: 32, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 32, nodes: 4, engine: 'vLLM', quantization: 'BF16', repository: 'unsloth/DeepSeek-R1-BF16', utilization: 0.9, runs: true, source: GPUSTACK },
  { model: 'deepseek-r1', accelerator: 'A100-40GB', gpus: 64, nodes: 8, engine: 'SGLang', quantization: 'BF16', tensorParallel: 64, runs: true, source: SKYPILOT_R1 },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'INT8', repository: 'meituan/DeepSeek-R1-Block-INT8', tensorParallel: 16, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 16, nodes: 2, engine: 'SGLang', quantization: 'INT8', repository: 'meituan/DeepSeek-R1-Channel-INT8', runs: true, source: SGLANG_V3 },
  { model: 'deepseek-r1', accelerator: 'L40S', gpus: 32, nodes: 4, engine: 'SGLang', quantization: 'INT8', repository: 'meituan/DeepSeek-R1-Channel-INT8', tensorParallel: 32, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-R1-AWQ', tensorParallel: 8, runs: true, source: SGLANG_V3_BENCHMARK },
  { model: 'deepseek-r1-0528', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'SGLang', quantization: 'AWQ', repository: 'QuixiAI/DeepSeek-R1-0528-AWQ', runs: true, source: SGLANG_V3 },
  { model: 'deepseek-r1-0528', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', runs: true, source: TENSTORRENT },
  { model: 'deepseek-r1', accelerator: 'A100-80GB', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-R1-AWQ', context: 65_536, tensorParallel: 8, utilization: 0.95, runs: true, source: QUIXI_R1 },
  { model: 'deepseek-v3', accelerator: 'A100-80GB', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-V3-AWQ', context: 65_536, tensorParallel: 8, utilization: 0.95, runs: true, source: QUIXI_V3 },
  { model: 'deepseek-v3', accelerator: 'H100', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-V3-AWQ', context: 65_536, tensorParallel: 8, utilization: 0.95, runs: true, source: QUIXI_V3 },
  { model: 'deepseek-v3', accelerator: 'H200', gpus: 4, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-V3-AWQ', context: 65_536, runs: true, source: QUIXI_V3 },
  { model: 'deepseek-v3', accelerator: 'L40S', gpus: 8, nodes: 1, engine: 'vLLM', quantization: 'AWQ', repository: 'cognitivecomputations/DeepSeek-V3-AWQ', context: 65_536, runs: false, source: QUIXI_V3, note: 'out of memory with a prompt of 63K tokens; it runs with one of 2 tokens' },
];
