import type { QuantizationSpec } from '../../operator/api/index.ts';
import { CATALOG, type ModelArchitecture } from '../../operator/catalog/index.ts';
import { formatCount } from '../support/phrases.ts';
import { type ConfigFields, isObject, type JsonObject, notDescribable } from './fields.ts';

/** A part of the answer, and what there is to say about it. */
interface Quantization {
  readonly spec?: QuantizationSpec;
  readonly notes: readonly string[];
}

/**
 * The longest sequence: max_position_embeddings, stretched as vLLM stretches it (engines refuse more): YaRN by its
 * factor from the original length, other scalings from the stated length, those of Llama 3 and LongRoPE not at all.
 */
export function contextOf(config: ConfigFields): { readonly tokens: number; readonly notes: readonly string[] } {
  const stated = config.count('max_position_embeddings');
  const name = ['rope_scaling', 'rope_parameters'].find((field) => config.object(field) !== undefined);
  if (name === undefined) return { tokens: stated, notes: [] };
  const type = config.textIn(name, 'rope_type') ?? config.textIn(name, 'type');
  const factor = config.numberIn(name, 'factor');
  if (type === undefined || factor === undefined || !['yarn', 'linear', 'dynamic'].includes(type)) {
    return { tokens: stated, notes: [] };
  }
  const original = config.numberIn(name, 'original_max_position_embeddings');
  const base = type === 'yarn' ? (original ?? stated) : stated;
  const tokens = Math.floor(base * factor);
  const how = `rope_scaling (${type}, factor ${factor} over ${formatCount(base)})`;
  return {
    tokens,
    notes: [
      tokens === stated
        ? `maxContext is reached with ${how}: the model card may promise less`
        : `maxContext is max_position_embeddings ${formatCount(stated)} changed by ${how}`,
    ],
  };
}

const DTYPES: Readonly<Record<string, QuantizationSpec['type']>> = { float16: 'FP16', float32: 'FP32' };

/** What the weights are stored in. Throws CommandError where no quantization.type says that. */
export function quantizationOf(config: ConfigFields): Quantization {
  const name = ['quantization_config', 'compression_config'].find((field) => config.object(field) !== undefined);
  if (name !== undefined) return quantizedAs(config, name);
  const dtype = config.text('torch_dtype') ?? config.text('dtype');
  if (dtype === undefined) return { notes: ['the config does not say the dtype of the weights: taken to be bfloat16'] };
  const type = DTYPES[dtype];
  return type === undefined ? { notes: [] } : { spec: { type }, notes: [] };
}

function quantizedAs(config: ConfigFields, name: string): Quantization {
  const method = config.textIn(name, 'quant_method') ?? 'of an unknown method';
  const bits = config.numberIn(name, 'bits') ?? config.numberIn(name, 'w_bit');
  const group = config.numberIn(name, 'group_size') ?? config.numberIn(name, 'q_group_size');
  const found = `${name}: ${method}${bits === undefined ? '' : `, ${bits} bits`}`;
  const spec = specOf(method, bits, config.object(name) ?? {});
  if (spec === undefined) {
    throw notDescribable(
      `${config.file}: ${found}: no quantization.type says that. Import the config of a repository in another format`,
    );
  }
  const groups = group !== undefined && group > 0 ? `, groups of ${group}` : '';
  return { spec, notes: [`${found}${groups}: quantization.type is ${spec.type ?? ''}`] };
}

/** What is planned of a method; a method that does not say its bits has 4. */
function specOf(method: string, bits = 4, config: JsonObject): QuantizationSpec | undefined {
  switch (method) {
    case 'fp8':
    case 'fbgemm_fp8':
      return { type: 'FP8' };
    case 'awq':
      return bits === 4 ? { type: 'AWQ' } : undefined;
    case 'gptq':
      return bits === 4 ? { type: 'GPTQ' } : bits === 8 ? { type: 'W8A16' } : undefined;
    case 'compressed-tensors':
      return compressedTensors(config);
    default:
      return undefined;
  }
}

/** compressed-tensors says it per group of layers; the first group is that of the linear layers. */
function compressedTensors(config: JsonObject): QuantizationSpec | undefined {
  const groups = config['config_groups'];
  const [first] = isObject(groups) ? Object.values(groups) : [];
  const weights = isObject(first) ? first['weights'] : undefined;
  if (!isObject(first) || !isObject(weights)) return undefined;
  const { num_bits: bits, type } = weights;
  if (bits === 8 && type === 'float') return { type: 'FP8' };
  if (bits === 8) return { type: isObject(first['input_activations']) ? 'INT8' : 'W8A16' };
  return bits === 4 && type === 'int' ? { type: 'GPTQ' } : undefined;
}

/** Classes that keep the output head apart when the config does not say; those of others may share it. */
const UNTIED = /^(Llama|Qwen|Deepseek|Mixtral|Mistral)/;

/** What model.architecture leaves out of the config, or cannot be known from it. */
export function notesOn(config: ConfigFields, shape: ModelArchitecture, className: string | undefined): string[] {
  const note = (when: boolean, text: string): string[] => (when ? [text] : []);
  const sparseStep = config.optionalCount('decoder_sparse_step', 'moe_layer_freq') ?? 1;
  const denseList = config.value('mlp_only_layers');
  const window = config.has('sliding_window') && config.value('use_sliding_window') !== false;
  const layerTypes = config.value('layer_types');
  const windowed =
    window && (!Array.isArray(layerTypes) || layerTypes.some((type) => String(type).startsWith('sliding')));
  const predictors = config.optionalCount('num_nextn_predict_layers') ?? 0;
  return [
    ...servedBy(className),
    ...note(
      windowed,
      `sliding_window ${String(config.value('sliding_window'))} is not described: the KV cache is planned for the whole context, which is more than enough`,
    ),
    ...note(
      predictors > 0,
      `layers of multi-token prediction (${predictors}) are in the files and not in parameters: engines load them only when told to`,
    ),
    ...note(
      shape.moe !== undefined && (sparseStep > 1 || (Array.isArray(denseList) && denseList.length > 0)),
      'not every layer has experts (decoder_sparse_step, moe_layer_freq or mlp_only_layers): parameters counts them in every layer, so correct it',
    ),
    ...note(
      ['vision_config', 'audio_config'].some((name) => config.has(name)),
      'the vision or audio part is not in parameters: its weights come on top',
    ),
    ...note(
      !config.has('tie_word_embeddings') && !UNTIED.test(className ?? ''),
      'the config does not say whether the output head shares the embedding (tie_word_embeddings): counted as two',
    ),
    'not in a config: the licence, whether the repository is gated, and the size of the files, which are planned from the shape',
  ];
}

/** Which engines list this class. */
function servedBy(className: string | undefined): string[] {
  if (className === undefined) {
    return ['the config names no class (architectures): whether an engine serves it is for you to check'];
  }
  const engines = CATALOG.engines
    .filter(({ versions }) =>
      versions[0]?.architectures.some(({ classes }: { readonly classes: readonly string[] }) =>
        classes.includes(className),
      ),
    )
    .map(({ type }) => type);
  return engines.length > 0
    ? [`${className} is served by ${engines.join(', ')}`]
    : [`no engine of the catalogue is known to serve ${className}: check its documentation before you deploy`];
}
