import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { ByteFlow } from '../chacra/ports.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { BlobRef } from '../domain/repo.ts';
import { temporaryPath } from '../platform/durable-file.ts';
import type { BodyGarbage } from './body-garbage.ts';
import type { BodyMemory, GatheredBody } from './body-memory.ts';
import { asDiskFull } from './full-disk.ts';
import { GrowingFile } from './growing-file.ts';
import type { Following, Sha512Thread } from './sha512-thread.ts';

/** More parts cost more to hand on than to join: so many are a megabyte as it comes from a quick network. */
const MOST_PARTS = 64;

/** A short body, complete in memory, in as many parts as it came. */
export interface TakenBytes {
  readonly kind: 'bytes';
  readonly ref: BlobRef;
  readonly parts: readonly Uint8Array[];
}

/** Bytes in a temporary file, complete but neither durable nor named. */
export interface TakenFile {
  readonly kind: 'file';
  readonly ref: BlobRef;
  readonly path: string;
  readonly file: FileHandle;
  /** Null when nothing follows the file. */
  readonly following: Following | null;
}

interface Intake {
  readonly limit: number;
  readonly observe: (chunk: Uint8Array) => void;
  readonly garbage: BodyGarbage;
  readonly memory: BodyMemory;
}

/**
 * Takes a body in, in one pass, hashing what passes: a short one in memory, a longer one into a
 * temporary file. When anything throws, the file is gone again.
 */
export async function takeIn(
  folder: string,
  thread: Sha512Thread | null,
  body: ByteFlow,
  intake: Intake,
): Promise<TakenBytes | TakenFile> {
  const coming = new ComingBody(folder, thread, intake);
  try {
    await body((chunk) => coming.take(chunk));
    return await coming.end();
  } catch (cause) {
    await coming.giveUp();
    throw asDiskFull(cause);
  }
}

/** A body that has begun to come: in memory, until it is known to be too long for that. */
class ComingBody {
  readonly #folder: string;
  readonly #thread: Sha512Thread | null;
  readonly #intake: Intake;
  readonly #hash = createHash('sha256');
  readonly #inMemory: GatheredBody;
  #size = 0;
  #gathered: Uint8Array[] = [];
  #large: LargeBody | null = null;

  constructor(folder: string, thread: Sha512Thread | null, intake: Intake) {
    this.#folder = folder;
    this.#thread = thread;
    this.#intake = intake;
    this.#inMemory = intake.memory.begin();
  }

  take(chunk: Uint8Array): Promise<void> | null {
    const { limit, observe, garbage } = this.#intake;
    this.#size += chunk.length;
    if (this.#size > limit) throw new GitbuilderError('BODY_TOO_LARGE', { limit });
    observe(chunk);
    this.#hash.update(chunk);
    garbage.passed(chunk.length);
    if (this.#large !== null) return this.#large.append(chunk);
    this.#gathered.push(chunk);
    return this.#inMemory.fits(this.#size, this.#gathered.length) ? null : this.#beginFile();
  }

  async end(): Promise<TakenBytes | TakenFile> {
    const ended = await this.#large?.end();
    const ref = { sha256: this.#hash.digest('hex'), size: this.#size };
    if (ended !== undefined) return { kind: 'file', ref, ...ended };
    const gathered = this.#gathered;
    const parts = gathered.length > MOST_PARTS ? [Buffer.concat(gathered)] : gathered;
    this.#inMemory.end();
    return { kind: 'bytes', ref, parts };
  }

  async giveUp(): Promise<void> {
    this.#inMemory.end();
    await this.#large?.giveUp();
  }

  async #beginFile(): Promise<void> {
    // At once: those that come beside it need not go as well.
    this.#inMemory.end();
    const large = await LargeBody.begin(this.#folder, this.#thread);
    this.#large = large;
    for (const part of this.#gathered) await large.append(part);
    this.#gathered = [];
  }
}

/** A body on its way into a temporary file. */
class LargeBody {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #following: Following | null;
  readonly #growing: GrowingFile;

  private constructor(path: string, file: FileHandle, following: Following | null) {
    this.#path = path;
    this.#file = file;
    this.#following = following;
    this.#growing = new GrowingFile(file, (size) => following?.advance(size));
  }

  static async begin(folder: string, thread: Sha512Thread | null): Promise<LargeBody> {
    const path = temporaryPath(folder);
    const file = await open(path, 'wx');
    return new LargeBody(path, file, thread?.follow(path) ?? null);
  }

  append(chunk: Uint8Array): Promise<void> | null {
    return this.#growing.append(chunk);
  }

  async end(): Promise<Pick<TakenFile, 'path' | 'file' | 'following'>> {
    await this.#growing.end();
    return { path: this.#path, file: this.#file, following: this.#following };
  }

  async giveUp(): Promise<void> {
    this.#following?.drop();
    await this.#file.close();
    await rm(this.#path, { force: true });
  }
}
