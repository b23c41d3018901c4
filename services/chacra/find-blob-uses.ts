import type { PublishedPackage } from '../domain/generation.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import type { Binary } from '../domain/repo.ts';
import { keptGenerations } from './kept-generations.ts';
import { Pauses } from './pauses.ts';
import type { Pause } from './pauses.ts';
import type { GenerationStore, RepoStore } from './ports.ts';

/** A binary whose bytes are asked for. */
export interface BinaryUse {
  readonly identity: RepoIdentity;
  readonly binary: Binary;
}

/** A place of the bytes in a kept generation: the same bytes may stand there under several paths. */
export interface PublishedUse {
  readonly identity: RepoIdentity;
  readonly number: number;
  /** Served now, and not only to those who read on in an older state. */
  readonly isLive: boolean;
  readonly file: PublishedPackage;
}

/** Everything that names some bytes. */
export interface BlobUses {
  readonly binaries: readonly BinaryUse[];
  readonly published: readonly PublishedUse[];
}

/** Who needs these bytes: the binaries that are them, and every kept generation that names them. */
export async function findBlobUses(
  {
    repos,
    generations,
    pause,
  }: {
    readonly repos: RepoStore;
    readonly generations: GenerationStore;
    readonly pause: Pause;
  },
  sha256s: ReadonlySet<string>,
): Promise<BlobUses> {
  const binaries: BinaryUse[] = [];
  const published: PublishedUse[] = [];
  const pauses = new Pauses(pause);
  for (const repo of [...repos.all()]) {
    const { identity } = repo;
    for (const binary of repo.binaries.values()) {
      if (binary.blob !== null && sha256s.has(binary.blob.sha256))
        binaries.push({ identity, binary });
    }
    // Whatever its binaries are: what was replaced or picked elsewhere is named by generations only.
    for (const number of keptGenerations(repo)) {
      const isLive = number === repo.head.live?.files;
      for (const file of await generations.packagesOf(identity, number, sha256s))
        published.push({ identity, number, isLive, file });
    }
    await pauses.after(repo.binaries.size);
  }
  return { binaries, published };
}
