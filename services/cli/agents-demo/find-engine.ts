import { once } from 'node:events';
import { createServer } from 'node:net';
import { LocalEngine } from '../../../node-agent/engine-main.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { reasonOf } from '../../domain/reason.ts';
import { makeLogger } from '../../platform/logging.ts';
import { engineAdvice } from './engine-advice.ts';

const USUAL = 'unix:///var/run/docker.sock';

/** An engine that answers, and how its containers reach this machine. */
export interface FoundEngine {
  readonly engine: LocalEngine;
  readonly version: string;
  readonly gateway: string;
}

/** Where the engine is, as Docker's own clients find it; tests name theirs in a variable of its own. */
export function engineUrl(env: NodeJS.ProcessEnv): string {
  const named = [env['GITBUILDER_DOCKER'], env['DOCKER_HOST']];
  return named.find((url) => url !== undefined && url !== '') ?? USUAL;
}

/** Opens it; rejects with what to do where there is none that the demo can use. */
export async function findEngine(
  url: string,
  service: string,
  told: (progress: string) => void,
): Promise<FoundEngine> {
  if (!url.startsWith('unix://')) {
    throw new Error(
      `${url} is no socket of this machine, whose addresses the containers of the demo must reach: name one in DOCKER_HOST, such as ${USUAL}`,
    );
  }
  const parts = { url, service, clock: systemClock, log: makeLogger('error') };
  const engine = new LocalEngine({ ...parts, told });
  try {
    const { version, gateway } = await engine.facts().catch((cause: unknown) => {
      const reason = reasonOf(cause);
      throw new Error(`there is no Docker engine: ${reason}\n${engineAdvice(reason)}`, { cause });
    });
    if (gateway === null || !(await isOurs(gateway))) {
      throw new Error(
        `containers of ${url} do not reach this machine by the gateway of their network (${gateway ?? 'it has none'}): the demo needs an engine that runs on this machine itself, not in a virtual machine, without root or beside this container`,
      );
    }
    return { engine, version, gateway };
  } catch (cause) {
    engine.close();
    throw cause;
  }
}

/** Tried out, because a bridge without containers is in no list of addresses that are up. */
async function isOurs(address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(0, address);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
