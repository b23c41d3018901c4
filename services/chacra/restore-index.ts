import type { PackageHeader } from '../domain/package-header.ts';
import type { Repo } from '../domain/repo.ts';
import type { KeptIndex } from '../domain/export-tree.ts';
import type { BlobStore, GenerationStore, Log } from './ports.ts';
import type { RenderRepo } from './rendering.ts';

export type RestoreIndex = (repo: Repo, index: KeptIndex) => Promise<Uint8Array>;

/**
 * Gives the bytes of an index file. They are not fsynced when a generation is made, so after a power
 * loss they may be gone or wrong: then they are derived again from the generation's document.
 */
export function indexRestorer(collaborators: {
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly render: RenderRepo;
  readonly log: Log;
}): RestoreIndex {
  const { blobs, generations, render, log } = collaborators;
  return async (repo, { file, generation: number }) => {
    const stored = await generations.bytes(repo.identity, file);
    if (stored !== null) return stored;
    log.warn({ path: file.path, generation: number }, 'index file lost; derived again');
    const generation = await generations.read(repo.identity, number);
    const headers = new Map<string, PackageHeader>();
    for (const { path, sha256, size } of generation.packages) {
      const header = await blobs.header({ sha256, size }, path);
      if (header !== null) headers.set(sha256, header);
    }
    const rendered = await render(generation, (sha256) => headers.get(sha256));
    for (const made of rendered.files) {
      const bytes = rendered.bytes.get(made.path);
      const wanted = generation.files.find(({ path }) => path === made.path);
      if (bytes === undefined || wanted?.sha256 !== made.sha256) continue;
      await generations.restore(repo.identity, made, bytes).catch((cause: unknown) => {
        // As on a full disk: who asks gets it all the same.
        log.warn({ path: made.path, err: cause }, 'a derived index file cannot be kept');
      });
      if (made.path === file.path) return bytes;
    }
    throw new Error(`${file.path} of generation ${number} cannot be derived again`);
  };
}
