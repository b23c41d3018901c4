import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeTar } from './tar-writer.ts';
import type { TarInput } from './tar-writer.ts';

export interface DebFile {
  /** Absolute, or relative to the root. */
  readonly path: string;
  readonly mode: number;
  readonly content: Uint8Array | string;
}

export interface DebInput {
  /** In the order given; a value's further lines begin with a blank. */
  readonly control: Readonly<Record<string, string>>;
  readonly files: readonly DebFile[];
  /** By name: postinst, prerm, … */
  readonly scripts?: Readonly<Record<string, string>>;
  readonly compression: 'gz' | 'none';
  /** Epoch seconds of everything inside: the same input gives the same bytes. */
  readonly mtime: number;
}

/** A real binary package (deb(5)), small and made in memory: the demo and the tests need many of them. */
export function writeDeb({
  control,
  files,
  scripts = {},
  compression,
  mtime,
}: DebInput): Uint8Array {
  const stored = files.map(({ path, mode, content }) => {
    return { path: `./${path.replace(/^\/+/, '')}`, mode, content: Buffer.from(content) };
  });
  const text = Object.entries(control).map(([name, value]) => `${name}: ${value}\n`);
  const md5sums = stored.map(({ path, content }) => `${md5(content)}  ${path.slice(2)}\n`);
  const metadata: TarInput[] = [
    folder('./'),
    { path: './control', mode: 0o644, content: Buffer.from(text.join('')) },
    { path: './md5sums', mode: 0o644, content: Buffer.from(md5sums.join('')) },
    ...Object.entries(scripts).map(([name, script]) => {
      return { path: `./${name}`, mode: 0o755, content: Buffer.from(script) };
    }),
  ];
  const folders = [...new Set(['./', ...stored.flatMap(({ path }) => foldersOf(path))])].map(
    folder,
  );
  const packed = (entries: readonly TarInput[]): Uint8Array => {
    const tar = writeTar(entries, mtime);
    return compression === 'gz' ? gzipSync(tar) : tar;
  };
  const extension = compression === 'gz' ? '.gz' : '';
  return writeAr(
    [
      ['debian-binary', Buffer.from('2.0\n')],
      [`control.tar${extension}`, packed(metadata)],
      [`data.tar${extension}`, packed([...folders, ...stored])],
    ],
    mtime,
  );
}

/** An ar archive (ar(5)) of members with short names. */
export function writeAr(
  members: readonly (readonly [string, Uint8Array])[],
  mtime: number,
): Uint8Array {
  const parts = members.flatMap(([name, content]) => [
    Buffer.from(
      `${name.padEnd(16)}${String(mtime).padEnd(12)}0     0     100644  ${String(content.length).padEnd(10)}\`\n`,
    ),
    content,
    Buffer.from(content.length % 2 === 1 ? '\n' : ''),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

function md5(content: Uint8Array): string {
  return createHash('md5').update(content).digest('hex');
}

function folder(path: string): TarInput {
  return { path, mode: 0o755, content: Buffer.alloc(0) };
}

/** `./a/b/c` -> `./a/`, `./a/b/`: dpkg wants a folder before what is in it. */
function foldersOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.slice(1).map((_, index) => `${parts.slice(0, index + 2).join('/')}/`);
}
