import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSigningKey } from '../../adapters/make-signing-key.ts';
import { systemClock } from '../../adapters/system-clock.ts';
import { startChacra } from '../../chacra-main.ts';
import { basicAuthorization } from '../../platform/auth.ts';
import type { User } from '../../platform/auth.ts';
import { parseConfiguration } from '../../platform/configuration.ts';
import { firstUsers } from '../../platform/credentials.ts';
import { hashKey, makeKey } from '../../platform/keys.ts';
import { makeLogger } from '../../platform/logging.ts';
import type { RunningService } from '../../platform/running-service.ts';
import { startShaman } from '../../shaman-main.ts';
import { ownVersion } from '../version.ts';

/** A coordinator and its storage nodes, on free ports. */
export interface DemoServices {
  readonly shaman: string;
  readonly nodes: readonly string[];
  /** Who may write: the admin alone. */
  readonly users: readonly User[];
  /** Where the admin's key is. */
  readonly credentials: string;
  /** Where the key is that signs the repositories. */
  readonly signingKey: string;
  /** The header of the admin. */
  readonly authorization: string;
  stop(): Promise<void>;
}

const configurationOn = (host: string) => `
shaman: { listen: "${host}:0", fullBelowBytes: 0 }
chacra:
  listen: "${host}:0"
  reserveBytes: 16 MiB
  signing: { keyFile: signing.asc }
`;

/** Starts them below a folder, on an address of this machine, with keys of their own; shaman knows every node when it resolves. */
export async function startServices(
  folder: string,
  count: number,
  host: string,
): Promise<DemoServices> {
  await mkdir(folder, { recursive: true });
  const { armoredKey } = await makeSigningKey({ type: 'ed25519', name: 'gitbuilder demo' });
  const signingKey = join(folder, 'signing.asc');
  await writeFile(signingKey, armoredKey, { mode: 0o600 });
  const base = parseConfiguration(configurationOn(host), join(folder, 'gitbuilder.yaml'));
  const { users, file: credentials } = await firstUsers(folder);
  const options = { clock: systemClock, log: makeLogger('error'), version: ownVersion() };
  const running: RunningService[] = [];
  const stop = async () => {
    for (const service of running) await service.stop();
  };
  try {
    const key = makeKey();
    const node = { name: 'chacra', keyHash: hashKey(key), scopes: ['node' as const] };
    const configuration = { ...base, data: folder };
    const shaman = await startShaman({ ...options, configuration, users: [...users, node] });
    running.unshift(shaman);
    const neighbour = { url: shaman.url, user: node.name, key };
    const nodes: string[] = [];
    for (let number = 1; number <= count; number += 1) {
      const own = { ...base, data: join(folder, `node${number}`) };
      const chacra = await startChacra({ ...options, configuration: own, users, neighbour });
      running.unshift(chacra);
      nodes.push(chacra.url);
    }
    await untilKnown(shaman.url, count);
    const [user = '', secret = ''] = splitOnce((await readFile(credentials, 'utf8')).trim());
    const authorization = basicAuthorization(user, secret);
    const keys = { users, credentials, signingKey, authorization };
    return { shaman: shaman.url, nodes, ...keys, stop };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

async function untilKnown(shaman: string, count: number): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const known = (await (await fetch(`${shaman}api/nodes/`)).json()) as object;
    if (Object.keys(known).length >= count) return;
    await new Promise<void>((resolve) => {
      systemClock.after(50, resolve);
    });
  }
  throw new Error('the storage nodes did not register with shaman');
}

function splitOnce(text: string): [string, string] {
  const colon = text.indexOf(':');
  return [text.slice(0, colon), text.slice(colon + 1)];
}
