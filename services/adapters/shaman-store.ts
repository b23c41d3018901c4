import { join } from 'node:path';
import { buildKey } from '../domain/build.ts';
import type { Build } from '../domain/build.ts';
import { GitbuilderError } from '../domain/errors.ts';
import type { Moment, ShamanRepo } from '../domain/shaman-repo.ts';
import type {
  BuildRecordChange,
  BuildRecords,
  Clock,
  Commits,
  Log,
  RepoRecordChange,
  RepoRecords,
} from '../shaman/ports.ts';
import { directWriter } from '../platform/file-writer.ts';
import type { FileWriter } from '../platform/file-writer.ts';
import { ChangeWriter } from './change-writer.ts';
import { CommitDocuments } from './commit-documents.ts';
import { loadCommits } from './load-commits.ts';
import type { LoadedCommits } from './load-commits.ts';
import type { RecordLine } from './shaman-format.ts';
import { ShamanMemory } from './shaman-memory.ts';

const FULL_BYTES = 16 * 1024 * 1024;

interface Options {
  /** The folder of this service's data; the store makes `commits` in it. */
  readonly root: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The journal's length at which documents are brought up to date; 16 MiB. */
  readonly fullBytes?: number;
  readonly files?: FileWriter;
}

/**
 * Repos and builds: one lowdb document for each sha1, one journal for the changes since, and all of
 * it in memory with its indexes. One write of the journal makes all changes durable that wait.
 */
export class ShamanStore {
  readonly repos: RepoRecords;
  readonly builds: BuildRecords;
  readonly commits: Commits;
  readonly #clock: Clock;
  readonly #loaded: LoadedCommits;
  readonly #memory: ShamanMemory;
  readonly #writer: ChangeWriter<RecordLine>;
  readonly #documents: CommitDocuments;
  readonly #repoListeners: Array<(change: RepoRecordChange) => void> = [];
  readonly #buildListeners: Array<(change: BuildRecordChange) => void> = [];
  #newest: number;
  #closed = false;

  constructor(options: Options, loaded: LoadedCommits) {
    const { root, clock, log, fullBytes = FULL_BYTES, files = directWriter } = options;
    this.#clock = clock;
    this.#loaded = loaded;
    this.#memory = new ShamanMemory(loaded.commits);
    this.#newest = this.#memory.newest;
    this.#writer = new ChangeWriter(
      (lines) => loaded.journals.append(lines),
      () => this.#documents.look(),
    );
    this.#documents = new CommitDocuments({
      folder: folderOf(root),
      log,
      loaded,
      settled: () => this.#writer.settled(),
      fullBytes,
      files,
    });
    this.repos = this.#makeRepos();
    this.builds = this.#makeBuilds();
    this.commits = this.#makeCommits();
    this.#documents.look();
  }

  /** False while changes are refused because they cannot be written. */
  get isWritable(): boolean {
    return this.#writer.failure === null;
  }

  /** Makes everything durable and takes no more changes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#writer.settled().catch(() => undefined);
    await this.#documents.close();
    await this.#loaded.journals.close();
  }

  #makeRepos(): RepoRecords {
    const memory = this.#memory;
    return {
      get: (url) => memory.repo(url),
      find: (where) => memory.index.repos(where),
      all: () => memory.repos(),
      change: async (url, decide) => {
        const before = memory.repo(url);
        const moment = this.#moment();
        const after = decide(before, moment);
        if (after === null) {
          await this.#writer.settled();
          return before;
        }
        const lines = linesFor(before, after, moment.order);
        await this.#apply(lines, () => this.#tellRepo({ before, after }));
        return after;
      },
      forget: async (record) => {
        const { chacraUrl, identity } = record;
        if (memory.repo(chacraUrl) !== record) return;
        const { project, sha1 } = identity;
        const line = { order: this.#moment().order, project, sha1, forget: [chacraUrl] };
        await this.#apply([line], () => this.#tellRepo({ before: record, after: undefined }));
      },
      watch: (listener) => this.#repoListeners.push(listener),
    };
  }

  #makeBuilds(): BuildRecords {
    const memory = this.#memory;
    return {
      find: (where) => memory.index.builds(where),
      all: () => memory.builds(),
      change: async ({ project, sha1 }, decide) => {
        const builds = memory.commit(project, sha1)?.builds ?? new Map<string, Build>();
        const moment = this.#moment();
        const change = decide(builds, moment);
        if (change === null) return this.#writer.settled();
        const { put = [], remove = [] } = change;
        const after = new Map(put.map((build) => [buildKey(build), build]));
        const changes = [...new Set([...remove, ...after.keys()])].map((key) => {
          return { before: builds.get(key), after: after.get(key) };
        });
        const line = { order: moment.order, project, sha1, builds: put, drop: remove };
        await this.#apply([line], () => {
          for (const told of changes) for (const tell of this.#buildListeners) tell(told);
        });
      },
      watch: (listener) => this.#buildListeners.push(listener),
    };
  }

  #makeCommits(): Commits {
    const { index } = this.#memory;
    const newest = () => this.#newest;
    return {
      get: (project, sha1) => {
        const commit = this.#memory.commit(project, sha1);
        return commit?.isLiving === true ? commit : undefined;
      },
      under: (project, ref) => index.under(project, ref),
      projects: () => index.projects(),
      refs: (project) => index.refs(project),
      get newest() {
        return newest();
      },
    };
  }

  #moment(): Moment {
    if (this.#closed) throw new GitbuilderError('STOPPING');
    const now = this.#clock.now();
    this.#newest = Math.max(this.#newest + 1, now.getTime() * 1000);
    return { at: now.toISOString(), order: this.#newest };
  }

  #apply(lines: readonly RecordLine[], tell: () => void): Promise<void> {
    const played = lines.map((line) => this.#memory.play(line));
    return this.#writer.add({
      lines,
      undo: () => {
        for (const { undo } of [...played].reverse()) undo();
      },
      done: () => {
        for (const { commit } of played) {
          commit.pending -= 1;
          this.#documents.note(commit);
        }
        tell();
      },
    });
  }

  #tellRepo(change: RepoRecordChange): void {
    for (const tell of this.#repoListeners) tell(change);
  }
}

/** A record whose identity changed leaves the document of one sha1 and enters another's, in one step. */
function linesFor(before: ShamanRepo | undefined, after: ShamanRepo, order: number): RecordLine[] {
  const { project, sha1 } = after.identity;
  const put = { order, project, sha1, repos: [after] };
  const old = before?.identity;
  if (old === undefined || (old.project === project && old.sha1 === sha1)) return [put];
  return [{ order, project: old.project, sha1: old.sha1, forget: [after.chacraUrl] }, put];
}

/** Loads every record that the data folder holds; DATA_DAMAGED names a file that cannot be read. */
export async function openShamanStore(options: Options): Promise<ShamanStore> {
  return new ShamanStore(
    options,
    await loadCommits(folderOf(options.root), options.files ?? directWriter),
  );
}

function folderOf(root: string): string {
  return join(root, 'commits');
}
