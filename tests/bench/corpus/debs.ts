import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeDeb } from '../../../services/formats/deb-writer.ts';
import { runTool } from '../run-tool.ts';
import { corpusOf } from './corpus.ts';
import type { Corpus } from './corpus.ts';

const QUICK_LARGEST = 13_000_000;
const GENERATED_SIZES = [120, 80, 60, 50, 40, 30, 25, 20, 15, 12, 10, 8, 6, 5, 4, 4, 3, 3, 2, 2];

export interface DebCorpusOptions {
  readonly cache: string;
  readonly quick: boolean;
  /** Packages above this are left out, so that a run takes minutes and not an hour. */
  readonly largest: number;
  readonly say: (sentence: string) => void;
}

/** The binary packages of Debian's ceph, or generated ones where apt cannot get them. */
export async function cephDebs({ cache, quick, largest, say }: DebCorpusOptions): Promise<Corpus> {
  const limit = quick ? QUICK_LARGEST : largest;
  const folder = join(cache, `debs-${limit}`);
  const what = quick ? 'the small binary packages of ceph' : 'binary packages of ceph';
  if (existsSync(folder)) return corpusOf(folder, '.deb', what);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const names = await cephPackages(limit).catch(() => []);
  if (names.length >= 30) {
    say(`downloading ${names.length} packages of ceph with apt-get`);
    const options = ['-q', '-o', 'APT::Sandbox::User=root'];
    await runTool('apt-get', [...options, 'download', ...names], { cwd: partial });
  } else {
    say('apt-get offers no ceph: generating packages of its sizes instead');
    generate(partial, limit);
  }
  renameSync(partial, folder);
  return corpusOf(folder, '.deb', what);
}

/** The newest of each package that apt knows to come from ceph's source, up to a size. */
async function cephPackages(limit: number): Promise<string[]> {
  const known = (await runTool('apt-cache', ['dumpavail'])).split('\n\n');
  const sizes = new Map<string, number>();
  for (const paragraph of known) {
    const field = (name: string) => new RegExp(`^${name}: (\\S+)`, 'm').exec(paragraph)?.[1];
    const name = field('Package') ?? '';
    if ((field('Source') ?? name) === 'ceph') sizes.set(name, Number(field('Size')));
  }
  return [...sizes].filter(([, size]) => size <= limit).map(([name]) => name);
}

/** Packages that compress to about half, as binaries do. */
function generate(folder: string, limit: number): void {
  for (let index = 0; index < 60; index += 1) {
    const megabytes = GENERATED_SIZES[index] ?? 0.05;
    const bytes = Math.min(megabytes * 1e6, limit);
    const name = `generated-${index}`;
    const deb = writeDeb({
      control: control(name, '1.0-1'),
      files: [
        { path: `/usr/lib/${name}`, mode: 0o644, content: randomBytes(bytes).toString('hex') },
      ],
      compression: 'gz',
      mtime: 1_700_000_000,
    });
    writeFileSync(join(folder, `${name}_1.0-1_amd64.deb`), deb);
  }
}

/** Small packages with control files of ordinary length, for rows where the number counts. */
export function smallDebs(cache: string, count: number): Corpus {
  const folder = join(cache, `small-debs-${count}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    for (let index = 0; index < count; index += 1) {
      const name = `small-${String(index).padStart(5, '0')}`;
      writeFileSync(join(partial, `${name}_1.0-1_amd64.deb`), smallDeb(name, '1.0-1', 20_000));
    }
    renameSync(partial, folder);
  }
  return corpusOf(folder, '.deb', `${count} generated packages`);
}

/** One package whose bytes nobody else has, of about the given size. */
export function smallDeb(name: string, version: string, bytes: number): Uint8Array {
  return writeDeb({
    control: control(name, version),
    files: [{ path: `/usr/share/${name}/data`, mode: 0o644, content: randomBytes(bytes) }],
    compression: 'none',
    mtime: 1_700_000_000,
  });
}

function control(name: string, version: string): Record<string, string> {
  const depends = ['libc6 (>= 2.34)', 'libstdc++6 (>= 11)', 'libboost-thread1.74.0', 'zlib1g'];
  const sentence = ' It stands here so that the entry has the length that entries have.\n';
  return {
    Package: name,
    Version: version,
    Architecture: 'amd64',
    Maintainer: 'Bench <bench@example.org>',
    'Installed-Size': '1234',
    Depends: depends.join(', '),
    Section: 'admin',
    Priority: 'optional',
    Homepage: 'https://example.org/',
    Description: `package ${name}\n${sentence.repeat(8)}`.trimEnd(),
  };
}
