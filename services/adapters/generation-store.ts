import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { GenerationStore } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { syncFolder } from '../platform/durable-file.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { ByteCache } from '../platform/byte-cache.ts';
import { GenerationFiles, namesIn } from './generation-files.ts';
import { GenerationManifests } from './generation-manifests.ts';
import { isRepoDigest, repoDigest } from './repo-digest.ts';
import { SerialByKey } from './serial-by-key.ts';

const MIB = 1024 * 1024;

/** Published generations on disk: per repo a folder of manifests, and one of the index files they share. */
export class DiskGenerationStore implements GenerationStore {
  readonly #folder: string;
  readonly #files: GenerationFiles;
  /** One writer per repo, so that nothing is removed that a generation being written relies on. */
  readonly #serial = new SerialByKey();
  /** By sha256 alone: equal bytes are equal in whatever repo. */
  readonly #bytes: ByteCache<Uint8Array>;
  /** Folders that this process has made and not removed. */
  readonly #made = new Set<string>();
  readonly #loading = new Map<string, Promise<Uint8Array | null>>();
  readonly #manifests: GenerationManifests;

  constructor(options: {
    /** The folder of this service's data; the store makes `published` in it. */
    readonly root: string;
    /** How much memory index files may take. */
    readonly cacheBytes?: number;
    /** How much memory manifests may take, counted as their JSON. */
    readonly manifestBytes?: number;
    readonly files?: FileWriter;
  }) {
    const writer = options.files ?? directWriter;
    this.#files = new GenerationFiles(writer);
    this.#folder = join(options.root, 'published');
    this.#bytes = new ByteCache(options.cacheBytes ?? 32 * MIB);
    const cacheBytes = options.manifestBytes ?? 8 * MIB;
    this.#manifests = new GenerationManifests({ writer, cacheBytes });
  }

  write(
    identity: RepoIdentity,
    generation: Generation,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<void> {
    const folder = this.#folderOf(identity);
    return new Promise((resolve, reject) => {
      const writing = this.#serial.run(folder, async () => {
        const isMade = this.#made.has(folder);
        const manifest = this.#manifests.write(folder, generation, isMade ? null : filesIn(folder));
        // Behind the switch, which waits for the manifest alone: until then they are in memory, and
        // they follow from it.
        const switched = manifest.then(() => setImmediate());
        // Its failure is the manifest's; without files nobody else would meet it.
        switched.catch(() => undefined);
        const derivable = generation.files.filter(({ text }) => text === undefined);
        const putting = derivable.map((file) =>
          this.#put(folder, file, files.get(file.path), switched),
        );
        const written = Promise.allSettled(putting);
        try {
          await manifest;
          this.#made.add(folder);
          resolve();
        } catch (cause) {
          // Somebody may have removed it.
          this.#made.delete(folder);
          throw cause;
        } finally {
          await written;
        }
      });
      writing.catch(reject);
    });
  }

  async read(identity: RepoIdentity, number: number): Promise<Generation> {
    const folder = this.#folderOf(identity);
    const known = this.#manifests.known(folder, number);
    if (known !== undefined) return known;
    const read = await this.#serial.run(folder, () => this.#manifests.read(folder, number));
    if (read !== null) return read;
    const what = `generation ${number} of ${repoPath(identity)}`;
    throw new GitbuilderError('NOT_FOUND', { what });
  }

  async packagesOf(
    identity: RepoIdentity,
    number: number,
    sha256s: ReadonlySet<string>,
  ): Promise<readonly PublishedPackage[]> {
    const folder = this.#folderOf(identity);
    // Most name none of them: to search the text is quicker than to parse and check it.
    const isWanted = (text: string) => hasAny(text, sha256s);
    const generation =
      this.#manifests.known(folder, number) ??
      (await this.#serial.run(folder, () => this.#manifests.read(folder, number, isWanted)));
    return generation?.packages.filter(({ sha256 }) => sha256s.has(sha256)) ?? [];
  }

  async bytes(identity: RepoIdentity, file: IndexFile): Promise<Uint8Array | null> {
    const cached = this.#bytes.get(file.sha256);
    if (cached !== undefined) return cached;
    if (file.text !== undefined) return this.#remember(file.sha256, Buffer.from(file.text));
    const folder = filesIn(this.#folderOf(identity));
    const path = join(folder, file.sha256);
    // Many clients ask for a new file at once: it is read once.
    const known = this.#loading.get(path);
    if (known !== undefined) return known;
    const loading = this.#load(folder, file.sha256).finally(() => this.#loading.delete(path));
    this.#loading.set(path, loading);
    return loading;
  }

  async isWhole(identity: RepoIdentity, file: IndexFile): Promise<boolean> {
    if (file.text !== undefined) return true;
    const isWhole = await this.#files.isWhole(filesIn(this.#folderOf(identity)), file.sha256);
    // What is in memory would be served, and never written again.
    if (!isWhole) this.#bytes.delete(file.sha256);
    return isWhole;
  }

  async restore(identity: RepoIdentity, file: IndexFile, bytes: Uint8Array): Promise<void> {
    if (file.text === undefined) await this.#put(this.#folderOf(identity), file, bytes);
  }

  remove(identity: RepoIdentity, number: number): Promise<void> {
    return this.#removeWhere(identity, (other) => other === number);
  }

  removeUpTo(identity: RepoIdentity, number: number): Promise<void> {
    return this.#removeWhere(identity, (other) => other <= number);
  }

  async removeAllBut(identities: Iterable<RepoIdentity>): Promise<void> {
    const known = new Set<string>();
    for (const identity of identities) known.add(repoDigest(identity));
    for (const name of await namesIn(this.#folder)) {
      if (isRepoDigest(name) && !known.has(name))
        await rm(join(this.#folder, name), { recursive: true, force: true });
    }
  }

  settled(): Promise<void> {
    return this.#serial.settled();
  }

  #removeWhere(identity: RepoIdentity, isOver: (number: number) => boolean): Promise<void> {
    const folder = this.#folderOf(identity);
    return this.#serial.run(folder, async () => {
      const numbers = await this.#manifests.numbers(folder);
      const over = numbers.filter(isOver);
      // With no manifest at all a removal may have broken off after them: then it goes on.
      if (over.length === 0 && numbers.length > 0) return;
      for (const number of over) await this.#manifests.remove(folder, number);
      // Manifests before their files: no crash leaves a manifest without what it names.
      if (over.length > 0) await syncFolder(folder);
      const needed = new Set<string>();
      for (const number of numbers) {
        if (isOver(number)) continue;
        for (const sha256 of await this.#manifests.filesNamedBy(folder, number)) needed.add(sha256);
      }
      await this.#files.removeOthers(filesIn(folder), needed);
      if (over.length < numbers.length) return;
      this.#made.delete(folder);
      await rm(folder, { recursive: true, force: true });
    });
  }

  async #put(
    folder: string,
    file: IndexFile,
    bytes: Uint8Array | undefined,
    after: Promise<unknown> = Promise.resolve(),
  ): Promise<void> {
    // One that is not handed in is derived when somebody asks for it.
    if (bytes === undefined) return;
    const own = this.#remember(file.sha256, bytes);
    await this.#files.write(filesIn(folder), file.sha256, own, after);
  }

  async #load(folder: string, sha256: string): Promise<Uint8Array | null> {
    const bytes = await this.#files.read(folder, sha256);
    return bytes === null ? null : this.#remember(sha256, bytes);
  }

  #remember(sha256: string, bytes: Uint8Array): Uint8Array {
    // A view of a larger buffer would keep all of that in memory.
    const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
    this.#bytes.set(sha256, own, own.byteLength);
    return own;
  }

  #folderOf(identity: RepoIdentity): string {
    return join(this.#folder, repoDigest(identity));
  }
}

function hasAny(text: string, sha256s: ReadonlySet<string>): boolean {
  for (const sha256 of sha256s) if (text.includes(sha256)) return true;
  return false;
}

function filesIn(folder: string): string {
  return join(folder, 'files');
}
