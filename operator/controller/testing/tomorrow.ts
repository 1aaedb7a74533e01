import { canonical, CANONICAL_FORMS } from '../../rollout/canonical.ts';
import type { DecideOptions } from '../decide/judgement.ts';
import { MAKING } from '../decide/desired.ts';

/**
 * The next version of the operator: another hash, a new field of the spec with a default, another default for one that
 * there is, another pod template, and a catalogue that refuses every model.
 */
export const TOMORROW: DecideOptions = {
  observeOnly: false,
  making: {
    forms: {
      current: 2,
      projections: {
        ...CANONICAL_FORMS.projections,
        2: (spec) => {
          const { engine, model } = spec;
          const servedNames = model.servedNames ?? ['default'];
          return canonical({ ...spec, model: { ...model, servedNames }, engine: { ...engine, speculation: 'Auto' } });
        },
      },
    },
    plan: () => ({
      accepted: false,
      reason: 'InsufficientGPUMemory',
      message: 'This catalogue knows better: nothing fits.',
      alternatives: [],
    }),
    render: (deployment, hash, plan, defaults) => {
      const template = MAKING.render(deployment, hash, plan, defaults);
      const annotations = { ...template.metadata?.annotations, 'tomorrow.example.com/rendered': 'yes' };
      return { ...template, metadata: { ...template.metadata, annotations } };
    },
  },
};

/** The same with a catalogue that still accepts what this one accepts. */
export const TOMORROW_ACCEPTING: DecideOptions = {
  observeOnly: false,
  making: { ...(TOMORROW.making ?? MAKING), plan: MAKING.plan },
};
