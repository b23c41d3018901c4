import type { FakeJenkins } from './fake-jenkins.ts';
import { enqueueBlock, enqueueJob, maintain } from './queue.ts';
import { finishBlock, finishBuild } from './runs.ts';
import type { Block, Build, Result } from './world.ts';

/** A build of a Pipeline whose `node` blocks come when its program says so, for a program that runs elsewhere. */
export class OpenBuild {
  readonly #jenkins: FakeJenkins;
  readonly #build: Build;

  /** Starts the next build of a job that has no blocks of its own. */
  constructor(jenkins: FakeJenkins, name: string) {
    this.#jenkins = jenkins;
    const job = jenkins.define({ name, blocks: [] });
    const request = { startedBy: 'operator', parameters: {}, quietMilliseconds: 0 };
    enqueueJob(jenkins.world, job, request);
    const build = job.builds.at(-1);
    if (build === undefined) throw new Error(`${name} did not start`);
    this.#build = build;
    // The program itself: else the build would end with its first block.
    build.blocks.push({ ...this.#block('program', null), state: 'running' });
  }

  /** A `node(label)` begins to wait; resolves with the node that runs it. */
  async enter(id: string, label: string): Promise<string> {
    const block = this.#block(id, label);
    this.#build.blocks.push(block);
    enqueueBlock(this.#jenkins.world, this.#build, block);
    maintain(this.#jenkins.world);
    await this.#jenkins.until(() => block.state !== 'queued');
    return block.node ?? '';
  }

  /** Its body has ended. */
  leave(id: string): void {
    const block = this.#build.blocks.find((one) => one.id === id);
    if (block !== undefined) finishBlock(this.#jenkins.world, this.#build, block, 'SUCCESS');
  }

  end(result: Result): void {
    finishBuild(this.#jenkins.world, this.#build, result);
  }

  #block(id: string, label: string | null): Block {
    const definition = { label, body: { kind: 'hold' } } as const;
    const fresh = { state: 'unborn', node: null, cookie: null, cancelTimer: null } as const;
    return { ...fresh, definition, retries: 0, id };
  }
}
