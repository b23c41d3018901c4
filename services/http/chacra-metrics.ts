import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { EventDelivery } from '../chacra/deliver-events.ts';
import type { RepoExporter } from '../chacra/export-repos.ts';
import type { PublishQueue } from '../chacra/publish-queue.ts';
import type { Scrub } from '../chacra/scrub.ts';
import type { BlobStore, RepoStore } from '../chacra/ports.ts';
import type { HeldRequests } from '../platform/held-requests.ts';

/** What an operator watches on a storage node; collected when it is asked for. */
export function chacraMetrics(
  registry: Registry,
  node: {
    readonly repos: RepoStore;
    readonly blobs: BlobStore;
    readonly queue: PublishQueue;
    readonly events: EventDelivery;
    /** Null when nothing is exported. */
    readonly exporter: RepoExporter | null;
    readonly scrub: Scrub;
    readonly held: HeldRequests;
  },
): void {
  const registers = [registry];
  new Gauge({
    name: 'gitbuilder_chacra_repos',
    help: 'Repositories by status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const { head } of node.repos.all()) this.inc({ status: head.status });
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_publish_queue',
    help: 'Repositories that wait to be published, and those being published.',
    labelNames: ['state'],
    registers,
    collect() {
      const { waiting, running } = node.queue.depth;
      this.set({ state: 'waiting' }, waiting);
      this.set({ state: 'running' }, running);
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_held_requests',
    help: 'Requests that wait for a publish.',
    registers,
    collect() {
      this.set(node.held.count('wait'));
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_events_waiting',
    help: 'Events that shaman has not taken yet.',
    registers,
    collect() {
      let waiting = 0;
      for (const { head } of node.repos.all()) waiting += head.events.length;
      this.set(waiting);
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_shaman_away',
    help: '1 while shaman does not answer.',
    registers,
    collect() {
      this.set(node.events.isAway ? 1 : 0);
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_free_bytes',
    help: 'Free bytes on the disk of the data folder.',
    registers,
    async collect() {
      this.set(await node.blobs.freeBytes());
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_lost_blobs',
    help: 'Stored files that were found damaged or missing and were not uploaded again.',
    registers,
    async collect() {
      this.set(await node.scrub.lost());
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_scrubbed_bytes',
    help: 'Bytes read by the scrub under way, or by the last one.',
    registers,
    collect() {
      this.set(node.scrub.last?.bytes ?? 0);
    },
  });
  new Gauge({
    name: 'gitbuilder_chacra_scrub_ended_seconds',
    help: 'When the last scrub had read everything, in seconds since 1970; 0 while one is under way or before the first.',
    registers,
    collect() {
      this.set(Math.floor(Date.parse(node.scrub.last?.ended ?? '') / 1000) || 0);
    },
  });
  const { exporter } = node;
  if (exporter === null) return;
  new Gauge({
    name: 'gitbuilder_chacra_exports',
    help: 'Repositories whose exported folders are not yet as they are published, and those of them that failed.',
    labelNames: ['state'],
    registers,
    collect() {
      const { waiting, failing } = exporter.depth;
      this.set({ state: 'waiting' }, waiting);
      this.set({ state: 'failing' }, failing);
    },
  });
}
