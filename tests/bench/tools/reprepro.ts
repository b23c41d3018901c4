import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Corpus, CorpusFile } from '../corpus/corpus.ts';
import { runTool } from '../run-tool.ts';

const IGNORED = ['wrongdistribution', 'wrongversion', 'undefinedtarget', 'unknownfield'];

/** `chacra`: the distributions file that chacra writes in production. `plain`: what a leaner one costs. */
export type RepreproSetup = 'chacra' | 'plain';

const SETUPS: Record<RepreproSetup, readonly string[]> = {
  chacra: [
    'DebIndices: Packages Release . .gz .bz2',
    'DscIndices: Sources Release .gz .bz2',
    'Contents: .gz .bz2',
    'Architectures: amd64 arm64 armhf i386 source',
  ],
  plain: ['Architectures: amd64'],
};

/** A reprepro repository in an empty folder, fed as chacra feeds it: one process for each package. */
export class Reprepro {
  readonly #folder: string;

  constructor(folder: string, setup: RepreproSetup) {
    this.#folder = folder;
    mkdirSync(join(folder, 'conf'), { recursive: true });
    const head = ['Codename: bookworm', 'Suite: stable', 'Components: main'];
    const about = ['Origin: bench', 'Description: bench'];
    const lines = [...head, ...SETUPS[setup], ...about];
    writeFileSync(join(folder, 'conf', 'distributions'), `${lines.join('\n')}\n`);
  }

  async include(file: CorpusFile): Promise<void> {
    const places = ['--confdir', join(this.#folder, 'conf'), '-b', join(this.#folder, 'repo')];
    const ignored = IGNORED.map((what) => `--ignore=${what}`);
    const args = [...places, '-C', 'main', ...ignored, 'includedeb', 'bookworm', file.path];
    await runTool('reprepro', args);
  }

  async includeAll(corpus: Corpus): Promise<void> {
    for (const file of corpus.files) await this.include(file);
  }

  /** All files by one process: how the repository is filled where only what follows is measured. */
  async includeAtOnce(corpus: Corpus): Promise<void> {
    const places = ['--confdir', join(this.#folder, 'conf'), '-b', join(this.#folder, 'repo')];
    const paths = corpus.files.map(({ path }) => path);
    await runTool('reprepro', [...places, '-C', 'main', 'includedeb', 'bookworm', ...paths]);
  }
}
