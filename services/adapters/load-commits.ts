import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolder, sweepTemporaries } from '../platform/durable-file.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { DurableJsonAdapter } from '../platform/durable-json-adapter.ts';
import { inParallel } from './in-parallel.ts';
import { readOrDamaged } from './read-or-damaged.ts';
import { commitDigest, commitKey, StoredCommit } from './shaman-commit.ts';
import { parseCommitDocument, parseRecordLine } from './shaman-format.ts';
import { openTwoJournals } from './two-journals.ts';
import type { TwoJournals } from './two-journals.ts';

const PARALLEL = 16;
const FORMAT = { parse: parseCommitDocument };

/** What a former process left. */
export interface LoadedCommits {
  readonly commits: Map<string, StoredCommit>;
  readonly journals: TwoJournals;
  /** Those whose documents are behind the journal. */
  readonly dirty: Set<StoredCommit>;
}

/** Where the document of a sha1 is: 256 folders, so that none gets too long. */
export function commitPath(folder: string, commit: { project: string; sha1: string }): string {
  const digest = commitDigest(commit);
  return join(folder, digest.slice(0, 2), `${digest}.json`);
}

/**
 * Reads every document below a folder and plays the journal on top. A file that cannot be read
 * stops the start (DATA_DAMAGED): going on would lose what it holds without a word.
 */
export async function loadCommits(folder: string, files: FileWriter): Promise<LoadedCommits> {
  await makeFolder(folder);
  await sweepTemporaries(folder);
  const commits = new Map<string, StoredCommit>();
  const names = await readdir(folder, { recursive: true });
  const documents = names.filter((name) => name.endsWith('.json'));
  await inParallel(documents, PARALLEL, async (name) => {
    const commit = await loadCommit(join(folder, name));
    commits.set(commit.key, commit);
  });
  const { journals, lines } = await openTwoJournals(folder, parseRecordLine, files);
  const dirty = new Set<StoredCommit>();
  const inOrder = [...lines].sort((a, b) => a.order - b.order);
  for (const line of inOrder) {
    const key = commitKey(line);
    let commit = commits.get(key);
    if (commit === undefined) {
      commit = new StoredCommit(line.project, line.sha1);
      commits.set(key, commit);
    }
    dirty.add(commit);
    if (line.order > commit.order) commit.play(line);
  }
  return { commits, journals, dirty };
}

async function loadCommit(path: string): Promise<StoredCommit> {
  return readOrDamaged(path, async () => {
    const document = await new DurableJsonAdapter(path, FORMAT).read();
    if (document === null) throw new Error('it is gone');
    if (`${commitDigest(document)}.json` !== basename(path)) {
      throw new Error('it is of another sha1');
    }
    const commit = new StoredCommit(document.project, document.sha1);
    commit.load(document);
    return commit;
  });
}
