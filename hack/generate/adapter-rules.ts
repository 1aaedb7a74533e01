import { stringify } from 'yaml';
import { adapterConfig } from '../../operator/autoscaling/index.ts';
import { GENERATED, type GeneratedFile } from './file.ts';

const render = (words: readonly string[], content: object): string =>
  `${[GENERATED, ...words].map((line) => `# ${line}`).join('\n')}\n${stringify(content, { lineWidth: 0, aliasDuplicateObjects: false })}`;

/** The rules as prometheus-adapter's own configuration file, and as values of its Helm chart. */
export const adapterRules: readonly GeneratedFile[] = [
  {
    path: 'manifests/prometheus-adapter/config.yaml',
    render: () =>
      render(
        ['The configuration of a prometheus-adapter of its own. A cluster that has one adds these lists to it.'],
        adapterConfig(),
      ),
  },
  {
    path: 'manifests/prometheus-adapter/values.yaml',
    render: () => {
      const { rules, externalRules } = adapterConfig();
      return render(
        [
          'Values for the Helm chart prometheus-community/prometheus-adapter: helm upgrade --install ... --values values.yaml',
        ],
        { rules: { custom: rules, external: externalRules } },
      );
    },
  },
];
