import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { GitbuilderError } from '../domain/errors.ts';

/** What flock(1) answers when somebody else holds the lock; the same in util-linux and busybox. */
const HELD = 1;

/** A data folder that is ours alone until `release`, or until this process ends, however it ends. */
export interface FolderLock {
  release(): void;
}

/**
 * Takes a data folder for this process alone, or throws DATA_LOCKED. A flock(2) lock belongs to the
 * open file, not to who asked for it: flock(1) takes it on a descriptor that it inherits from us and
 * ends, and the kernel keeps it for our descriptor. So no process has to stay beside us, no signal
 * can drop it early, and it is gone with us after `kill -9`.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  // A bare descriptor: a FileHandle would be closed, and the lock dropped, by garbage collection.
  const descriptor = openSync(join(folder, '.lock'), 'a', 0o600);
  let answer: { code: number | null; says: string };
  try {
    answer = await flock(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw new Error('cannot lock the data folder: needs the command flock (package util-linux)', {
      cause: error,
    });
  }
  if (answer.code === 0) return { release: () => closeSync(descriptor) };
  closeSync(descriptor);
  if (answer.code === HELD) throw new GitbuilderError('DATA_LOCKED', { folder });
  throw new Error(`cannot lock the data folder ${folder}: ${answer.says.trim()}`);
}

async function flock(descriptor: number): Promise<{ code: number | null; says: string }> {
  const child = spawn('flock', ['-n', '3'], { stdio: ['ignore', 'ignore', 'pipe', descriptor] });
  const says: Buffer[] = [];
  child.stdio[2]?.on('data', (chunk: Buffer) => says.push(chunk));
  await once(child, 'close');
  return { code: child.exitCode, says: Buffer.concat(says).toString() };
}
