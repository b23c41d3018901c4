import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { WebhookDelivery } from '../shaman/webhook-delivery.ts';
import type { ShamanContext } from './shaman-context.ts';

/** What an operator watches on the coordinator; collected when it is asked for. */
export function shamanMetrics(
  registry: Registry,
  { repos, builds, nodes }: Pick<ShamanContext, 'repos' | 'builds' | 'nodes'>,
  webhooks: readonly WebhookDelivery[],
): void {
  const registers = [registry];
  new Gauge({
    name: 'gitbuilder_shaman_repos',
    help: 'Repositories on record, by status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const { status } of repos.all()) this.inc({ status });
    },
  });
  new Gauge({
    name: 'gitbuilder_shaman_builds',
    help: 'Builds on record, by status.',
    labelNames: ['status'],
    registers,
    collect() {
      this.reset();
      for (const { status } of builds.all()) this.inc({ status });
    },
  });
  new Gauge({
    name: 'gitbuilder_shaman_nodes',
    help: 'Storage nodes, by health.',
    labelNames: ['healthy'],
    registers,
    collect() {
      this.reset();
      for (const { healthy } of nodes.all()) this.inc({ healthy: String(healthy) });
    },
  });
  new Gauge({
    name: 'gitbuilder_shaman_webhook_events_waiting',
    help: 'Events that a webhook has not taken yet.',
    labelNames: ['webhook'],
    registers,
    collect() {
      this.reset();
      for (const { name, waiting } of webhooks) this.set({ webhook: name }, waiting);
    },
  });
}
