import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, sweepTemporaries } from '../platform/durable-file.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { Journal, openJournal } from '../platform/journal.ts';
import { inParallel } from './in-parallel.ts';
import { readOrDamaged } from './read-or-damaged.ts';
import { repoDigest } from './repo-digest.ts';
import { documentPath, journalPath, RepoFiles } from './repo-files.ts';
import { makeShare, parseRecord, printRecord, replay } from './repo-record.ts';
import type { RepoRecord, Share } from './repo-record.ts';

const PARALLEL = 16;

/** A repo that a former process left, and its files to go on with. */
export interface LoadedRepo {
  readonly record: RepoRecord;
  readonly files: RepoFiles;
}

/** Where in the folder of all repos one has its files: 256 folders, so that none gets too long. */
export function repoFilesPath(folder: string, digest: string): string {
  return join(folder, digest.slice(0, 2), digest);
}

/** What becomes of a start when a file cannot be read. */
export type OnDamaged = (cause: unknown) => void;

/**
 * Reads every repo below a folder, and removes what interrupted writes left. A file that cannot be
 * read stops the start (DATA_DAMAGED): going on would lose what it holds without a word. Who only
 * looks, and says so, goes on without that repo.
 */
export async function loadRepos(
  folder: string,
  onDamaged: OnDamaged = refuse,
  files: FileWriter = directWriter,
): Promise<LoadedRepo[]> {
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const loaded: LoadedRepo[] = [];
  const share = makeShare();
  const names = await readdir(folder, { recursive: true });
  const journals = new Set(names.filter((name) => name.endsWith('.journal')));
  const documents = names.filter((name) => name.endsWith('.json'));
  await inParallel(documents, PARALLEL, async (name) => {
    const bare = name.slice(0, -'.json'.length);
    const hasJournal = journals.delete(`${bare}.journal`);
    try {
      loaded.push(await loadRepo(join(folder, bare), hasJournal, share, files));
    } catch (cause) {
      onDamaged(cause);
    }
  });
  for (const leftover of journals) await rm(join(folder, leftover));
  return loaded;
}

function refuse(cause: unknown): never {
  throw cause;
}

async function loadRepo(
  path: string,
  hasJournal: boolean,
  share: Share,
  files: FileWriter,
): Promise<LoadedRepo> {
  const file = documentPath(path);
  const record = await readOrDamaged(file, async () => {
    const format = { parse: (raw: unknown) => parseRecord(raw, share), print: printRecord };
    const read = await new DurableJsonAdapter<RepoRecord>(file, format).read();
    if (read === null) throw new Error('it is gone');
    if (repoDigest(read.identity) !== basename(path)) throw new Error('it is of another repo');
    return read;
  });
  const journal = journalPath(path);
  if (!hasJournal)
    return { record, files: new RepoFiles(path, new Journal(journal, null, files), files) };
  return readOrDamaged(journal, async () => {
    const opened = await openJournal(journal, files);
    replay(record, opened.entries, share);
    return { record, files: new RepoFiles(path, opened.journal, files) };
  });
}
