import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Brings the Groovy engine's classes and packages up to date with Maven, if something changed since. */
export async function buildEngine(home: string): Promise<void> {
  const stamp = join(home, 'target/.built');
  const changed = Math.max(changedAt(join(home, 'pom.xml')), newestBelow(join(home, 'src')));
  if (changedAt(stamp) > changed) return;
  // Two test files may want it at once: the second waits, and finds little to do.
  const command = ['mvn', '-q', '-B', '-f', join(home, 'pom.xml'), 'package'];
  const child = spawn('flock', [join(home, 'pom.xml'), ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said += chunk.toString();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  await once(child, 'close');
  if (child.exitCode !== 0) {
    throw new Error(
      `the Groovy engine cannot be built (mvn, a JDK >= 17 and Maven Central are needed):\n${said}`,
    );
  }
  writeFileSync(stamp, '');
}

function changedAt(path: string): number {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newestBelow(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.reduce((newest, entry) => {
    const path = join(folder, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestBelow(path) : changedAt(path));
  }, changedAt(folder));
}
