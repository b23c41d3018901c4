import { Registry, collectDefaultMetrics } from 'prom-client';

/** The metrics of one process, made by its composition root; nothing is registered behind its back. */
export function makeMetrics(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}
