/**
 * `npm run -s image [-- COMMAND]`: builds the operator's image (`operator`, default) and prints its digest, what it weighs
 * and how long it takes to start; `--save FILE` keeps it, as `docker load` reads it. `node`: makes every image that a real
 * node of hack/cluster runs, and prints the path of a file that lists them.
 */
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { Buildah } from './buildah.ts';
import { imageCache } from './cache.ts';
import { inspectImage } from './inspect.ts';
import { nodeImages, OPERATOR_IMAGE } from './node-images.ts';
import { buildOperatorImage } from './operator-image.ts';

const controller = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const)
  process.once(name, () => controller.abort(new Error(`stopped by ${name}`)));
const options = { signal: controller.signal, onProgress: (line: string) => void process.stderr.write(`· ${line}\n`) };
const print = (line: string): void => void process.stdout.write(`${line}\n`);

const program = new Command('image').description('Container images, built with buildah and without a registry');
program
  .command('operator', { isDefault: true })
  .description('build the image of the operator')
  .option('--save <file>', 'write it as an archive that docker, podman and ctr load')
  .action(async ({ save }: { readonly save?: string }) => {
    await using buildah = await Buildah.open();
    await buildOperatorImage(buildah, OPERATOR_IMAGE, options);
    const { digest, bytes, startMs } = await inspectImage(buildah, OPERATOR_IMAGE, options.signal);
    print(`${OPERATOR_IMAGE}@${digest}`);
    print(`${(bytes / 1e6).toFixed(1)} MB unpacked; --version answers after ${Math.round(startMs)} ms`);
    if (save !== undefined) {
      const file = resolve(process.env['INIT_CWD'] ?? '.', save);
      await buildah.save(OPERATOR_IMAGE, file, OPERATOR_IMAGE, options.signal);
      print(file);
    }
  });
program
  .command('node')
  .description('make the images of a real node (npm run -s cluster -- up --profile real)')
  .action(async () => {
    const list = join(imageCache(process.env), 'node-images.json');
    await writeFile(list, JSON.stringify(await nodeImages(options), null, 2));
    print(list);
  });
await program.parseAsync();
