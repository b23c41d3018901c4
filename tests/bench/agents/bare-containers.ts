import type Docker from 'dockerode';
import { BUSYBOX_IMAGE } from '../../fixtures/docker-engine.ts';
import { inTurns } from './in-turns.ts';
import { EngineEvents, lastOf } from './engine-events.ts';

const LABEL = 'io.gitbuilder.bench';

/** Containers of the agents' image without anything that makes an agent of them. */
export class BareContainers {
  readonly #docker: Docker;
  readonly #events: EngineEvents;

  private constructor(docker: Docker, events: EngineEvents) {
    this.#docker = docker;
    this.#events = events;
  }

  static async open(docker: Docker): Promise<BareContainers> {
    return new BareContainers(docker, await EngineEvents.open(docker, LABEL));
  }

  /** Creates and starts so many, some at once; the seconds until the engine says that the last one started. */
  async startAll(count: number, atOnce: number): Promise<number> {
    const made: Docker.Container[] = [];
    const started = this.#events.next('start', count);
    const begun = Date.now();
    await inTurns(count, atOnce, async () => {
      const container = await this.#docker.createContainer({
        ...{ Image: BUSYBOX_IMAGE, Entrypoint: ['/bin/sleep', '600'], Labels: { [LABEL]: 'bare' } },
      });
      made.push(container);
      await container.start();
    });
    const seconds = (lastOf(await started) - begun) / 1000;
    await inTurns(count, atOnce, () => made.pop()?.remove({ force: true }));
    return seconds;
  }

  close(): void {
    this.#events.close();
  }
}
