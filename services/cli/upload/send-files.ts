import { inParallel } from '../../adapters/in-parallel.ts';
import { digestFile, findFile } from './local-file.ts';
import type { DigestedFile, LocalFile } from './local-file.ts';
import { Problem, troubleOf } from './problem.ts';
import type { Trouble } from './problem.ts';
import { AHEAD_BYTES, sendAhead } from './send-ahead.ts';
import type { StorageNode } from './storage-node.ts';

/** A batch is asked about in one request, and read before the one before it is sent. */
const BATCH_FILES = 500;
const BATCH_BYTES = 268_435_456;
const READ_AT_ONCE = 4;

export type Outcome = 'uploaded' | 'attached' | 'already there' | 'failed';

/** What became of one of the files that were named. */
export interface FileResult {
  readonly path: string;
  readonly outcome: Outcome;
  readonly size: number | null;
  readonly sha256: string | null;
  readonly error: Trouble | null;
}

export interface SendOptions {
  readonly force: boolean;
  readonly parallel: number;
  readonly watch: UploadWatch;
}

/** Hears how an upload goes. */
export interface UploadWatch {
  /** Once, of everything that can be read. */
  readonly found: (files: readonly LocalFile[]) => void;
  /** Once for every file that was named. */
  readonly done: (result: FileResult) => void;
  /** Bytes as they leave. */
  readonly sent: (bytes: number) => void;
}

/** A file that can be sent, and whether it need not be; a large one is looked at while it is sent. */
type Examined =
  | { readonly kind: 'digested'; readonly file: DigestedFile; readonly isKnown: boolean }
  | { readonly kind: 'large'; readonly file: LocalFile };

/** Brings files to a node, several at a time. One that fails stops no other; nothing is thrown. */
export async function sendFiles(
  node: StorageNode,
  paths: readonly string[],
  options: SendOptions,
): Promise<void> {
  const { parallel, watch } = options;
  const found = new Map<string, LocalFile>();
  await inParallel(paths, READ_AT_ONCE, async (path) => {
    await attempt(watch.done, { path }, async () => void found.set(path, await findFile(path)));
  });
  const round = async (files: readonly LocalFile[], conflict: Conflict) => {
    const examined = examinedFiles(node, files, watch.done);
    const lane = async () => {
      // Not `for await`: lanes share the generator, and it outlives each of them.
      for (let next = await examined.next(); next.done !== true; next = await examined.next()) {
        await sendFile(node, next.value, conflict, watch);
      }
    };
    await Promise.all(Array.from({ length: parallel }, lane));
  };
  const { firsts, seconds } = byName(paths.flatMap((path) => found.get(path) ?? []));
  watch.found(firsts.concat(seconds));
  await round(firsts, options.force ? 'replace' : 'refuse');
  // Two files of one name: the same bytes are no harm, others are not to replace what was just sent.
  await round(seconds, 'refuse-rival');
}

/** What is done about a name that has other bytes; a rival was sent by this very command. */
type Conflict = 'replace' | 'refuse' | 'refuse-rival';

/** The largest first, so that none of them begins when the others have ended. */
function byName(found: readonly LocalFile[]): { firsts: LocalFile[]; seconds: LocalFile[] } {
  const names = new Set<string>();
  const firsts: LocalFile[] = [];
  const seconds: LocalFile[] = [];
  for (const file of found) {
    (names.has(file.name) ? seconds : firsts).push(file);
    names.add(file.name);
  }
  firsts.sort((a, b) => b.size - a.size);
  return { firsts, seconds };
}

/** Digests and asks for one batch while those of the one before are being sent. */
async function* examinedFiles(
  node: StorageNode,
  files: readonly LocalFile[],
  done: (result: FileResult) => void,
): AsyncGenerator<Examined, void, undefined> {
  const isLarge = ({ size }: LocalFile) => size >= AHEAD_BYTES;
  yield* files.filter(isLarge).map((file) => ({ kind: 'large', file }) as const);
  let ahead: Promise<readonly Examined[]> = Promise.resolve([]);
  for (const batch of batches(files.filter((file) => !isLarge(file)))) {
    const ready = await ahead;
    ahead = examineBatch(node, batch, done);
    yield* ready;
  }
  yield* await ahead;
}

function* batches(files: readonly LocalFile[]): Generator<readonly LocalFile[]> {
  let batch: LocalFile[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length === BATCH_FILES || (batch.length > 0 && bytes + file.size > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) yield batch;
}

async function examineBatch(
  node: StorageNode,
  batch: readonly LocalFile[],
  done: (result: FileResult) => void,
): Promise<readonly Examined[]> {
  const digested: DigestedFile[] = [];
  await inParallel(batch, READ_AT_ONCE, async (file) => {
    await attempt(done, file, async () => void digested.push(await digestFile(file)));
  });
  if (digested.length === 0) return [];
  try {
    const known = await node.known(digested.map(({ sha256 }) => sha256));
    return digested.map((file) => {
      return { kind: 'digested', file, isKnown: known.has(file.sha256) };
    });
  } catch (cause) {
    for (const file of digested) done(failed(file, cause));
    return [];
  }
}

async function sendFile(
  node: StorageNode,
  examined: Examined,
  conflict: Conflict,
  watch: UploadWatch,
): Promise<void> {
  await attempt(watch.done, examined.file, async () => {
    if (examined.kind === 'digested') return bring(node, examined, conflict, watch);
    const { file, isKnown, isThere } = await sendAhead(node, examined.file, watch.sent);
    if (isThere) finish(watch, file, 'uploaded');
    else await bring(node, { file, isKnown }, conflict, watch);
  });
}

/** Attaches what is known and sends the rest. */
async function bring(
  node: StorageNode,
  { file, isKnown }: { readonly file: DigestedFile; readonly isKnown: boolean },
  conflict: Conflict,
  watch: UploadWatch,
): Promise<void> {
  const force = conflict === 'replace';
  if (isKnown) {
    const attached = await node.attach(file, false);
    if (attached === 'attached' || attached === 'already there')
      return finish(watch, file, attached);
    if (attached === 'other bytes' && !force) throw otherBytes(file, conflict);
    // Whether something was replaced is not in the answer; that it has to be is known from before.
    if (attached === 'other bytes' && (await node.attach(file, true)) !== 'unknown')
      return finish(watch, file, 'attached');
  }
  const sent = await node.send(file, { force, sent: watch.sent });
  if (sent === 'other bytes') throw otherBytes(file, conflict);
  finish(watch, file, sent);
}

function finish({ done }: UploadWatch, file: DigestedFile, outcome: Outcome): void {
  const { path, size, sha256 } = file;
  done({ path, size, sha256, outcome, error: null });
}

function otherBytes({ name }: LocalFile, conflict: Conflict): Problem {
  return conflict === 'refuse-rival'
    ? new Problem(
        `another file named ${name}, with other bytes, was given too`,
        'Name one of them.',
      )
    : new Problem(`${name} exists with other bytes`, 'Add --force to replace them.');
}

async function attempt(
  done: (result: FileResult) => void,
  file: { readonly path: string } & Partial<DigestedFile>,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (cause) {
    done(failed(file, cause));
  }
}

function failed(
  {
    path,
    size = null,
    sha256 = null,
  }: { path: string; size?: number | null; sha256?: string | null },
  cause: unknown,
): FileResult {
  return { path, size, sha256, outcome: 'failed', error: troubleOf(cause) };
}
