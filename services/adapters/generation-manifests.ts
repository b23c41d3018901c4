import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Generation } from '../domain/generation.ts';
import { ByteCache } from '../platform/byte-cache.ts';
import { isMissing } from '../platform/durable-file.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { namesIn } from './generation-files.ts';
import { parseManifest } from './generation-manifest.ts';
import { readOrDamaged } from './read-or-damaged.ts';

const MIB = 1024 * 1024;
const BYTES_PER_NAME = 128;

/** The manifests in the folders of repos, and what of them is in memory. */
export class GenerationManifests {
  readonly #writer: FileWriter;
  readonly #known: ByteCache<Generation>;
  /** Those too large to be kept: who asks while another has one gets the same. */
  readonly #lent = new Map<string, WeakRef<Generation>>();
  /** The index files that each manifest names. */
  readonly #named = new ByteCache<readonly string[]>(8 * MIB);

  /** `cacheBytes` are counted as their JSON. */
  constructor(options: { readonly writer: FileWriter; readonly cacheBytes: number }) {
    this.#writer = options.writer;
    this.#known = new ByteCache(options.cacheBytes);
  }

  known(folder: string, number: number): Generation | undefined {
    const path = pathOf(folder, number);
    return this.#known.get(path) ?? this.#lent.get(path)?.deref();
  }

  /** Null when it is gone, or when its text is not what the caller looks for. */
  async read(
    folder: string,
    number: number,
    isWanted: (text: string) => boolean = () => true,
  ): Promise<Generation | null> {
    const path = pathOf(folder, number);
    // Read by another one while this one waited for it.
    const known = this.known(folder, number);
    if (known !== undefined) return known;
    return readOrDamaged(path, async () => {
      const text = await readFile(path, 'utf8').catch((cause: unknown) => {
        if (isMissing(cause)) return null;
        throw cause;
      });
      if (text === null || !isWanted(text)) return null;
      const generation = parseManifest(text);
      this.#known.set(path, generation, text.length);
      if (this.#known.get(path) === undefined) this.#lent.set(path, new WeakRef(generation));
      return generation;
    });
  }

  /** Durably; `inNewFolder` is made before. */
  async write(folder: string, generation: Generation, inNewFolder: string | null): Promise<void> {
    const path = pathOf(folder, generation.number);
    const text = JSON.stringify(generation);
    this.#forget(path);
    const place = inNewFolder === null ? {} : { inNewFolder };
    await this.#writer.put({ path, bytes: text, durable: true, ...place });
    this.#known.set(path, generation, text.length);
  }

  async remove(folder: string, number: number): Promise<void> {
    const path = pathOf(folder, number);
    this.#forget(path);
    await rm(path);
  }

  /** The sha256 of the index files that a manifest names. */
  async filesNamedBy(folder: string, number: number): Promise<readonly string[]> {
    const path = pathOf(folder, number);
    const known = this.#named.get(path);
    if (known !== undefined) return known;
    const generation = this.#known.get(path) ?? (await this.read(folder, number));
    const named = generation?.files.map(({ sha256 }) => sha256) ?? [];
    this.#named.set(path, named, named.length * BYTES_PER_NAME);
    return named;
  }

  async numbers(folder: string): Promise<number[]> {
    const names = await namesIn(folder);
    return names.flatMap((name) => {
      const number = /^(\d+)\.json$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }

  #forget(path: string): void {
    this.#known.delete(path);
    this.#lent.delete(path);
    this.#named.delete(path);
  }
}

function pathOf(folder: string, number: number): string {
  return join(folder, `${number}.json`);
}
