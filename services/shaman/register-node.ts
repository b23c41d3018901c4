import { GitbuilderError } from '../domain/errors.ts';
import { newStorageNode } from '../domain/storage-node.ts';
import type { StorageNode } from '../domain/storage-node.ts';
import { parseFolderAddress } from '../domain/web-address.ts';
import type { Clock, NodeRecords } from './ports.ts';

/** What a node says of itself: nothing, as the original, or all of it with each heartbeat. */
export interface NodeReport {
  readonly url?: string | undefined;
  readonly freeBytes?: number | undefined;
  readonly load?: number | undefined;
  readonly version?: string | undefined;
}

/** Takes a node's registration or heartbeat: who speaks is there, so it is healthy from now on. */
export async function registerNode(
  { nodes, clock }: { readonly nodes: NodeRecords; readonly clock: Clock },
  host: string,
  report: NodeReport,
): Promise<void> {
  const url = urlOf(host, report.url);
  const now = clock.now().toISOString();
  const apply = (node: StorageNode | undefined): StorageNode => ({
    ...(node ?? newStorageNode(host, url, now)),
    ...(report.url === undefined ? {} : { url }),
    ...(report.freeBytes === undefined ? {} : { freeBytes: report.freeBytes }),
    ...(report.load === undefined ? {} : { load: report.load }),
    ...(report.version === undefined ? {} : { version: report.version }),
    healthy: true,
    downCount: 0,
    reason: null,
    lastCheck: now,
  });
  const before = nodes.get(host);
  const isHeartbeat = before?.healthy === true && (report.url === undefined || before.url === url);
  // Each heartbeat as a durable write would tell the disk nothing that the next one does not.
  if (isHeartbeat) nodes.changeSoon(host, apply);
  else await nodes.change(host, apply);
}

/** The URL that is handed out: uploads go there, so it must be of the host that registers. */
function urlOf(host: string, url: string | undefined): string {
  const named = `https://${host}/`;
  // `next` is a word of the URL scheme.
  if (host === 'next' || !/^[^\s/?#@\\]+$/.test(host) || !URL.canParse(named)) {
    throw new GitbuilderError('REQUEST_INVALID', { reason: `${host} is no host[:port]` });
  }
  if (url === undefined) return named;
  const folder = parseFolderAddress('url', url);
  if (new URL(folder).host !== host.toLowerCase()) {
    const reason = `url must be of the host ${host} that registers`;
    throw new GitbuilderError('REQUEST_INVALID', { reason });
  }
  return folder;
}

/** Forgets a node, durably; NOT_FOUND when there is none. What it stores stays on record. */
export async function removeNode(
  { nodes }: { readonly nodes: NodeRecords },
  host: string,
): Promise<void> {
  if (nodes.get(host) === undefined) {
    throw new GitbuilderError('NOT_FOUND', { what: `storage node ${host}` });
  }
  await nodes.remove(host);
}
