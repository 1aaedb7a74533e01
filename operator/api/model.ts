import { z } from 'zod';
import { exactlyOneOf, withRules } from './rules.ts';
import {
  absolutePath,
  atomicList,
  httpAddress,
  matching,
  objectName,
  quantity,
  secretKey,
  secretName,
} from './scalars.ts';

const huggingFaceSource = z.object({
  repository: matching(/^[A-Za-z0-9][A-Za-z0-9._-]*\/[A-Za-z0-9][A-Za-z0-9._-]*$/, 200, 'should be organisation/name')
    .describe('Repository, `organisation/name`. Default: the catalogue’s repository for this quantization.')
    .exactOptional(),
  endpoint: httpAddress()
    .describe('Address of the hub, for a mirror. Default: https://huggingface.co.')
    .exactOptional(),
  tokenSecretRef: secretKey().describe('Token for gated or private repositories.').exactOptional(),
});

const volumeSource = withRules(
  z.object({
    claimName: objectName().describe('Name of a PersistentVolumeClaim in the same namespace. Mounted read-only.'),
    path: z
      .string()
      .min(1)
      .max(1024)
      .describe('Folder of the weights inside the volume, relative to its root. Default: the root.')
      .exactOptional(),
  }),
  [
    {
      rule: "!has(self.path) || (!self.path.startsWith('/') && !self.path.split('/').exists(part, part == '..'))",
      message: 'path is relative to the root of the volume and may not contain ..',
      holds: ({ path }) => path === undefined || (!path.startsWith('/') && !path.split('/').includes('..')),
    },
  ],
);

/** An OCI image reference: registry[:port]/path[:tag][@digest]. */
const IMAGE =
  /^[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha(256|512):[a-f0-9]{64,128})?$/;
export const imageReference = () => matching(IMAGE, 512, 'should be an image reference');

const imageSource = z.object({
  reference: imageReference().describe(
    'Image that holds the weights; a digest pins them. Mounted read-only as an image volume.',
  ),
  pullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .describe('When the node pulls the image. Default: that of Kubernetes for the reference.')
    .exactOptional(),
});

const objectStorageSource = z.object({
  uri: matching(
    /^(s3|gs|az|oss):\/\/[a-z0-9][a-z0-9._-]{1,62}(\/[!-"$->@-~]*)?$/,
    1024,
    'should be an address such as s3://bucket/path',
  ).describe('Where the weights are: s3://, gs://, az:// or oss://, bucket and path.'),
  endpoint: httpAddress().describe('Address of an S3-compatible store.').exactOptional(),
  credentialsSecretRef: secretName()
    .describe('Secret whose keys become the environment of the download, e.g. AWS_ACCESS_KEY_ID.')
    .exactOptional(),
});

const cache = withRules(
  z.object({
    persistentVolumeClaim: z
      .object({
        claimName: objectName().describe(
          'Name of a PersistentVolumeClaim that all replicas can write (ReadWriteMany).',
        ),
      })
      .describe('A volume that the replicas share.')
      .exactOptional(),
    hostPath: z
      .object({ path: absolutePath().describe('Folder on the node.') })
      .describe('A folder of the node: the next pod on it finds the weights there.')
      .exactOptional(),
    emptyDir: z
      .object({ sizeLimit: quantity().describe('Most that may be stored. Default: from the plan.').exactOptional() })
      .describe('A folder that lives as long as the pod: each pod downloads.')
      .exactOptional(),
  }),
  [
    exactlyOneOf(
      ['persistentVolumeClaim', 'hostPath', 'emptyDir'],
      'set exactly one of persistentVolumeClaim, hostPath, emptyDir',
    ),
  ],
);

const source = withRules(
  z.object({
    huggingFace: huggingFaceSource.describe('A repository of the Hugging Face hub or of a mirror.').exactOptional(),
    persistentVolumeClaim: volumeSource.describe('Weights that lie in a volume.').exactOptional(),
    image: imageSource
      .describe('Weights that lie in an OCI image (image volumes: Kubernetes 1.33 and later).')
      .exactOptional(),
    objectStorage: objectStorageSource.describe('Weights that lie in a bucket.').exactOptional(),
    cache: cache.describe('Where downloads are kept. Default: an emptyDir sized by the plan.').exactOptional(),
  }),
  [
    exactlyOneOf(
      ['huggingFace', 'persistentVolumeClaim', 'image', 'objectStorage'],
      'set exactly one of huggingFace, persistentVolumeClaim, image, objectStorage',
    ),
    {
      rule: '!has(self.cache) || has(self.huggingFace) || has(self.objectStorage)',
      message: 'cache is for downloads: set it only beside huggingFace or objectStorage',
      holds: (self) => self.cache === undefined || self.huggingFace !== undefined || self.objectStorage !== undefined,
    },
  ],
);

const count = (max: number) => z.int32().min(1).max(max);

const mla = z.object({
  kvLoraRank: count(65_536).describe('Rank of the compressed keys and values (`kv_lora_rank`).'),
  qLoraRank: count(65_536)
    .describe('Rank of the compressed queries (`q_lora_rank`); absent when they are not compressed.')
    .exactOptional(),
  qkNopeHeadDim: count(4096).describe('Size of a head’s part without rotary embedding (`qk_nope_head_dim`).'),
  qkRopeHeadDim: count(4096).describe('Size of a head’s part with rotary embedding (`qk_rope_head_dim`).'),
  vHeadDim: count(4096).describe('Size of a head’s values (`v_head_dim`).'),
});

const moe = withRules(
  z.object({
    experts: count(4096).describe('Routed experts of a layer (`n_routed_experts`).'),
    activeExperts: count(4096).describe('Routed experts that one token uses (`num_experts_per_tok`).'),
    sharedExperts: z
      .int32()
      .min(0)
      .max(256)
      .describe('Experts that every token uses (`n_shared_experts`). Default: 0.')
      .exactOptional(),
    intermediateSize: count(1_048_576).describe('Width of one expert (`moe_intermediate_size`).'),
    denseLayers: z
      .int32()
      .min(0)
      .max(1024)
      .describe('First layers without experts (`first_k_dense_replace`). Default: 0.')
      .exactOptional(),
  }),
  [
    {
      rule: 'self.activeExperts <= self.experts',
      message: 'activeExperts may not be more than experts',
      holds: (self) => self.activeExperts <= self.experts,
    },
  ],
);

const architecture = withRules(
  z.object({
    parameters: z.int().min(1_000_000).max(100_000_000_000_000).describe('Parameters in total, all experts counted.'),
    layers: count(1024).describe('Transformer layers (`num_hidden_layers`).'),
    hiddenSize: count(1_048_576).describe('Width of the residual stream (`hidden_size`).'),
    intermediateSize: count(1_048_576).describe('Width of the dense feed-forward layers (`intermediate_size`).'),
    attentionHeads: count(4096).describe('Query heads (`num_attention_heads`).'),
    kvHeads: count(4096).describe('Key and value heads (`num_key_value_heads`).'),
    headDim: count(4096)
      .describe('Size of one head (`head_dim`). Default: hiddenSize / attentionHeads.')
      .exactOptional(),
    vocabSize: count(10_000_000).describe('Tokens in the vocabulary (`vocab_size`).'),
    maxContext: count(100_000_000).describe(
      'Longest sequence that the model was made for (`max_position_embeddings`), in tokens.',
    ),
    mla: mla.describe('Multi-head latent attention, as DeepSeek-V2, V3 and R1 have it.').exactOptional(),
    moe: moe.describe('Mixture of experts.').exactOptional(),
  }),
  [
    {
      rule: 'self.attentionHeads % self.kvHeads == 0',
      message: 'attentionHeads must be a multiple of kvHeads',
      holds: (self) => self.attentionHeads % self.kvHeads === 0,
    },
  ],
);

const measured = z.object({
  weights: quantity().describe('Memory that the weights take on all GPUs of a replica together, such as 160Gi.'),
  kvCacheBytesPerToken: count(100_000_000).describe('Bytes of KV cache that one token takes on one GPU.'),
  overheadPerGPU: quantity()
    .describe('Memory that one GPU needs beside weights and KV cache. Default: as computed.')
    .exactOptional(),
});

/** What is served, and where its weights come from. */
export const modelSpec = withRules(
  z.object({
    name: matching(
      /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
      63,
      'should be a catalogue name in lower case, or custom',
    ).describe('A name of the catalogue, such as deepseek-r1-distill-qwen-7b, or `custom` with `architecture`.'),
    revision: matching(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 128, 'should be a commit, tag or branch')
      .describe(
        'Commit (or tag) of a repository of the hub. A change is a new version. Default: the newest commit when a pod downloads. Of a volume, an image or a bucket it is a name alone and pins nothing.',
      )
      .exactOptional(),
    servedNames: atomicList(
      matching(
        /^[!-+.-~][!-+--~]*$/,
        200,
        'should be printable ASCII without spaces and commas, and not begin with a dash',
      ),
      16,
      1,
    )
      .describe('What clients send as `model`. Default: the name of this object, so that a new model breaks no client.')
      .exactOptional(),
    maxModelLen: count(100_000_000)
      .describe('Longest sequence (prompt and output), in tokens. Default: the model’s own limit, or what fits.')
      .exactOptional(),
    source: source
      .describe('Where the weights come from. Default: the catalogue’s repository for this quantization.')
      .exactOptional(),
    trustRemoteCode: z
      .boolean()
      .describe('Lets the engine run Python code that comes with the weights. Needed by some models. Default: false.')
      .exactOptional(),
    architecture: architecture
      .describe('Shape of a model that is not in the catalogue. With name `custom` only.')
      .exactOptional(),
    measured: measured
      .describe(
        'Memory as an engine reported it when it started with this model on these GPUs. Wins over what the plan would compute, and is needed where it cannot compute.',
      )
      .exactOptional(),
  }),
  [
    {
      rule: "(self.name == 'custom') == has(self.architecture)",
      message: 'architecture is needed when name is custom, and allowed only then',
      holds: (self) => (self.name === 'custom') === (self.architecture !== undefined),
    },
    {
      rule: "self.name != 'custom' || (has(self.source) && (!has(self.source.huggingFace) || has(self.source.huggingFace.repository)))",
      message: 'a custom model needs a source, and huggingFace a repository: the catalogue has no default for it',
      holds: ({ name, source: from }) =>
        name !== 'custom' ||
        (from !== undefined && (from.huggingFace === undefined || from.huggingFace.repository !== undefined)),
    },
  ],
);
