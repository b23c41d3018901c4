import type { FileHandle } from 'node:fs/promises';

const BATCH = 1024 * 1024;
/** What one writev(2) takes: a body that comes byte by byte is many objects, and few bytes. */
const MOST_CHUNKS = 1024;

/**
 * Appends chunks to a file in writes of up to about 1 MiB. One write is under way while the next batch
 * gathers, so that hashing and disk work side by side; more than that is never in memory.
 */
export class GrowingFile {
  readonly #file: FileHandle;
  readonly #written: (size: number) => void;
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #size = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  /** `written` hears how many bytes are in the file by now. */
  constructor(file: FileHandle, written: (size: number) => void) {
    this.#file = file;
    this.#written = written;
  }

  /** The chunk must stay as it is until it is written. Waits only when the disk cannot keep up. */
  append(chunk: Uint8Array): Promise<void> | null {
    this.#batch.push(chunk);
    this.#batchBytes += chunk.length;
    if (this.#batchBytes < BATCH && this.#batch.length < MOST_CHUNKS) return null;
    if (this.#isWriting) return this.#flush();
    this.#begin();
    return null;
  }

  /** Everything is in the file when it resolves. */
  async end(): Promise<void> {
    await this.#flush();
    await this.#writing;
  }

  async #flush(): Promise<void> {
    await this.#writing;
    this.#begin();
  }

  #begin(): void {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    this.#writing = this.#write(batch);
    // A failure is met by the next flush; until then it must not count as unhandled.
    this.#writing.catch(() => undefined);
  }

  async #write(batch: readonly Uint8Array[]): Promise<void> {
    const total = batch.reduce((sum, { length }) => sum + length, 0);
    if (total === 0) return;
    this.#isWriting = true;
    let { bytesWritten: done } = await this.#file.writev(batch, this.#size);
    if (done < total) {
      // A disk that fills up takes less than it was given; the rest then fails with the reason.
      const all = Buffer.concat(batch);
      while (done < total) {
        const at = this.#size + done;
        done += (await this.#file.write(all, done, total - done, at)).bytesWritten;
      }
    }
    this.#size += total;
    this.#isWriting = false;
    this.#written(this.#size);
  }
}
