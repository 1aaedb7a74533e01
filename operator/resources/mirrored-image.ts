const DOCKER_HUB = 'docker.io';

/**
 * Where an image is in a cluster with mirrors: of its registry, or of a part of it, the longest that fits. `vllm/vllm-openai:v1`
 * is `docker.io/vllm/vllm-openai:v1`, as container runtimes read it. Without a mirror it is as it was.
 */
export function mirroredImage(image: string, mirrors: Readonly<Record<string, string>>): string {
  const full = withRegistry(image);
  const [name = full] = full.split(/[:@](?=[^/]*$)/, 1);
  const fitting = Object.keys(mirrors).filter((prefix) => `${name}/`.startsWith(`${prefix}/`));
  const longest = fitting.reduce<string | undefined>(
    (a, b) => (a !== undefined && a.length >= b.length ? a : b),
    undefined,
  );
  const mirror = longest === undefined ? undefined : mirrors[longest];
  return longest === undefined || mirror === undefined ? image : `${mirror}${full.slice(longest.length)}`;
}

/** The first part names a registry if it could be a host (distribution/reference, "familiar names"). */
function withRegistry(image: string): string {
  const [first = '', ...rest] = image.split('/');
  if (rest.length === 0) return `${DOCKER_HUB}/library/${image}`;
  if (first === 'index.docker.io') return [DOCKER_HUB, ...rest].join('/');
  return /[.:]/.test(first) || first === 'localhost' ? image : `${DOCKER_HUB}/${image}`;
}
