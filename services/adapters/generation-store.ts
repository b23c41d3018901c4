import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { GenerationStore } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Generation, IndexFile, PublishedPackage } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import type { RepoIdentity } from '../domain/identity.ts';
import { isMissing, makeFolder, syncFolder } from '../platform/durable-file.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { ByteCache } from '../platform/byte-cache.ts';
import { GenerationFiles, namesIn } from './generation-files.ts';
import { parseManifest } from './generation-manifest.ts';
import { readOrDamaged } from './read-or-damaged.ts';
import { isRepoDigest, repoDigest } from './repo-digest.ts';
import { SerialByKey } from './serial-by-key.ts';

const MIB = 1024 * 1024;
const BYTES_PER_NAME = 128;

/** Published generations on disk: per repo a folder of manifests, and one of the index files they share. */
export class DiskGenerationStore implements GenerationStore {
  readonly #folder: string;
  readonly #writer: FileWriter;
  readonly #files: GenerationFiles;
  /** One writer per repo, so that nothing is removed that a generation being written relies on. */
  readonly #serial = new SerialByKey();
  /** By sha256 alone: equal bytes are equal in whatever repo. */
  readonly #bytes: ByteCache<Uint8Array>;
  /** Folders that this process has made and not removed. */
  readonly #made = new Set<string>();
  readonly #loading = new Map<string, Promise<Uint8Array | null>>();
  readonly #manifests: ByteCache<Generation>;
  /** The index files that each manifest names. */
  readonly #named: ByteCache<readonly string[]>;

  constructor(options: {
    /** The folder of this service's data; the store makes `published` in it. */
    readonly root: string;
    /** How much memory index files may take. */
    readonly cacheBytes?: number;
    /** How much memory manifests may take, counted as their JSON. */
    readonly manifestBytes?: number;
    readonly files?: FileWriter;
  }) {
    this.#writer = options.files ?? directWriter;
    this.#files = new GenerationFiles(this.#writer);
    this.#folder = join(options.root, 'published');
    this.#bytes = new ByteCache(options.cacheBytes ?? 32 * MIB);
    this.#manifests = new ByteCache(options.manifestBytes ?? 8 * MIB);
    this.#named = new ByteCache(8 * MIB);
  }

  write(
    identity: RepoIdentity,
    generation: Generation,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<void> {
    const folder = this.#folderOf(identity);
    return new Promise((resolve, reject) => {
      const writing = this.#serial.run(folder, async () => {
        if (!this.#made.has(folder)) await makeFolder(filesIn(folder));
        this.#made.add(folder);
        const path = manifestPath(folder, generation.number);
        const text = JSON.stringify(generation);
        this.#forgetManifest(path);
        const manifest = this.#writer.put({ path, bytes: text, durable: true });
        // Behind the switch, which waits for the manifest alone: until then they are in memory, and
        // they follow from it.
        const switched = manifest.then(() => setImmediate());
        const derivable = generation.files.filter(({ text }) => text === undefined);
        const putting = derivable.map((file) =>
          this.#put(folder, file, files.get(file.path), switched),
        );
        const written = Promise.allSettled(putting);
        try {
          await manifest;
          this.#manifests.set(path, generation, text.length);
          resolve();
        } finally {
          await written;
        }
      });
      writing.catch(reject);
    });
  }

  async read(identity: RepoIdentity, number: number): Promise<Generation> {
    const folder = this.#folderOf(identity);
    const path = manifestPath(folder, number);
    const known = this.#manifests.get(path);
    if (known !== undefined) return known;
    const read = await this.#serial.run(folder, () => this.#readManifest(path));
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
    const path = manifestPath(folder, number);
    // Most name none of them: to search the text is quicker than to parse and check it.
    const generation =
      this.#manifests.get(path) ??
      (await this.#serial.run(folder, () =>
        this.#readManifest(path, (text) => hasAny(text, sha256s)),
      ));
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
      const numbers = await numbersIn(folder);
      const over = numbers.filter(isOver);
      if (over.length === 0) return;
      for (const number of over) {
        const path = manifestPath(folder, number);
        this.#forgetManifest(path);
        await rm(path);
      }
      // Manifests before their files: no crash leaves a manifest without what it names.
      await syncFolder(folder);
      const needed = new Set<string>();
      for (const number of numbers) {
        if (isOver(number)) continue;
        for (const sha256 of await this.#filesNamedBy(manifestPath(folder, number)))
          needed.add(sha256);
      }
      await this.#files.removeOthers(filesIn(folder), needed);
      if (over.length === numbers.length) this.#made.delete(folder);
      if (over.length === numbers.length) await rm(folder, { recursive: true, force: true });
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

  /** Null when it is gone, or when its text is not what the caller looks for. */
  async #readManifest(
    path: string,
    isWanted: (text: string) => boolean = () => true,
  ): Promise<Generation | null> {
    return readOrDamaged(path, async () => {
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        if (isMissing(cause)) return null;
        throw cause;
      });
      if (text === null || !isWanted(text)) return null;
      const generation = parseManifest(text);
      this.#manifests.set(path, generation, text.length);
      return generation;
    });
  }

  async #filesNamedBy(path: string): Promise<readonly string[]> {
    const known = this.#named.get(path);
    if (known !== undefined) return known;
    const generation = this.#manifests.get(path) ?? (await this.#readManifest(path));
    const named = generation?.files.map(({ sha256 }) => sha256) ?? [];
    this.#named.set(path, named, named.length * BYTES_PER_NAME);
    return named;
  }

  #forgetManifest(path: string): void {
    this.#manifests.delete(path);
    this.#named.delete(path);
  }

  #folderOf(identity: RepoIdentity): string {
    return join(this.#folder, repoDigest(identity));
  }
}

function hasAny(text: string, sha256s: ReadonlySet<string>): boolean {
  for (const sha256 of sha256s) if (text.includes(sha256)) return true;
  return false;
}

function manifestPath(folder: string, number: number): string {
  return join(folder, `${number}.json`);
}

function filesIn(folder: string): string {
  return join(folder, 'files');
}

async function numbersIn(folder: string): Promise<number[]> {
  const names = await namesIn(folder);
  return names.flatMap((name) => {
    const number = /^(\d+)\.json$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}
