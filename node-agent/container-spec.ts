import { STARTER_COMMAND } from './rules/starter.ts';
import type { Agent } from './rules/agent.ts';
import { cacheVolume } from './rules/container.ts';
import type { ContainerSpec } from './rules/container.ts';
import type { Template } from './rules/template.ts';

/** What an agent's container is made of: its template, and who it is. */
export function containerSpec(
  agent: Agent,
  template: Template,
  owner: { readonly service: string; readonly controllerUrl: string },
): ContainerSpec {
  return {
    identity: {
      service: owner.service,
      agent: agent.id,
      node: agent.node,
      template: agent.template,
      templateDigest: agent.templateDigest,
      controller: owner.controllerUrl,
      created: agent.phases.requested,
    },
    image: template.image,
    command: STARTER_COMMAND,
    user: template.user,
    env: template.env,
    mounts: template.mounts,
    caches: template.caches.map(({ name, target }) => ({
      volume: cacheVolume(owner.service, name),
      target,
    })),
    cpus: template.cpus,
    memoryBytes: template.memoryBytes,
    pids: template.pids,
    shmBytes: template.shmBytes,
    network: template.network,
    extraHosts: template.extraHosts,
    privileges: template.privileges,
    stopSeconds: template.stopSeconds,
  };
}
