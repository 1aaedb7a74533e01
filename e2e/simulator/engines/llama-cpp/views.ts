import { knownModel } from '../known-models.ts';
import type { EngineSpec } from '../types.ts';

/** The body of /v1/models: one model, under its first alias. */
export function modelList(spec: EngineSpec, created: number): object {
  const name = spec.servedNames[0] ?? spec.model;
  const parameters = (knownModel(spec.model)?.parameters ?? 0) * 1e9;
  return {
    models: [
      {
        name,
        model: name,
        modified_at: '',
        size: '',
        digest: '',
        type: 'model',
        description: '',
        tags: [''],
        capabilities: ['completion'],
        parameters: '',
        details: {
          parent_model: '',
          format: 'gguf',
          family: '',
          families: [''],
          parameter_size: '',
          quantization_level: '',
        },
      },
    ],
    object: 'list',
    data: [
      {
        id: name,
        aliases: spec.servedNames,
        tags: [],
        object: 'model',
        architecture: { input_modalities: ['text'], output_modalities: ['text'] },
        created,
        owned_by: 'llamacpp',
        meta: {
          vocab_type: 1,
          n_vocab: 102_400,
          n_ctx: spec.maxModelLen,
          n_ctx_train: spec.maxModelLen,
          n_embd: 4096,
          n_params: parameters,
          size: parameters,
          ftype: 'Q4_K - Medium',
        },
      },
    ],
  };
}

/** Sampling of a request that asks for nothing (llama-server 0.7.0). */
const sampling = {
  seed: 4_294_967_295,
  temperature: 0.8,
  dynatemp_range: 0,
  dynatemp_exponent: 1,
  top_k: 40,
  top_p: 0.95,
  min_p: 0.05,
  top_n_sigma: -1,
  xtc_probability: 0,
  xtc_threshold: 0.1,
  typical_p: 1,
  repeat_last_n: 64,
  repeat_penalty: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  dry_multiplier: 0,
  dry_base: 1.75,
  dry_allowed_length: 2,
  dry_penalty_last_n: 64,
  mirostat: 0,
  mirostat_tau: 5,
  mirostat_eta: 0.1,
  adaptive_target: -1,
  adaptive_decay: 0.9,
  max_tokens: -1,
  n_predict: -1,
  n_keep: 0,
  n_discard: 0,
  ignore_eos: false,
  stream: false,
  n_probs: 0,
  min_keep: 0,
  chat_format: 'Content-only',
  reasoning_format: 'none',
  reasoning_in_content: false,
  generation_prompt: '',
  samplers: ['penalties', 'dry', 'top_n_sigma', 'top_k', 'typ_p', 'top_p', 'min_p', 'xtc', 'temperature'],
  'speculative.types': 'none',
  timings_per_token: false,
  post_sampling_probs: false,
  backend_sampling: false,
  lora: [],
};

/** The body of /props. */
export function properties(spec: EngineSpec): object {
  return {
    default_generation_settings: { params: sampling, n_ctx: spec.maxModelLen },
    total_slots: spec.maxNumSeqs,
    model_alias: spec.servedNames[0] ?? '',
    model_ftype: 'Q4_K - Medium',
    model_path: spec.model,
    modalities: { vision: false, video: false, audio: false },
    media_marker: '<__media__>',
    endpoint_slots: true,
    endpoint_props: false,
    endpoint_metrics: spec.metrics === true,
    ui: true,
    ui_settings: {},
    chat_template: '',
    chat_template_caps: {
      supports_object_arguments: false,
      supports_parallel_tool_calls: false,
      supports_preserve_reasoning: false,
      supports_reasoning_effort: false,
      supports_string_content: true,
      supports_system_role: true,
      supports_tool_calls: false,
      supports_tools: false,
      supports_typed_content: false,
    },
    bos_token: '<s>',
    eos_token: '</s>',
    build_info: 'b11669-Debian',
    is_sleeping: false,
    cors_proxy_enabled: false,
  };
}

/** The body of /slots; a slot that has never worked has no more than these. */
export function slots(spec: EngineSpec, running: number): object[] {
  return Array.from({ length: spec.maxNumSeqs }, (_, id) => ({
    id,
    n_ctx: spec.maxModelLen,
    speculative: false,
    is_processing: id < running,
  }));
}
