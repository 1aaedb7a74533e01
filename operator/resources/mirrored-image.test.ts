import { expect, it } from '@jest/globals';
import { mirroredImage } from './mirrored-image.ts';

const MIRRORS = {
  'docker.io': 'registry.example/mirror',
  'ghcr.io': 'registry.example:5000/ghcr',
  'ghcr.io/ggml-org': 'registry.example/ggml',
  'nvcr.io': 'nvcr.registry.example',
};

it.each([
  ['vllm/vllm-openai:v0.32.0', 'registry.example/mirror/vllm/vllm-openai:v0.32.0'],
  ['docker.io/lmsysorg/sglang:v1', 'registry.example/mirror/lmsysorg/sglang:v1'],
  ['index.docker.io/lmsysorg/sglang:v1', 'registry.example/mirror/lmsysorg/sglang:v1'],
  ['busybox', 'registry.example/mirror/library/busybox'],
  ['busybox:1.37', 'registry.example/mirror/library/busybox:1.37'],
  ['ghcr.io/ggml-org/llama.cpp:server', 'registry.example/ggml/llama.cpp:server'],
  ['ghcr.io/ggml/llama.cpp:server', 'registry.example:5000/ghcr/ggml/llama.cpp:server'],
  ['nvcr.io/nvidia/tensorrt-llm/release:1.3', 'nvcr.registry.example/nvidia/tensorrt-llm/release:1.3'],
  ['nvcr.io/nvidia/x@sha256:0123', 'nvcr.registry.example/nvidia/x@sha256:0123'],
  ['quay.io/team/engine:1', 'quay.io/team/engine:1'],
  ['nvcr.io.example/team/engine:1', 'nvcr.io.example/team/engine:1'],
  ['localhost/engine:1', 'localhost/engine:1'],
  ['registry:5000/vllm/vllm-openai:1', 'registry:5000/vllm/vllm-openai:1'],
])('%s is %s', (image, expected) => {
  expect(mirroredImage(image, MIRRORS)).toBe(expected);
});

it('can name one repository, whatever its tag', () => {
  const one = { 'docker.io/vllm/vllm-openai': 'registry.example/vllm' };
  expect(mirroredImage('vllm/vllm-openai:v1', one)).toBe('registry.example/vllm:v1');
  expect(mirroredImage('vllm/vllm-openai-cpu:v1', one)).toBe('vllm/vllm-openai-cpu:v1');
});
