import { readFlags } from './flags.ts';

/** Every flag of `trtllm-serve` that the contract of its command line lists (1.3), all spellings. */
export const TRTLLM_1_3_FLAGS = readFlags(`
  --agent_percentage= --agent_types= --allow_request_chat_template --backend= --chat_template= --config=
  --extra_llm_api_options= --context_parallel_size= --cp_size= --custom_module_dirs= --custom_tokenizer=
  --disagg_cluster_uri= --enable_attention_dp --enable_chunked_prefill --enable_visual_gen
  --fail_fast_on_attention_window_too_large --free_gpu_memory_fraction= --kv_cache_free_gpu_memory_fraction=
  --generation-config= --gpus_per_node= --grpc --host= --kv_cache_dtype= --log_level= --max_batch_size=
  --max_beam_width= --max_num_tokens= --max_seq_len= --media_io_kwargs= --metadata_server_config_file= --middleware=
  --moe_cluster_parallel_size= --cluster_size= --moe_expert_parallel_size= --ep_size= --num_input_processor_workers=
  --num_media_load_workers= --num_postprocess_workers= --num_serve_frontends= --otlp_traces_endpoint=
  --pipeline_parallel_size= --pp_size= --port= --post_processor_hook= --reasoning_parser= --report_addr= --revision=
  --hf_revision= --served_model_name= --server_role= --telemetry --no-telemetry --tensor_parallel_size= --tp_size=
  --tokenizer= --tool_parser= --trust_remote_code --video_pruning_rate= --visual_gen_args=
`);

/** Every flag of `trtllm-serve` 1.2, as its serve.py declares them, all spellings. What they take was not kept. */
export const TRTLLM_1_2_FLAGS: readonly string[] = `
  --tokenizer --custom_tokenizer --host --port --backend --custom_module_dirs --log_level --max_beam_width
  --max_batch_size --max_num_tokens --max_seq_len --tensor_parallel_size --tp_size --pipeline_parallel_size --pp_size
  --context_parallel_size --cp_size --moe_expert_parallel_size --ep_size --moe_cluster_parallel_size --cluster_size
  --gpus_per_node --free_gpu_memory_fraction --kv_cache_free_gpu_memory_fraction --num_postprocess_workers
  --trust_remote_code --revision --config --extra_llm_api_options --reasoning_parser --tool_parser
  --metadata_server_config_file --server_role --fail_fast_on_attention_window_too_large --otlp_traces_endpoint
  --disagg_cluster_uri --enable_chunked_prefill --media_io_kwargs --chat_template
`
  .trim()
  .split(/\s+/);
