const BLOCK = 512;

export interface TarInput {
  /** Relative; folders end with `/`. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array;
}

/** A ustar archive (POSIX.1-2017 pax, "ustar Interchange Format") owned by root; long paths as GNU tar writes them. */
export function writeTar(entries: readonly TarInput[], mtime: number): Uint8Array {
  const blocks = entries.flatMap(({ path, mode, content }) => {
    const type = path.endsWith('/') ? '5' : '0';
    return [
      ...longName(path, mtime),
      header(path, mode, content.length, mtime, type),
      content,
      padding(content.length),
    ];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

function longName(path: string, mtime: number): Uint8Array[] {
  const bytes = Buffer.from(`${path}\0`);
  if (bytes.length <= 100) return [];
  return [header('././@LongLink', 0o644, bytes.length, mtime, 'L'), bytes, padding(bytes.length)];
}

function header(path: string, mode: number, size: number, mtime: number, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(path, 0, 100);
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(mtime, 136, 11);
  block.write(' '.repeat(8), 148, 'latin1');
  block.write(type, 156, 'latin1');
  block.write('ustar  \0', 257, 'latin1');
  block.write('root', 265, 'latin1');
  block.write('root', 297, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  block.write('\0', 154, 'latin1');
  return block;
}

function padding(size: number): Uint8Array {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}
