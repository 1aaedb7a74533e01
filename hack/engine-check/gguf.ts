/**
 * Writes GGUF files, version 3, little endian, 32-bit floats: what a tiny model of random weights needs.
 * The format: ggml-org/ggml docs/gguf.md.
 */

/** A metadata value with its GGUF type. Integers of the format that no model here uses are left out. */
export type GgufValue =
  | { readonly type: 'uint32'; readonly value: number }
  | { readonly type: 'float32'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'strings'; readonly value: readonly string[] }
  | { readonly type: 'float32s'; readonly value: readonly number[] }
  | { readonly type: 'int32s'; readonly value: readonly number[] };

export interface GgufTensor {
  readonly name: string;
  /** As GGML counts: the length of a row first. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

const MAGIC = 'GGUF';
const VERSION = 3;
/** `general.alignment` when a file does not say one. */
const ALIGNMENT = 32;

/** `gguf_metadata_value_type`. */
const TYPE = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 } as const;
/** `ggml_type` of 32-bit floats. */
const GGML_F32 = 0;

/**
 * The bytes of a GGUF file.
 *
 * @throws RangeError when a tensor does not hold as many numbers as its shape says.
 */
export function encodeGguf(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  const entries = Object.entries(metadata);
  const head: Buffer[] = [Buffer.from(MAGIC), uint32(VERSION), uint64(tensors.length), uint64(entries.length)];
  for (const [key, value] of entries) head.push(string(key), encodeValue(value));
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    const length = shape.reduce((product, dimension) => product * dimension, 1);
    if (length !== data.length) {
      throw new RangeError(`tensor ${name} of shape ${shape.join('x')} has ${data.length} numbers, not ${length}`);
    }
    head.push(string(name), uint32(shape.length), ...shape.map(uint64), uint32(GGML_F32), uint64(offset));
    offset += padded(data.byteLength);
  }
  return Buffer.concat([
    pad(Buffer.concat(head)),
    ...tensors.map(({ data }) => pad(Buffer.from(data.buffer, data.byteOffset, data.byteLength))),
  ]);
}

function encodeValue(value: GgufValue): Buffer {
  switch (value.type) {
    case 'uint32':
      return Buffer.concat([uint32(TYPE.uint32), uint32(value.value)]);
    case 'float32':
      return Buffer.concat([uint32(TYPE.float32), float32(value.value)]);
    case 'bool':
      return Buffer.concat([uint32(TYPE.bool), Buffer.from([value.value ? 1 : 0])]);
    case 'string':
      return Buffer.concat([uint32(TYPE.string), string(value.value)]);
    case 'strings':
      return array(TYPE.string, value.value.map(string));
    case 'float32s':
      return array(TYPE.float32, value.value.map(float32));
    case 'int32s':
      return array(TYPE.int32, value.value.map(int32));
  }
}

function array(type: number, items: readonly Buffer[]): Buffer {
  return Buffer.concat([uint32(TYPE.array), uint32(type), uint64(items.length), ...items]);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function padded(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padded(bytes.length) - bytes.length)]);
}
