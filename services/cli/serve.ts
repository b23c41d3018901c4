import { resolve } from 'node:path';
import { Argument } from 'commander';
import type { Command } from 'commander';
import type { ShamanAccess } from '../adapters/shaman-client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import type { User } from '../platform/auth.ts';
import { firstUsers } from '../platform/credentials.ts';
import { makeLogger } from '../platform/logging.ts';
import { hashKey, makeKey } from '../platform/keys.ts';
import { makeDataFolder } from '../platform/running-service.ts';
import type { RunningService } from '../platform/running-service.ts';
import { listenAddress } from '../platform/setting-types.ts';
import type { Configuration } from '../platform/settings.ts';
import { toldToStop } from './told-to-stop.ts';
import { ownVersion } from './version.ts';

interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly chacra?: string;
  readonly shaman?: string;
  readonly agents?: string;
}

type Service = 'shaman' | 'chacra' | 'agents';

const SERVICES: readonly Service[] = ['shaman', 'chacra', 'agents'];

/** Adds `serve`, which runs the services until it is told to stop. */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description(
      'run services: shaman, the coordinator; chacra, the storage node; agents, which makes Jenkins agents',
    )
    .addArgument(
      new Argument('[services...]', 'which ones; without any, all of them').choices(SERVICES),
    )
    .option('--config <file>', 'configuration in YAML (docs/configuration.md)')
    .option('--data <folder>', 'where everything is kept, instead of what the configuration says')
    .option('--chacra <host:port>', 'where the storage node listens; port 0 takes a free one')
    .option('--shaman <host:port>', 'where the coordinator listens; port 0 takes a free one')
    .option('--agents <host:port>', 'where the agent service listens; port 0 takes a free one')
    .action((services: Service[], flags: Flags) => serve(services, flags));
}

async function serve(named: readonly Service[], flags: Flags): Promise<void> {
  const configuration = withFlags(await loadConfiguration(flags.config ?? null), flags);
  const log = makeLogger(configuration.logLevel);
  await makeDataFolder(configuration.data);
  const options = { configuration, clock: systemClock, version: ownVersion() };
  const users = await usersOf(configuration);
  const wants = (service: Service) => named.length === 0 || named.includes(service);
  const told = toldToStop(['SIGTERM', 'SIGINT'], systemClock);
  const running: RunningService[] = [];
  // Each is loaded where it runs: a storage node alone need not hold the code that talks to engines.
  const ready = (service: Service, started: RunningService): RunningService => {
    running.unshift(started);
    process.stdout.write(`${service} ready ${started.url}\n`);
    return started;
  };
  try {
    let neighbour: ShamanAccess | null = null;
    if (wants('shaman')) {
      // Known to nobody outside this process.
      const key = makeKey();
      const node: User = { name: 'chacra', keyHash: hashKey(key), scopes: ['node'] };
      const own = { ...options, users: [...users, node], log: log.child({ service: 'shaman' }) };
      const { url } = ready('shaman', await (await import('../shaman-main.ts')).startShaman(own));
      neighbour = { url, user: node.name, key };
    }
    if (wants('chacra')) {
      const own = { ...options, users, neighbour, log: log.child({ service: 'chacra' }) };
      ready('chacra', await (await import('../chacra-main.ts')).startChacra(own));
    }
    if (wants('agents')) {
      const own = { ...options, users, log: log.child({ service: 'agents' }) };
      ready('agents', await (await import('../../node-agent/main.ts')).startAgents(own));
    }
    log.info({ signal: await told }, 'stopping');
  } finally {
    for (const service of running) await service.stop();
  }
}

function withFlags(configuration: Configuration, flags: Flags): Configuration {
  const { chacra, shaman, agents } = configuration;
  return {
    ...configuration,
    ...(flags.data === undefined ? {} : { data: resolve(flags.data) }),
    chacra: {
      ...chacra,
      ...(flags.chacra === undefined ? {} : { listen: address('--chacra', flags.chacra) }),
    },
    shaman: {
      ...shaman,
      ...(flags.shaman === undefined ? {} : { listen: address('--shaman', flags.shaman) }),
    },
    agents: {
      ...agents,
      ...(flags.agents === undefined ? {} : { listen: address('--agents', flags.agents) }),
    },
  };
}

function address(flag: string, text: string): { host: string; port: number } {
  const found = listenAddress().safeParse(text);
  if (!found.success)
    throw new Error(`${flag} wants HOST:PORT, such as 127.0.0.1:8081, not "${text}"`);
  return found.data;
}

async function usersOf(configuration: Configuration): Promise<readonly User[]> {
  if (configuration.users.length > 0) return configuration.users;
  const { users, file } = await firstUsers(configuration.data);
  process.stderr.write(`no users configured: the admin's key is in ${file}\n`);
  return users;
}
