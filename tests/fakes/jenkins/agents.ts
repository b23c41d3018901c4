import { createHmac } from 'node:crypto';
import { maintain } from './queue.ts';
import { loseAgent, resumeBlocks } from './runs.ts';
import type { AgentLink, Computer, World } from './world.ts';

/** How the handshake of an agent goes: the status that refuses it, or the cookie of its connection. */
export type Handshake =
  | { readonly kind: 'accepted'; readonly computer: Computer }
  | { readonly kind: 'thrown-out' }
  | { readonly kind: 'refused'; readonly status: 400 | 403 | 500; readonly reason: string };

/** A MAC over the name: the same for ever, whatever became of the node. */
export function secretOf(controllerKey: string, name: string): string {
  return createHmac('sha256', controllerKey).update(name).digest('hex');
}

/** Decides on an agent that knocks. A deleted node that a Pipeline still holds lets its agent in, and throws it out again. */
export function shakeHands(
  world: World,
  controllerKey: string,
  agent: { readonly name: string; readonly secret: string; readonly cookie: string },
): Handshake {
  const computer = world.computers.get(agent.name);
  if (computer === undefined)
    return { kind: 'refused', status: 400, reason: `no such agent ${agent.name}` };
  if (agent.secret !== secretOf(controllerKey, agent.name))
    return { kind: 'refused', status: 403, reason: 'incorrect secret' };
  if (computer.removed) return { kind: 'thrown-out' };
  if (computer.link !== null && computer.link.cookie !== agent.cookie) {
    const reason = `${agent.name} is already connected to this controller. Rejecting this connection.`;
    return { kind: 'refused', status: 500, reason };
  }
  return { kind: 'accepted', computer };
}

/** The agent is there; its executors take items a moment later. */
export function connect(world: World, computer: Computer, link: AgentLink): void {
  // The same process again, before the end of its first connection was noticed.
  computer.link?.close();
  computer.link = link;
  computer.temporarilyOffline = computer.keptOffline !== null;
  computer.offlineCause = computer.keptOffline;
  computer.settledAt = world.clock.now().getTime() + world.timings.settle;
  resumeBlocks(computer);
  world.changed();
  world.clock.after(world.timings.settle, () => maintain(world));
}

/** The agent's connection is gone, by whoever's doing. */
export function disconnected(world: World, link: AgentLink): void {
  for (const computer of world.computers.values()) {
    if (computer.link !== link) continue;
    if (!computer.removed) computer.offlineCause = { kind: 'channel-terminated' };
    loseAgent(world, computer);
  }
}
