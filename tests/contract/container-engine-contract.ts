import { createHash, randomBytes } from 'node:crypto';
import t, { type Test } from 'tap';
import type { ContainerEngine, FromEngine } from '../../node-agent/ports.ts';
import type { ContainerSpec, OwnContainer } from '../../node-agent/rules/container.ts';
import { needsEngine } from '../fixtures/docker-engine.ts';
import { running, someContainer } from '../fixtures/some-container.ts';

/** One way to an engine, and what its adapter cannot know of it. */
export interface EngineVariant {
  readonly name: string;
  open(service: string): ContainerEngine;
  /** Everything that an operator of the host could read of one: inspections of all kinds. */
  inspections(id: string): Promise<string>;
  /** Has it end at once, from outside. */
  kill(id: string): Promise<void>;
  /** What one has said as soon as it has said this word; a Swarm's manager may not know yet that it runs. */
  said(id: string, word: string): Promise<readonly string[]>;
  /** Resolves when what these were is gone from its machine; a Swarm clears up after it has answered. */
  cleared(ids: readonly string[]): Promise<void>;
  /** A Swarm judges mounts on the machine that runs it, tells no exit code of what was removed, and more. */
  readonly isSwarm: boolean;
}

/** An end that was told of. */
interface Death {
  readonly container: string;
  readonly agent: string;
  readonly exitCode: number | null;
}

/** An engine for one test, whose containers go with it. */
class Bench {
  readonly service = randomBytes(8).toString('hex');
  readonly engine: ContainerEngine;
  readonly deaths: Death[] = [];
  #told: () => void = () => undefined;

  constructor(t: Test, variant: EngineVariant) {
    this.engine = variant.open(this.service);
    t.teardown(async () => {
      const left = await this.engine.list();
      if (left.ok) await Promise.all(left.value.map(({ id }) => this.engine.remove(id, 0)));
      this.engine.close();
    });
  }

  /** Follows the engine; resolves when it is subscribed. */
  watch(): Promise<void> {
    return new Promise((resolve) =>
      this.engine.watch({
        died: (container, agent, exitCode) => {
          this.deaths.push({ container, agent, exitCode });
          this.#told();
        },
        missed: () => resolve(),
      }),
    );
  }

  async death(container: string): Promise<Death> {
    for (;;) {
      const death = this.deaths.find((told) => told.container === container);
      if (death !== undefined) return death;
      await new Promise<void>((resolve) => (this.#told = resolve));
    }
  }

  async started(spec: ContainerSpec, secret?: string): Promise<string> {
    const id = await got(this.engine.create(spec));
    if (secret !== undefined) {
      const file = { path: '/opt/gitbuilder/secret', content: `${secret}\n`, mode: 0o400 };
      await got(this.engine.handOver(id, [file]));
    }
    await got(this.engine.start(id));
    return id;
  }

  /** What a container says that runs this and ends. Waits for its end. */
  async output(script: string, differs: Partial<ContainerSpec> = {}): Promise<readonly string[]> {
    const spec = someContainer(this.service, { ...differs, command: running(script) });
    const id = await this.started(spec);
    await this.death(id);
    return got(this.engine.lastLines(id, 100));
  }

  async listed(id: string): Promise<OwnContainer | undefined> {
    return (await got(this.engine.list())).find((container) => container.id === id);
  }
}

/** The value; rejects with what failed. */
export async function got<T>(outcome: FromEngine<T>): Promise<T> {
  const answered = await outcome;
  if (answered.ok) return answered.value;
  throw new Error(`${answered.failure.kind}: ${answered.failure.reason}`);
}

async function failure<T>(outcome: FromEngine<T>): Promise<string> {
  const answered = await outcome;
  return answered.ok ? 'none' : answered.failure.kind;
}

/** What every adapter of a container engine must do, on a real one. */
export function containerEngineContract(variant: EngineVariant): void {
  const test = (title: string, body: (t: Test, bench: Bench) => Promise<void>) =>
    t.test(`${variant.name}: ${title}`, needsEngine(), (t) => body(t, new Bench(t, variant)));

  test('says what machine it is', async (t, { engine }) => {
    const facts = await got(engine.facts());
    t.match(facts.version, /^\d+\./);
    t.ok(facts.cpus >= 1 && facts.memoryBytes > 1024 ** 3);
    t.ok(facts.archs.includes(process.arch === 'x64' ? 'x86_64' : 'aarch64'), facts.archs.join());
    if (!variant.isSwarm) t.match(facts.gateway ?? '', /^\d+\.\d+\.\d+\.\d+$/);
  });

  test('makes, starts, shows and removes what is ours', async (t, bench) => {
    const { engine, service } = bench;
    await bench.watch();
    const spec = someContainer(service);
    const id = await got(engine.create(spec));
    const made = { id, identity: spec.identity, exitCode: null, reason: null };
    t.match(await bench.listed(id), { ...made, state: 'created' });
    await got(engine.start(id));
    t.match(await bench.listed(id), { id, identity: spec.identity, state: 'running' });
    await got(engine.start(id));
    await got(engine.remove(id, 5));
    t.equal(await bench.listed(id), undefined);
    await got(engine.remove(id, 5));
    t.equal(await failure(engine.start(id)), 'absent');
  });

  test('tells of an end, whoever ended it', async (t, bench) => {
    await bench.watch();
    const failing = someContainer(bench.service, { command: running('exit 7') });
    const waiting = someContainer(bench.service);
    const [failed, killed] = await Promise.all([bench.started(failing), bench.started(waiting)]);
    t.same(await bench.death(failed), {
      container: failed,
      agent: failing.identity.agent,
      exitCode: 7,
    });
    await variant.kill(killed);
    t.equal((await bench.death(killed)).agent, waiting.identity.agent);
    t.match(await bench.listed(failed), { state: 'ended', exitCode: 7, reason: /./ });
  });

  test('shows a handed secret to its process and in no inspection', async (t, bench) => {
    const secret = randomBytes(32).toString('hex');
    const read = 'stat -c "%a %u" /opt/gitbuilder/secret; sha256sum </opt/gitbuilder/secret; id -u';
    const wait = 'echo ready; trap "exit 0" TERM; sleep 600 & wait';
    const spec = someContainer(bench.service, {
      user: '1234',
      command: running(`${read}; ${wait}`),
    });
    const id = await bench.started(spec, secret);
    const lines = await variant.said(id, 'ready');
    t.same([lines[0], lines[2]], ['400 1234', '1234']);
    const digest = createHash('sha256').update(`${secret}\n`).digest('hex');
    t.match(lines[1] ?? '', digest);
    const inspections = await variant.inspections(id);
    t.match(inspections, spec.identity.node);
    t.notMatch(inspections, secret);
    t.notMatch(inspections, Buffer.from(`${secret}\n`).toString('base64'));
    await got(bench.engine.takeBack(id, ['/opt/gitbuilder/secret']));
  });

  test('gives what the template asks for, and no more', async (t, bench) => {
    await bench.watch();
    const memory = '/sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max';
    const pids = '/sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max';
    const script = [
      `echo "memory $(cat ${memory} 2>/dev/null)"`,
      `echo "pids $(cat ${pids} 2>/dev/null)"`,
      'echo "shm $(df -k /dev/shm | tail -n 1)"',
      'echo "tmp $(df -k /scratch | tail -n 1)"',
      'grep builder.example /etc/hosts',
      'echo "user $(id -u)"',
      'echo "env $GREETING"',
      'grep NoNewPrivs /proc/self/status',
      'test -w /ro || echo "read-only"',
    ].join('; ');
    const lines = await bench.output(script, {
      user: '1234:1235',
      env: { GREETING: 'a "b" $c\'d' },
      memoryBytes: 96 * 1024 ** 2,
      pids: 77,
      cpus: 0.5,
      shmBytes: 8 * 1024 ** 2,
      extraHosts: ['builder.example:10.1.2.3'],
      mounts: [
        { kind: 'tmpfs', target: '/scratch', sizeBytes: 4 * 1024 ** 2 },
        { kind: 'bind', source: '/usr/share', target: '/ro', readOnly: true },
      ],
    });
    const text = lines.join('\n');
    t.match(text, `memory ${96 * 1024 ** 2}`);
    t.match(text, 'pids 77');
    t.match(text, /shm \S+ +8192/);
    t.match(text, /tmp \S+ +4096/);
    t.match(text, /10\.1\.2\.3\s+builder\.example/);
    t.match(text, 'user 1234');
    t.match(text, `env a "b" $c'd`);
    if (!variant.isSwarm) t.match(text, /NoNewPrivs:\s+1/);
    t.match(text, 'read-only');
  });

  test('keeps a cache from one agent to the next, until it is removed', async (t, bench) => {
    await bench.watch();
    const volume = `gitbuilder-test-${bench.service}`;
    const caches = [{ volume, target: '/cache' }];
    t.same(await bench.output('echo kept >/cache/file; cat /cache/file', { caches }), ['kept']);
    t.same(await bench.output('cat /cache/file', { caches }), ['kept']);
    t.match(await got(bench.engine.caches()), [{ volume, isInUse: true }]);
    t.equal(await failure(bench.engine.removeCache(volume)), 'refused');
    const stranger = variant.open('another');
    t.teardown(() => stranger.close());
    const others = someContainer('another', { caches });
    t.equal(await failure(stranger.create(others)), 'refused', 'not a cache of this service');
    const ids = (await got(bench.engine.list())).map((container) => container.id);
    const cleared = variant.cleared(ids);
    for (const id of ids) await got(bench.engine.remove(id, 0));
    t.equal(await failure(stranger.removeCache(volume)), 'refused');
    await cleared;
    await got(bench.engine.removeCache(volume));
    t.same(await got(bench.engine.caches()), []);
    await got(bench.engine.removeCache(volume));
  });

  test('never touches what another service made', async (t, bench) => {
    const id = await bench.started(someContainer(bench.service));
    const stranger = variant.open('another');
    t.teardown(() => stranger.close());
    t.notOk((await got(stranger.list())).some((container) => container.id === id));
    t.equal(await failure(stranger.remove(id, 0)), 'refused');
    t.match(await bench.listed(id), { state: 'running' });
  });

  test('names what it refuses', async (t, bench) => {
    const { engine, service } = bench;
    const spec = someContainer(service);
    await got(engine.create(spec));
    t.equal(await failure(engine.create(spec)), 'name-taken');
    t.equal(await failure(engine.lastLines('0123456789ab', 5)), 'absent');
    const image = 'gitbuilder-test/absent:1';
    t.equal(
      await failure(engine.fetchImage({ image, policy: 'never', timeoutMilliseconds: 1000 })),
      'no-image',
    );
    const bind = { kind: 'bind', source: '/nonexistent/x', target: '/x', readOnly: true } as const;
    const without = await bench.engine.create(someContainer(service, { mounts: [bind] }));
    if (!variant.isSwarm) t.match(without, { failure: { kind: 'refused', reason: /nonexistent/ } });
  });

  test('shows the last lines of both streams in their order', async (t, bench) => {
    await bench.watch();
    const script = 'for n in 1 2 3 4 5; do echo "out $n"; echo "err $n" >&2; sleep 0.05; done';
    const spec = someContainer(bench.service, { command: running(script) });
    const id = await bench.started(spec);
    await bench.death(id);
    const lines = await got(bench.engine.lastLines(id, 4));
    t.same([...lines].sort(), ['err 4', 'err 5', 'out 4', 'out 5']);
    t.same([...lines].slice(0, 2).sort(), ['err 4', 'out 4']);
  });

  test('stops it by its own will first', async (t, bench) => {
    await bench.watch();
    const polite = 'trap "echo bye; exit 3" TERM; echo up; sleep 600 & wait';
    const id = await bench.started(someContainer(bench.service, { command: running(polite) }));
    await variant.said(id, 'up');
    await got(bench.engine.remove(id, 10));
    if (!variant.isSwarm) t.equal((await bench.death(id)).exitCode, 3);
    t.equal(await bench.listed(id), undefined);
  });
}
