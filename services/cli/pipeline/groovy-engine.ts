import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { checkoutFolder } from '../checkout-folder.ts';
import { buildEngine } from './build-engine.ts';
import { EngineBuild } from './engine-build.ts';
import type { BuildOrder, EngineEvent } from './engine-build.ts';

/**
 * Jenkins' own CPS engine without Jenkins, as a process: runs Jenkinsfiles with the shared library, any number side
 * by side. What it checks, and what it cannot, says tests/groovy/README.md.
 */
export class GroovyEngine {
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #builds = new Map<string, EngineBuild>();
  #complaints = '';
  #lastId = 0;

  private constructor(process: ChildProcessByStdio<Writable, Readable, Readable>) {
    this.#process = process;
    process.stderr.on('data', (chunk: Buffer) => {
      this.#complaints += chunk.toString();
    });
    // Its end is told by 'close', also to those who write just then.
    process.stdin.on('error', () => undefined);
    createInterface({ input: process.stdout }).on('line', (line) => this.#hear(line));
    process.on('close', () => {
      for (const build of this.#builds.values()) build.lost(this.#complaints);
    });
  }

  /** Builds the engine if its sources changed (Maven), and starts it. */
  static async start(): Promise<GroovyEngine> {
    const home = join(checkoutFolder(), 'tests/groovy');
    await buildEngine(home);
    const classPath = ['target/classes', 'target/lib/*'].map((path) => join(home, path)).join(':');
    const options = ['-XX:TieredStopAtLevel=1', '-Xmx512m', '-cp', classPath];
    const program = ['org.ceph.gitbuilder.engine.Main', join(home, 'sandbox.json')];
    return new GroovyEngine(
      spawn('java', [...options, ...program], { stdio: ['pipe', 'pipe', 'pipe'] }),
    );
  }

  /** Starts a build; it runs on by itself. */
  run(order: BuildOrder): EngineBuild {
    this.#lastId += 1;
    const id = String(this.#lastId);
    const build = new EngineBuild((what) => this.#send({ ...what, id }));
    this.#builds.set(id, build);
    this.#send({ library: libraryFolder(), ...order, do: 'run', id });
    return build;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.stdin.end();
    await once(this.#process, 'close');
  }

  #send(order: object): void {
    this.#process.stdin.write(`${JSON.stringify(order)}\n`);
  }

  #hear(line: string): void {
    // One line of our own process: tests/groovy/…/Outside.java writes it.
    const event = JSON.parse(line) as EngineEvent & { readonly id: string };
    this.#builds.get(event.id)?.hear(event);
  }
}

/** The shared library of this checkout, as Jenkins loads it: a folder with vars, src and resources. */
function libraryFolder(): string {
  return join(checkoutFolder(), 'jenkins-shared-lib');
}
