/** A file of an archive. */
export interface ArchiveFile {
  /** With `/` between its folders; at most 255 bytes, the last part at most 100. */
  readonly path: string;
  readonly content: string;
}

const BLOCK = 512;
const MAX_NAME = 100;

/** A tar archive of regular files (POSIX ustar), in their order, all of one time, seconds since the epoch. */
export function tar(files: readonly ArchiveFile[], time: number): Buffer {
  const blocks = files.flatMap(({ path, content }) => {
    const body = Buffer.from(content, 'utf8');
    return [header(path, body.length, time), body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/** Offsets and lengths are those of POSIX.1-2017, pax, "ustar Interchange Format". */
function header(path: string, size: number, time: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, prefix } = split(path);
  const octal = (value: number, at: number, length: number) =>
    block.write(value.toString(8).padStart(length - 1, '0'), at, 'ascii');
  block.write(name, 0, 'utf8');
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(time, 136, 12);
  block.fill(' ', 148, 156);
  block.write('0', 156, 'ascii');
  block.write('ustar\u000000', 257, 'ascii');
  block.write(prefix, 345, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}

function split(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= MAX_NAME) return { name: path, prefix: '' };
  const slash = path.lastIndexOf('/');
  const [prefix, name] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
  if (Buffer.byteLength(name) > MAX_NAME || Buffer.byteLength(prefix) > 155)
    throw new RangeError(`too long for a tar: ${path}`);
  return { name, prefix };
}
