export interface CpioInput {
  readonly path: string;
  /** With the bits of its type. */
  readonly mode: number;
  readonly content: Uint8Array;
}

/** An archive in the "new ASCII" form of cpio(5), owned by root. */
export function writeCpio(inputs: readonly CpioInput[], mtime: number): Uint8Array {
  const members = inputs.map((input, index) => member(input, index + 1, mtime));
  return Buffer.concat([
    ...members,
    member({ path: 'TRAILER!!!', mode: 0, content: NOTHING }, 0, 0),
  ]);
}

const NOTHING = Buffer.alloc(0);

function member({ path, mode, content }: CpioInput, inode: number, mtime: number): Buffer {
  const name = Buffer.from(`${path}\0`);
  const fields = [inode, mode, 0, 0, 1, mtime, content.length, 0, 0, 0, 0, name.length, 0];
  const head = Buffer.concat([
    Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`),
    name,
  ]);
  return Buffer.concat([head, padding(head.length), content, padding(content.length)]);
}

function padding(length: number): Buffer {
  return Buffer.alloc((4 - (length % 4)) % 4);
}
