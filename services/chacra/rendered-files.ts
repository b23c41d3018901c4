import type { IndexFile } from '../domain/generation.ts';
import { sha256 } from './gzip-members.ts';
import type { CompressedIndex } from './gzip-members.ts';
import type { Rendered } from './rendering.ts';

/** Gathers index files as they are made. */
export class RenderedFiles implements Rendered {
  readonly files: IndexFile[] = [];
  readonly bytes = new Map<string, Uint8Array>();

  /** A file that can be made again from the headers. */
  addDerivable(path: string, bytes: Uint8Array, hash: string): IndexFile {
    const file = { path, sha256: hash, size: bytes.length };
    this.files.push(file);
    this.bytes.set(path, bytes);
    return file;
  }

  /** Plain and compressed, under one name. */
  addIndex(path: string, index: CompressedIndex): IndexFile[] {
    return [
      this.addDerivable(path, index.plain, index.plainSha256),
      this.addDerivable(`${path}.gz`, index.gz, index.gzSha256),
    ];
  }

  /** A small file that stands in the generation's document itself. */
  addText(path: string, text: string): void {
    const bytes = Buffer.from(text);
    this.files.push({ path, sha256: sha256(bytes), size: bytes.length, text });
  }
}
