import { z } from 'zod';
import { withRules } from './rules.ts';
import { atomicList, labelKey, labels, labelValue, matching, objectName, quantity } from './scalars.ts';

/** A toleration, as pods have it. */
export const toleration = withRules(
  z.object({
    key: labelKey().describe('Key of the taint. Absent (with operator Exists): every taint.').exactOptional(),
    operator: z.enum(['Exists', 'Equal']).describe('How key and value are compared. Default: Equal.').exactOptional(),
    value: labelValue().describe('Value of the taint, with operator Equal.').exactOptional(),
    effect: z
      .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
      .describe('Effect of the taint. Absent: every effect.')
      .exactOptional(),
    tolerationSeconds: z.int32().describe('How long a NoExecute taint is tolerated. Absent: for ever.').exactOptional(),
  }),
  [
    {
      rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
      message: 'a toleration without key needs operator Exists',
      holds: (self) => self.key !== undefined || self.operator === 'Exists',
    },
    {
      rule: "!has(self.value) || self.value == '' || !has(self.operator) || self.operator == 'Equal'",
      message: 'value is allowed with operator Equal only',
      holds: (self) => self.value === undefined || self.value === '' || self.operator !== 'Exists',
    },
    {
      rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
      message: 'tolerationSeconds is allowed with effect NoExecute only',
      holds: (self) => self.tolerationSeconds === undefined || self.effect === 'NoExecute',
    },
  ],
);

const parallelism = z.object({
  tensor: z
    .int32()
    .min(1)
    .max(64)
    .describe('GPUs that share each layer. Must divide the model’s heads. Default: from the plan.')
    .exactOptional(),
  pipeline: z
    .int32()
    .min(1)
    .max(64)
    .describe('Stages that the layers are split into. Default: from the plan, 1 where possible.')
    .exactOptional(),
});

const customAccelerator = z.object({
  memory: quantity().describe('Memory of one GPU, such as 48Gi.'),
  computeCapability: matching(/^[0-9]{1,2}\.[0-9]{1,2}$/, 6, 'should be a CUDA compute capability such as "8.0"')
    .describe('CUDA compute capability, such as "8.9". Absent: no CUDA.')
    .exactOptional(),
});

/** The GPUs of one replica. */
export const acceleratorSpec = withRules(
  z.object({
    type: matching(
      /^[A-Za-z0-9][A-Za-z0-9.-]*$/,
      63,
      'should be a name of the catalogue such as A100-80GB, or custom',
    ).describe(
      'A name of the catalogue: T4, A10G, L4, L40S, A100-40GB, A100-80GB, H100, H200, B200, Orin, CPU; or `custom` with `custom` below.',
    ),
    count: z
      .int32()
      .min(1)
      .max(64)
      .describe('GPUs per replica. Default: the fewest that hold the model and divide it legally.')
      .exactOptional(),
    parallelism: parallelism.describe('How the GPUs of a replica share the model.').exactOptional(),
    resourceName: matching(
      /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
      317,
      'should be an extended resource such as nvidia.com/gpu',
    )
      .describe(
        'Extended resource to ask for, such as nvidia.com/gpu or nvidia.com/mig-3g.40gb. Default: that of the accelerator.',
      )
      .exactOptional(),
    nodeSelector: labels()
      .describe('Labels that a node needs, beside those that the accelerator implies.')
      .exactOptional(),
    tolerations: atomicList(toleration, 32)
      .describe('Taints that the pods tolerate, beside those of GPU nodes.')
      .exactOptional(),
    runtimeClassName: objectName().describe('RuntimeClass of the pods. Default: none.').exactOptional(),
    custom: customAccelerator
      .describe('What the planner has to know of a GPU that is not in the catalogue. With type `custom` only.')
      .exactOptional(),
  }),
  [
    {
      rule: "(self.type == 'custom') == has(self.custom)",
      message: 'custom is needed when type is custom, and allowed only then',
      holds: (self) => (self.type === 'custom') === (self.custom !== undefined),
    },
    {
      rule: '!has(self.count) || !has(self.parallelism) || !has(self.parallelism.tensor) || !has(self.parallelism.pipeline) || self.count == self.parallelism.tensor * self.parallelism.pipeline',
      message: 'count must be parallelism.tensor x parallelism.pipeline; leave one of the three out and it is computed',
      holds: ({ count, parallelism: split }) =>
        count === undefined ||
        split?.tensor === undefined ||
        split.pipeline === undefined ||
        count === split.tensor * split.pipeline,
    },
  ],
);
