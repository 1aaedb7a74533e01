/** A krew plugin manifest: https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/ */
export interface KrewManifest {
  readonly apiVersion: 'krew.googlecontainertools.github.com/v1alpha2';
  readonly kind: 'Plugin';
  readonly metadata: { readonly name: string };
  readonly spec: {
    /** `v` and a semantic version. */
    readonly version: string;
    readonly homepage: string;
    /** At most 50 characters, so that it fits into `kubectl krew search`. */
    readonly shortDescription: string;
    readonly description: string;
    readonly caveats?: string;
    readonly platforms: readonly {
      readonly selector: object;
      readonly uri: string;
      /** Of the archive, in hexadecimal digits. */
      readonly sha256: string;
      readonly files: readonly { readonly from: string; readonly to: string }[];
      /** The program, relative to where the files are copied to. */
      readonly bin: string;
    }[];
  };
}

export interface ManifestOptions {
  readonly version: string;
  /** Folder of the release, where the archive lies. */
  readonly baseUrl: string;
  readonly homepage: string;
  readonly archive: string;
  readonly sha256: string;
}

/** The manifest of one release. The plugin is one file for Node.js: one archive serves every system that has a shell's `#!` line. */
export function krewManifest({ version, baseUrl, homepage, archive, sha256 }: ManifestOptions): KrewManifest {
  return {
    apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
    kind: 'Plugin',
    metadata: { name: 'deepseek' },
    spec: {
      version: `v${version}`,
      homepage,
      shortDescription: 'Plan, watch and steer DeepSeek models',
      description:
        'Plans whether a DeepSeek model fits on which GPUs, without a cluster; shows what serves, what comes next and what it\n' +
        'waits for; promotes, aborts and rolls back; checks the cluster (doctor) and gathers what support needs (bundle).\n',
      caveats: 'Needs Node.js 24 or later as `node` on the PATH.\n',
      platforms: [
        {
          selector: { matchExpressions: [{ key: 'os', operator: 'In', values: ['darwin', 'linux'] }] },
          uri: `${baseUrl.replace(/\/$/, '')}/${archive}`,
          sha256,
          files: [
            { from: 'kubectl-deepseek.mjs', to: '.' },
            { from: 'LICENSE', to: '.' },
            { from: 'third-party-licenses.txt', to: '.' },
          ],
          bin: 'kubectl-deepseek.mjs',
        },
      ],
    },
  };
}

/** What krew would refuse in a manifest (krew internal/index/validation/validate.go), one line each. */
export function krewProblems({ metadata, spec }: KrewManifest): string[] {
  const problems: string[] = [];
  const require = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  require(/^[\w-]+$/.test(metadata.name) && !metadata.name.startsWith('kubectl-'), 'metadata.name');
  require(/^v\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(spec.version), 'spec.version is no semantic version with v');
  require(spec.shortDescription !== '' &&
    spec.shortDescription.length <= 50 &&
    !/\n/.test(spec.shortDescription), 'spec.shortDescription');
  require(spec.description.trim() !== '', 'spec.description');
  require(URL.canParse(spec.homepage), 'spec.homepage');
  require(spec.platforms.length > 0, 'spec.platforms');
  for (const [index, { uri, sha256, files, bin }] of spec.platforms.entries()) {
    const at = `spec.platforms[${index}]`;
    require(URL.canParse(uri) && /\.(tar\.gz|zip)$/.test(uri), `${at}.uri`);
    require(/^[0-9a-f]{64}$/.test(sha256), `${at}.sha256`);
    require(files.length > 0 && files.every(({ from, to }) => from !== '' && to !== ''), `${at}.files`);
    require(bin !== '' && !bin.startsWith('/') && !bin.includes('..'), `${at}.bin`);
  }
  return problems;
}
