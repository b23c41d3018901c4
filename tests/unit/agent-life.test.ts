import fc from 'fast-check';
import t from 'tap';
import type { Test } from 'tap';
import { endDemand, postDemand } from '../../node-agent/demands.ts';
import {
  drainAgent,
  holdAgent,
  releaseAgent,
  retryTemplate,
} from '../../node-agent/operate-agents.ts';
import { isPresent } from '../../node-agent/rules/life.ts';
import type { Template } from '../../node-agent/rules/template.ts';
import { AgentWorld } from '../fakes/agent-world.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { startService } from '../fixtures/world-service.ts';
import type { TestService } from '../fixtures/world-service.ts';
import { someTemplate } from '../fixtures/some-template.ts';
import { testFolder } from '../fixtures/test-folder.ts';

interface Options {
  readonly templates?: readonly Template[];
  readonly hosts?: readonly string[];
  readonly totalCap?: number;
}

async function stage(t: Test, options: Options = {}) {
  const world = new AgentWorld();
  const clock = new ManualClock();
  const folder = testFolder(t);
  const start = (service?: string) =>
    startService(world, clock, {
      folder: service === undefined ? folder : testFolder(t),
      templates: options.templates ?? [someTemplate()],
      ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
      ...(options.totalCap === undefined ? {} : { totalCap: options.totalCap }),
      ...(service === undefined ? {} : { service }),
    });
  return { world, clock, start, service: await start() };
}

const present = ({ collaborators }: TestService) => collaborators.agents.all().filter(isPresent);
const states = (service: TestService) => present(service).map(({ state }) => state);
const order = (label: string, build: string | null) => ({
  ...{ label, build, block: 'block', hint: null, seconds: null },
});

t.test('a build gets a fresh agent, which goes when it is done', async (t) => {
  const { world, service } = await stage(t);
  const build = world.queue('noble&&x86_64');
  await service.seconds(3);
  t.strictSame(states(service), ['draining'], 'used once: closed as soon as the build is seen');
  await service.seconds(100);
  t.equal(world.nodes.size, 1, 'and left alone while it runs');
  world.finish(build);
  await service.seconds(4);
  t.strictSame([states(service), world.nodes.size, world.containers.size], [[], 0, 0]);
  t.equal(world.created, 1);
  const [agent] = service.collaborators.agents.all();
  t.equal(agent?.build, build);
  t.strictSame(
    agent?.journal.map(({ state }) => state),
    ['requested', 'creating', 'starting', 'connecting', 'idle', 'draining', 'deleting', 'gone'],
  );
});

t.test('the same build by demand and by queue is one agent', async (t) => {
  const { world, service } = await stage(t);
  const { collaborators, loops } = service;
  await service.seconds(1);
  await postDemand(collaborators, order('noble', 'http://jenkins/job/b/7/'));
  await postDemand(collaborators, order('noble', 'http://jenkins/job/b/7/'));
  await loops.planNow();
  t.equal(present(service).length, 1, 'at once, before its block is in the queue');
  world.queue('noble', 'job/b/7/');
  await service.seconds(30);
  t.equal(world.created, 1);
  t.strictSame(collaborators.demands.all(), [], 'the demand ended when its block began');
});

t.test('100 equal items and a cap of 40 make exactly 40', async (t) => {
  const { world, service } = await stage(t, { templates: [someTemplate({ cap: 40 })] });
  for (let count = 0; count < 100; count += 1) world.queue('noble');
  await service.seconds(5);
  t.equal(present(service).length, 40);
  t.equal(world.containers.size, 40);
  const { refused } = service.collaborators.situation.outlook.plan ?? { refused: [] };
  t.match(refused, [{ template: 'noble', kind: 'template', count: 60 }]);
});

t.test('a restart of Jenkins with ten known agents makes no new container', async (t) => {
  const { world, service } = await stage(t, { templates: [someTemplate({ uses: null })] });
  const builds = Array.from({ length: 10 }, () => world.queue('noble'));
  await service.seconds(5);
  t.equal(world.created, 10);
  world.jenkins = 'down';
  await service.seconds(30);
  for (let count = 0; count < 5; count += 1) world.queue('noble');
  world.restartJenkins();
  await service.loops.pollNow();
  await service.loops.quiet();
  t.equal(world.created, 10, 'all nodes are offline, and items wait: nothing is concluded yet');
  await service.seconds(30);
  t.equal(world.created, 15, 'the new builds only, and only when the old agents are back');
  for (const build of builds) world.finish(build);
  t.strictSame([...world.finished].sort(), [...builds].sort(), 'every build went on');
  t.strictSame(world.killed, []);
});

t.test(
  'one-shot agents take their build back after a restart, though they are closed',
  async (t) => {
    const { world, service } = await stage(t);
    const build = world.queue('noble');
    await service.seconds(5);
    t.strictSame(states(service), ['draining']);
    world.restartJenkins();
    await service.seconds(200);
    t.strictSame(states(service), ['draining']);
    world.finish(build);
    await service.seconds(10);
    t.strictSame([states(service), world.killed, world.created], [[], [], 1]);
  },
);

t.test('what fails again and again is braked, and leaves nothing', async (t) => {
  const { world, service, clock } = await stage(t);
  world.failCreate = { kind: 'no-image', reason: 'no such image' };
  world.queue('noble');
  await service.seconds(2);
  t.strictSame([world.nodes.size, states(service)], [0, []], 'the node that was made is deleted');
  const brake = () => service.collaborators.standing.get().brakes['noble'];
  t.equal(brake()?.failures, 1);
  await service.seconds(600);
  const failures = brake()?.failures ?? 0;
  t.ok(failures >= 5 && failures <= 10, `${failures} tries in ten minutes`);
  t.match(service.collaborators.situation.outlook.plan?.refused, [
    { kind: 'brake', reason: /quarantine.*no such image/ },
  ]);
  world.failCreate = null;
  await retryTemplate(service.collaborators, 'noble');
  await service.seconds(3);
  t.equal(brake(), undefined);
  t.strictSame(states(service), ['draining']);
  t.ok(clock.now());
});

t.test('a container that dies takes its node with it at once, idle or busy', async (t) => {
  const { world, service } = await stage(t, { templates: [someTemplate({ minIdle: 1 })] });
  await service.seconds(3);
  t.strictSame(states(service), ['idle']);
  const [idle = ''] = world.containers.keys();
  await world.crash(idle);
  await service.loops.quiet();
  t.notOk(world.containers.has(idle));
  t.equal(world.nodes.size, 0);
  await service.seconds(3);
  t.strictSame(states(service), ['idle'], 'another one is kept ready');
  world.queue('noble');
  await service.seconds(2);
  const busy = [...world.nodes.values()].find(({ build }) => build !== null)?.connected ?? '';
  await world.crash(busy);
  await service.loops.quiet();
  t.notOk([...world.nodes.values()].some(({ build }) => build !== null));
  t.match(
    service.collaborators.agents.all().map(({ lastLog }) => lastLog),
    [['last words'], ['last words']],
  );
  t.equal(service.collaborators.standing.get().brakes['noble'], undefined, 'that is no brake');
});

t.test('a service that finds no templates at its start lets nobody go', async (t) => {
  const { service } = await stage(t, {
    templates: [someTemplate({ minIdle: 1, idleSeconds: 10, uses: null })],
  });
  const { situation } = service.collaborators;
  await service.seconds(3);
  t.strictSame(states(service), ['idle']);
  situation.templates = [];
  situation.templateProblems = ['/etc/templates is not there'];
  await service.seconds(60);
  t.strictSame(states(service), ['idle']);
  t.match(situation.outlook.pausedBecause, '/etc/templates is not there');
  situation.templateProblems = [];
  await service.seconds(60);
  t.strictSame(states(service), [], 'an empty folder is an order');
});

t.test('without templates, agents of many uses go on and those of one use go', async (t) => {
  for (const [uses, left] of [
    [null, ['idle']],
    [1, []],
  ] as const) {
    const { world, service } = await stage(t, { templates: [someTemplate({ uses, minIdle: 0 })] });
    const { situation } = service.collaborators;
    const first = world.queue('noble');
    await service.seconds(3);
    situation.templates = [];
    situation.templateProblems = ['/etc/templates is not there'];
    world.finish(first);
    await service.seconds(10);
    t.strictSame(states(service), left);
    if (uses === 1) continue;
    const second = world.queue('noble');
    await service.seconds(3);
    t.strictSame(states(service), ['busy']);
    world.finish(second);
    await service.seconds(10);
    t.strictSame(states(service), left);
    t.equal(world.created, 1);
  }
});

t.test('a job that starts while its agent is retired survives', async (t) => {
  const { world, service } = await stage(t, {
    templates: [someTemplate({ minIdle: 1, idleSeconds: 10, uses: null })],
  });
  await service.seconds(3);
  const [agent] = present(service);
  service.collaborators.situation.templates = [someTemplate({ idleSeconds: 10, uses: null })];
  await service.seconds(9);
  // Idle long enough: it is about to be closed. In this moment a build takes it.
  const build = world.queue('noble');
  await service.seconds(1);
  await service.seconds(20);
  t.equal(world.killed.length, 0);
  t.ok([...world.nodes.values()].some((node) => node.build === build));
  world.finish(build);
  await service.seconds(30);
  t.equal(service.collaborators.agents.get(agent?.id ?? '')?.state, 'gone');
});

t.test(
  'a build that takes an agent in the moment of its retirement has what it asked for',
  async (t) => {
    const { world, service } = await stage(t, {
      templates: [someTemplate({ idleSeconds: 10, uses: null })],
    });
    const { demands } = service.collaborators;
    const first = world.queue('noble');
    await service.seconds(5);
    world.finish(first);
    while (states(service)[0] !== 'draining') await service.seconds(1);
    const [node] = world.nodes.values();
    t.equal(node?.closed, null, 'Jenkins does not know yet that it is retired');
    const build = world.queue('noble');
    await postDemand(service.collaborators, order('noble', build));
    await service.seconds(3);
    t.equal(node?.build, build);
    t.strictSame(demands.all(), [], 'its demand has ended');
    world.finish(build);
    await service.seconds(30);
    t.strictSame(
      [world.created, states(service), world.killed],
      [1, [], []],
      'and no other is made',
    );
  },
);

t.test('a host that is unreachable for an hour loses nothing', async (t) => {
  const { world, service } = await stage(t, {
    templates: [someTemplate({ uses: null })],
    hosts: ['h1', 'h2'],
  });
  const builds = Array.from({ length: 4 }, () => world.queue('noble'));
  await service.seconds(5);
  world.away.add('h1');
  await service.seconds(3600);
  t.equal(present(service).length, 4);
  t.equal(world.containers.size, 4);
  const more = Array.from({ length: 3 }, () => world.queue('noble'));
  await service.seconds(5);
  t.equal(present(service).filter(({ host }) => host === 'h2').length, 5, 'new ones go elsewhere');
  world.away.clear();
  for (const build of [...builds, ...more]) world.finish(build);
  await service.seconds(700);
  t.strictSame([states(service), world.containers.size, world.killed], [[], 0, []]);
});

t.test('ages of days count as days', async (t) => {
  const { world, service, clock } = await stage(t, {
    templates: [someTemplate({ minIdle: 1, uses: null, maxAgeSeconds: 3 * 86_400 })],
  });
  await service.seconds(3);
  const [first] = present(service);
  clock.advance(86_400_000 + 300_000);
  await service.seconds(3);
  t.strictSame(
    present(service).map(({ id }) => id),
    [first?.id],
    'a day and five minutes are no five minutes',
  );
  clock.advance(2 * 86_400_000);
  await service.seconds(10);
  t.equal(service.collaborators.agents.get(first?.id ?? '')?.state, 'gone');
  t.strictSame([states(service), world.killed], [['idle'], []], 'replaced');
});

t.test('operators hold, release and drain', async (t) => {
  const { world, service } = await stage(t, {
    templates: [someTemplate({ minIdle: 2, uses: null })],
  });
  await service.seconds(3);
  const [one, two] = present(service);
  await holdAgent(service.collaborators, one?.node ?? '', { seconds: 600, cause: 'a look' });
  await service.seconds(300);
  t.equal(service.collaborators.agents.get(one?.id ?? '')?.state, 'held');
  t.equal(states(service).filter((state) => state === 'idle').length, 2, 'it is not counted on');
  await releaseAgent(service.collaborators, one?.id ?? '', 'enough');
  await drainAgent(service.collaborators, two?.id ?? '', 'old');
  await service.seconds(5);
  t.strictSame(states(service), ['idle', 'idle']);
  t.rejects(releaseAgent(service.collaborators, one?.id ?? '', 'x'), { code: 'AGENT_STATE' });
  const [third] = present(service);
  await holdAgent(service.collaborators, third?.id ?? '', { seconds: 60, cause: 'a look' });
  await service.seconds(70);
  t.equal(service.collaborators.agents.get(third?.id ?? '')?.state, 'gone', 'a hold has an end');
  t.equal(world.containers.size, 2);
});

t.test('two services on one host and one controller leave each other alone', async (t) => {
  const { world, service, start } = await stage(t, { templates: [someTemplate({ minIdle: 1 })] });
  const other = await start('other');
  for (let count = 0; count < 10; count += 1) {
    await service.seconds(10);
    await other.seconds(10);
  }
  t.strictSame([states(service), states(other)], [['idle'], ['idle']]);
  t.equal(world.created, 2);
});

t.test('containers and nodes are found again when the records are lost', async (t) => {
  const { world, service, start } = await stage(t, { templates: [someTemplate({ uses: null })] });
  const build = world.queue('noble');
  await service.seconds(5);
  await service.kill();
  const after = await start('svc');
  await after.seconds(100);
  t.match(present(after), [{ state: 'busy', build }]);
  t.equal(world.created, 1);
});

const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('queue' as const),
      label: fc.constantFrom('noble', 'x86_64&&noble', 'huge'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('demand' as const),
      label: fc.constantFrom('noble', 'huge'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat({ max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), which: fc.nat({ max: 9 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jenkins' as const), seconds: fc.nat({ max: 120 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('host' as const),
      host: fc.constantFrom('h1', 'h2'),
      seconds: fc.nat({ max: 60 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('kill' as const), afterCalls: fc.nat({ max: 40 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      seconds: fc.integer({ min: 1, max: 40 }),
    }),
  },
);

t.test(
  'whatever happens: after quiet, containers, nodes and needs are one, and no build was killed',
  async (t) => {
    const templates = [
      // One whose build began and ended between two readings is an idle one: quiet outlasts that.
      someTemplate({ cap: 4, idleSeconds: 60 }),
      someTemplate({
        name: 'huge',
        labels: ['huge', 'x86_64'],
        uses: 2,
        idleSeconds: 30,
        digest: 'h',
      }),
    ];
    const hosts = ['h1', 'h2'];
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 25 }), async (commands) => {
        const world = new AgentWorld();
        const clock = new ManualClock();
        const folder = testFolder(t);
        const start = (killAtCall?: number) =>
          startService(world, clock, {
            ...{ folder, templates, hosts, totalCap: 6 },
            ...(killAtCall === undefined ? {} : { killAtCall }),
          });
        let service = await start();
        const again = async (killAtCall?: number): Promise<void> => {
          await service.kill();
          world.forgetListeners();
          service = await start(killAtCall);
        };
        let blocks = 0;
        for (const one of commands) {
          switch (one.kind) {
            case 'queue':
              world.queue(one.label);
              break;
            case 'demand': {
              blocks += 1;
              const build = `job/d/${blocks}/`;
              await postDemand(service.collaborators, order(one.label, build));
              await service.loops.planNow();
              world.queue(one.label, build);
              break;
            }
            case 'finish': {
              const running = [...world.nodes.values()].flatMap(({ build }) => build ?? []);
              const ended = running[one.which % Math.max(1, running.length)] ?? '';
              world.finish(ended);
              // As the step does at its end, for a build that nobody saw begin.
              for (const { id, build } of service.collaborators.demands.all())
                if (build === ended) await endDemand(service.collaborators, id);
              break;
            }
            case 'crash':
              await world.crash([...world.containers.keys()][one.which] ?? '');
              break;
            case 'jenkins':
              world.jenkins = 'down';
              await service.seconds(one.seconds);
              world.restartJenkins();
              break;
            case 'host':
              world.away.add(one.host);
              await service.seconds(one.seconds);
              world.away.delete(one.host);
              break;
            case 'kill':
              // Dies in the middle of whatever it does then, and is started anew.
              await again(one.afterCalls);
              await service.seconds(20);
              await again();
              break;
            case 'wait':
              await service.seconds(one.seconds);
              break;
          }
          const held = present(service);
          t.ok(held.length <= 6, 'never more than the cap');
        }
        await service.seconds(250);
        const seen = JSON.stringify(commands);
        t.strictSame(world.killed, [], `no build was killed: ${seen}`);
        const nodes = [...world.nodes.keys()].sort();
        const containers = [...world.containers.values()]
          .map(({ own }) => own.identity.node)
          .sort();
        t.strictSame(containers, nodes, `containers are nodes: ${seen}`);
        t.strictSame(
          present(service)
            .map(({ node }) => node)
            .sort(),
          nodes,
          `and records: ${seen}`,
        );
        const running = [...world.nodes.values()].filter(({ build }) => build !== null).length;
        t.equal(nodes.length, running, `and every one is needed: ${seen}`);
        if (world.items.length > 0) t.ok(running >= 4, `who waits, waits for a cap: ${seen}`);
        await service.kill();
      }),
      { numRuns: Number(process.env['GITBUILDER_MODEL_RUNS'] ?? 10) },
    );
  },
);
