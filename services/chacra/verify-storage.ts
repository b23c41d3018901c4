import type { IndexFile } from '../domain/generation.ts';
import { repoPath } from '../domain/identity.ts';
import { reasonOf } from '../domain/reason.ts';
import type { LostBlob, LostGeneration, Verification } from '../domain/verification.ts';
import { newVerification } from '../domain/verification.ts';
import { checkBlob } from './check-blob.ts';
import type { CheckBlobCollaborators } from './check-blob.ts';
import { expectedBlobs } from './expected-blobs.ts';
import type { ExpectedBlob } from './expected-blobs.ts';
import { findBlobUses } from './find-blob-uses.ts';
import { isKept, keptGenerations } from './kept-generations.ts';
import type { Pause } from './pauses.ts';
import type { BlobStore, Clock, GenerationStore, Log, RepoStore } from './ports.ts';
import type { RestoreIndex } from './restore-index.ts';
import type { VerificationStore } from './verification-ports.ts';

const SAVE_MILLISECONDS = 5000;

export interface VerifyCollaborators extends CheckBlobCollaborators {
  readonly repos: RepoStore;
  readonly blobs: BlobStore;
  readonly generations: GenerationStore;
  readonly restoreIndex: RestoreIndex;
  readonly verifications: VerificationStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly pause: Pause;
  /** Told of bytes as soon as they are known to be lost. */
  readonly onLost: (sha256: string) => Promise<void>;
}

export interface VerifyOptions {
  /** Begins anew, also where an earlier look was broken off. */
  readonly isNew: boolean;
  /** Once it says so, what was found so far is kept, and the next call goes on from there. */
  readonly isStopped: () => boolean;
  /** Called after each blob, and once before the first: how far it is, of how many bytes. */
  readonly onProgress: (verification: Verification, totalBytes: number) => void;
}

/**
 * Looks at every stored byte. What follows from other things is derived again; what is lost is
 * written down. Goes on where an earlier look was broken off, however that ended.
 */
export async function verifyStorage(
  collaborators: VerifyCollaborators,
  options: VerifyOptions,
): Promise<Verification> {
  return new StorageVerifier(collaborators, options).run();
}

class StorageVerifier {
  readonly #with: VerifyCollaborators;
  readonly #options: VerifyOptions;
  readonly #lost = new Map<string, LostBlob>();
  #state: Verification;
  #savedAt = 0;

  constructor(collaborators: VerifyCollaborators, options: VerifyOptions) {
    this.#with = collaborators;
    this.#options = options;
    this.#state = newVerification(collaborators.clock.now());
  }

  async run(): Promise<Verification> {
    const { verifications, clock } = this.#with;
    await this.#begin(await verifications.read());
    await this.#save();
    const expected = await expectedBlobs(this.#with);
    let total = 0;
    for (const { size } of expected.values()) total += size;
    const told = (): void => this.#options.onProgress(this.#state, total);
    told();
    await this.#checkBlobs(expected, told);
    if (!this.#options.isStopped()) await this.#checkIndexFiles();
    if (!this.#options.isStopped()) this.#note({ ended: clock.now().toISOString(), cursor: null });
    await this.#save();
    return this.#state;
  }

  async #begin(before: Verification | null): Promise<void> {
    const isUnderWay = before !== null && before.ended === null;
    if (isUnderWay && !this.#options.isNew) this.#state = before;
    // What was lost stays known until it is looked at again, or nobody needs it.
    for (const lost of before?.lost ?? []) this.#lost.set(lost.sha256, lost);
    await this.#forgetFound();
    const generations = (before?.generations ?? []).filter(({ identity, number }) =>
      isKept(this.#with.repos.get(identity), number),
    );
    this.#note({ generations });
  }

  /** What was uploaded again since is not lost any more, nor what nobody needs. */
  async #forgetFound(): Promise<void> {
    for (const sha256 of [...this.#lost.keys()])
      if (await this.#with.blobs.has(sha256)) this.#lost.delete(sha256);
    const needed = await this.#neededOf(this.#lost.keys());
    for (const sha256 of [...this.#lost.keys()]) if (!needed.has(sha256)) this.#lost.delete(sha256);
  }

  async #checkBlobs(expected: ReadonlyMap<string, ExpectedBlob>, told: () => void): Promise<void> {
    const { shelf } = this.#with;
    const shelves = byPrefix(expected.keys());
    const after = this.#state.cursor ?? '';
    for (const prefix of shelf.prefixes) {
      if (prefix < after.slice(0, 2)) continue;
      const there = await shelf.list(prefix);
      for (const sha256 of there) {
        if (sha256 <= after) continue;
        if (this.#options.isStopped()) return;
        await this.#checkBlob(sha256, expected.get(sha256));
        told();
      }
      await this.#findMissing(shelves.get(prefix) ?? [], new Set(there), expected);
    }
  }

  async #checkBlob(sha256: string, expected: ExpectedBlob | undefined): Promise<void> {
    const { log, clock } = this.#with;
    let bytes = 0;
    const pace = async (count: number): Promise<void> => {
      bytes += count;
      await this.#with.pace(count);
    };
    const found = await checkBlob({ ...this.#with, pace }, sha256, expected?.names ?? []);
    const { blobs, rebuilt } = this.#state;
    this.#note({ cursor: sha256, blobs: blobs + 1, bytes: this.#state.bytes + bytes });
    if (found?.kind === 'sound') {
      const [sha512, headers] = [rebuilt.sha512 + found.sha512, rebuilt.headers + found.headers];
      this.#note({ rebuilt: { ...rebuilt, sha512, headers } });
      // A shelf that says so again and again would make of one write a thousand.
      if (clock.now().getTime() - this.#savedAt >= SAVE_MILLISECONDS) await this.#save();
    } else if (found?.kind === 'lost') {
      log.error({ ...found.lost }, 'stored bytes are damaged');
      await this.#lose({ ...found.lost, size: expected?.size ?? null });
    }
  }

  async #findMissing(
    sha256s: readonly string[],
    there: ReadonlySet<string>,
    expected: ReadonlyMap<string, ExpectedBlob>,
  ): Promise<void> {
    const missing: string[] = [];
    for (const sha256 of sha256s) {
      const isKnown = there.has(sha256) || this.#lost.has(sha256);
      if (!isKnown && !(await this.#with.blobs.has(sha256))) missing.push(sha256);
    }
    // What was deleted since we began is not there, and nobody misses it.
    for (const sha256 of await this.#neededOf(missing)) {
      this.#with.log.error({ sha256 }, 'stored bytes are missing');
      const size = expected.get(sha256)?.size ?? null;
      await this.#lose({ sha256, size, reason: 'it is not there', keptAt: null });
    }
  }

  async #checkIndexFiles(): Promise<void> {
    const { repos } = this.#with;
    const lost: LostGeneration[] = [];
    for (const { identity } of [...repos.all()]) {
      if (this.#options.isStopped()) return;
      const now = repos.get(identity);
      for (const number of now === undefined ? [] : keptGenerations(now)) {
        const reason = await this.#checkGeneration(identity, number);
        if (reason !== null) lost.push({ identity, number, reason });
      }
    }
    this.#note({ generations: lost });
  }

  /** Why a generation cannot be served whole; null when it can. */
  async #checkGeneration(
    identity: LostGeneration['identity'],
    number: number,
  ): Promise<string | null> {
    const { generations, restoreIndex, repos, log } = this.#with;
    try {
      const { files, date } = await generations.read(identity, number);
      const broken: IndexFile[] = [];
      for (const file of files) if (!(await generations.isWhole(identity, file))) broken.push(file);
      const repo = repos.get(identity);
      if (repo === undefined) return null;
      for (const file of broken)
        await restoreIndex(repo, { file, generation: number, date: new Date(date) });
      const { rebuilt } = this.#state;
      this.#note({ rebuilt: { ...rebuilt, indexFiles: rebuilt.indexFiles + broken.length } });
      return null;
    } catch (cause) {
      // What was deleted, or ended, meanwhile is not there, and nobody misses it.
      if (!isKept(repos.get(identity), number)) return null;
      log.error({ repo: repoPath(identity), generation: number, err: cause }, 'generation is lost');
      return reasonOf(cause);
    }
  }

  async #neededOf(sha256s: Iterable<string>): Promise<Set<string>> {
    const asked = new Set(sha256s);
    if (asked.size === 0) return asked;
    const { binaries, published } = await findBlobUses(this.#with, asked);
    return new Set([
      ...binaries.flatMap(({ binary }) => binary.blob?.sha256 ?? []),
      ...published.map(({ file }) => file.sha256),
    ]);
  }

  async #lose(lost: LostBlob): Promise<void> {
    this.#lost.set(lost.sha256, lost);
    this.#note({});
    await this.#save();
    await this.#with.onLost(lost.sha256);
  }

  #note(change: Partial<Verification>): void {
    this.#state = { ...this.#state, ...change, lost: [...this.#lost.values()] };
  }

  async #save(): Promise<void> {
    await this.#with.verifications.write(this.#state);
    this.#savedAt = this.#with.clock.now().getTime();
  }
}

function byPrefix(sha256s: Iterable<string>): Map<string, string[]> {
  const shelves = new Map<string, string[]>();
  for (const sha256 of sha256s) {
    const prefix = sha256.slice(0, 2);
    const shelf = shelves.get(prefix);
    if (shelf === undefined) shelves.set(prefix, [sha256]);
    else shelf.push(sha256);
  }
  return shelves;
}
