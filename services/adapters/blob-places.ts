import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, syncFolder, sweepTemporaries } from '../platform/durable-file.ts';

const PREFIXES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Where a blob store keeps what, below its root. */
export class BlobPlaces {
  readonly incoming: string;
  readonly trash: string;
  /** Blobs that were found to be damaged; made when there is one. */
  readonly damaged: string;
  readonly #blobs: string;

  constructor(root: string) {
    this.incoming = join(root, 'incoming');
    this.trash = join(root, 'trash');
    this.damaged = join(root, 'damaged');
    this.#blobs = join(root, 'blobs');
  }

  /** Makes the folders and empties those of what a former process left half done. */
  async prepare(): Promise<void> {
    // What lies there was given up already.
    await rm(this.trash, { recursive: true, force: true });
    for (const folder of [this.incoming, this.trash, this.#blobs]) await makeFolder(folder);
    const made = this.folders().map((folder) => mkdir(folder, { recursive: true }));
    const isNew = (await Promise.all(made)).some((folder) => folder !== undefined);
    if (isNew) await syncFolder(this.#blobs);
    await sweepTemporaries(this.incoming);
  }

  /** What the sha256 of blobs begins with, in order. */
  get prefixes(): readonly string[] {
    return PREFIXES;
  }

  /** The folders that blobs are spread over, by the first byte of their sha256. */
  folders(): string[] {
    return PREFIXES.map((prefix) => this.folder(prefix));
  }

  folder(sha256: string): string {
    return join(this.#blobs, sha256.slice(0, 2));
  }

  blob(sha256: string): string {
    return join(this.folder(sha256), sha256);
  }

  /** What is known of a blob and can be found out again: `<sha256>.sha512`, `<sha256>.deb.json` … */
  beside(sha256: string, kind: string): string {
    return `${this.blob(sha256)}.${kind}`;
  }
}
