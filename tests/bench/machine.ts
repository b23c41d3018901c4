import { existsSync, statfsSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';

const TMPFS = 0x01021994;
const SHARED_MEMORY = '/dev/shm';
const ENOUGH = 6e9;
const LOOK_MILLISECONDS = 3000;

/** Where repositories of the bench lie: in memory when there is room, so that no disk decides. */
export function workRoot(): { readonly path: string; readonly kind: string } {
  for (const path of [SHARED_MEMORY, tmpdir()]) {
    if (!existsSync(path)) continue;
    const { type, bavail, bsize } = statfsSync(path);
    if (type === TMPFS && bavail * bsize > ENOUGH) return { path, kind: 'tmpfs' };
  }
  return { path: tmpdir(), kind: 'disk' };
}

/** How busy others keep the machine, in cores, seen for a few seconds; latencies are worth little above a tenth of one. */
export async function busyCores(): Promise<number> {
  const before = usedMilliseconds();
  await pause(LOOK_MILLISECONDS);
  return (usedMilliseconds() - before) / LOOK_MILLISECONDS;
}

function usedMilliseconds(): number {
  return cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
}

/** What figures depend on, without anything that names the machine. */
export function machine(): string {
  const list = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const node = process.version;
  return `${list.length} cores (${list[0]?.model.trim() ?? 'unknown'}), ${memory} GiB, ${workRoot().kind}, Node ${node}`;
}
