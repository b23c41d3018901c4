import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCE = fileURLToPath(new URL('./agent/StandInAgent.java', import.meta.url));
const CACHE = fileURLToPath(
  new URL('../../../node_modules/.cache/stand-in-agent/', import.meta.url),
);
const run = promisify(execFile);

/** For images without Java: a script that is installed as `java`, and understands what the jar does. */
export const JAVA_SCRIPT = fileURLToPath(new URL('./agent/java', import.meta.url));

/** What a controller serves as agent.jar to such images: it only has to begin as a jar does. */
export const EMPTY_JAR: Uint8Array = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);

/** The stand-in agent.jar, compiled with javac unless that was done before. */
export async function agentJar(): Promise<Buffer> {
  const source = readFileSync(SOURCE);
  const path = join(CACHE, `${createHash('sha256').update(source).digest('hex').slice(0, 16)}.jar`);
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // In the same file system, so that each of several tests puts a whole file in its place.
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'work-'));
  try {
    const classes = join(work, 'classes');
    const jar = join(work, 'agent.jar');
    await run('javac', ['--release', '11', '-d', classes, SOURCE]);
    await run('jar', [
      '--create',
      `--file=${jar}`,
      '--main-class=StandInAgent',
      '-C',
      classes,
      '.',
    ]);
    const bytes = readFileSync(jar);
    renameSync(jar, path);
    return bytes;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
