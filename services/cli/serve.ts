import { resolve } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../adapters/system-clock.ts';
import { startChacra } from '../chacra-main.ts';
import { loadConfiguration } from '../platform/configuration.ts';
import type { User } from '../platform/auth.ts';
import { firstUsers } from '../platform/credentials.ts';
import { makeFolder } from '../platform/durable-file.ts';
import { makeLogger } from '../platform/logging.ts';
import { listenAddress } from '../platform/setting-types.ts';
import type { Configuration } from '../platform/settings.ts';
import { ownVersion } from './version.ts';

interface Flags {
  readonly config?: string;
  readonly data?: string;
  readonly chacra?: string;
}

/** Adds `serve`, which runs the services until it is told to stop. */
export function serveCommand(program: Command): void {
  program
    .command('serve')
    .description('run services: chacra, the storage node')
    .argument('[services...]', 'which ones; without any, all of them')
    .option('--config <file>', 'configuration in YAML (docs/configuration.md)')
    .option('--data <folder>', 'where everything is kept, instead of what the configuration says')
    .option('--chacra <host:port>', 'where the storage node listens; port 0 takes a free one')
    .action((services: string[], flags: Flags) => serve(services, flags));
}

async function serve(services: readonly string[], flags: Flags): Promise<void> {
  const unknown = services.find((name) => name !== 'chacra');
  if (unknown !== undefined) throw new Error(`there is no service "${unknown}"; there is: chacra`);
  const configuration = withFlags(await loadConfiguration(flags.config ?? null), flags);
  const log = makeLogger(configuration.logLevel);
  await makeFolder(configuration.data);
  const users = await usersOf(configuration);
  const stop = signalled();
  const chacra = await startChacra({
    configuration,
    users,
    clock: systemClock,
    log,
    version: ownVersion(),
  });
  process.stdout.write(`chacra ready ${chacra.url}\n`);
  const signal = await stop;
  log.info({ signal }, 'stopping');
  await chacra.stop();
}

function withFlags(configuration: Configuration, flags: Flags): Configuration {
  const { chacra } = configuration;
  return {
    ...configuration,
    ...(flags.data === undefined ? {} : { data: resolve(flags.data) }),
    chacra: {
      ...chacra,
      ...(flags.chacra === undefined ? {} : { listen: address('--chacra', flags.chacra) }),
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

/** Resolves with the first signal to stop; the next one ends the process at once. */
function signalled(): Promise<NodeJS.Signals> {
  return new Promise((done) => {
    process.once('SIGTERM', done);
    process.once('SIGINT', done);
  });
}
