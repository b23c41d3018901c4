import type { StorageNode } from '../domain/storage-node.ts';
import type { Clock, Log, NodeProbe, NodeRecords } from './ports.ts';

const PAUSE = 10_000;
/** One lost answer is no outage. */
const DOWN_AFTER = 2;
/** `lastCheck` need not be newer than this on disk. */
const NOTE_EACH = 60_000;

export interface ProbeCollaborators {
  readonly nodes: NodeRecords;
  readonly probe: NodeProbe;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asks every storage node for its health, again and again, so that no request has to. */
export class NodeProbing {
  readonly #collaborators: ProbeCollaborators;
  #cancel: (() => void) | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(collaborators: ProbeCollaborators) {
    this.#collaborators = collaborators;
  }

  start(): void {
    this.#running = this.#round();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #round(): Promise<void> {
    await probeNodes(this.#collaborators);
    if (this.#stopped) return;
    this.#cancel = this.#collaborators.clock.after(PAUSE, () => this.start());
  }
}

/** Asks every node once, all side by side: they are few. */
export async function probeNodes({ nodes, probe, clock, log }: ProbeCollaborators): Promise<void> {
  await Promise.all(
    nodes.all().map(async ({ host, url }) => {
      const reason = await probe.whyUnhealthy(url);
      const before = nodes.get(host);
      const now = clock.now();
      const after = nodes.changeSoon(host, (node) =>
        node === undefined ? null : noted(node, reason, now),
      );
      if (before === undefined || after === undefined || before.healthy === after.healthy) return;
      if (after.healthy) log.info({ node: host }, 'storage node is back');
      else log.warn({ node: host, reason }, 'storage node is down');
    }),
  );
}

function noted(node: StorageNode, reason: string | null, now: Date): StorageNode | null {
  const downCount = reason === null ? 0 : node.downCount + 1;
  const healthy = reason === null || (node.healthy && downCount < DOWN_AFTER);
  const since = now.getTime() - Date.parse(node.lastCheck ?? '1970-01-01');
  const isSame = healthy === node.healthy && reason === node.reason && downCount === node.downCount;
  if (isSame && since < NOTE_EACH) return null;
  return { ...node, healthy, reason, downCount, lastCheck: now.toISOString() };
}
