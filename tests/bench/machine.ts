import { existsSync, statfsSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';

const TMPFS = 0x01021994;
const SHARED_MEMORY = '/dev/shm';
const ENOUGH = 6e9;

/** Where repositories of the bench lie: in memory when there is room, so that no disk decides. */
export function workRoot(): { readonly path: string; readonly kind: string } {
  for (const path of [SHARED_MEMORY, tmpdir()]) {
    if (!existsSync(path)) continue;
    const { type, bavail, bsize } = statfsSync(path);
    if (type === TMPFS && bavail * bsize > ENOUGH) return { path, kind: 'tmpfs' };
  }
  return { path: tmpdir(), kind: 'disk' };
}

/** How busy others keep the machine, in cores; latencies are worth little above a tenth of one. */
export function busyCores(): number {
  const [lastMinute = 0] = loadavg();
  return lastMinute;
}

/** What figures depend on, without anything that names the machine. */
export function machine(): string {
  const list = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  const node = process.version;
  return `${list.length} cores (${list[0]?.model.trim() ?? 'unknown'}), ${memory} GiB, ${workRoot().kind}, Node ${node}`;
}
