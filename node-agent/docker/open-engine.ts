import { readFile } from 'node:fs/promises';
import type { Configuration } from '../../services/platform/settings.ts';
import type { ContainerEngine } from '../ports.ts';
import type { HostSettings } from '../rules/host.ts';
import { DockerEngine, type EngineParts } from './docker-engine.ts';
import { parseEngineUrl } from './engine-address.ts';
import type { EngineAddress } from './engine-address.ts';
import { SwarmEngine } from './swarm-engine.ts';

type EngineSettings = Configuration['agents']['engines'][number];

/** What the rules must know of a host, of what the configuration says. */
export function hostSettings(settings: EngineSettings): HostSettings {
  const { name, kind, labels, cap, allow, cacheDays, cacheBytes } = settings;
  const caches = { days: cacheDays, bytes: cacheBytes ?? null };
  return { name, kind, labels, cap: cap ?? null, allow, caches };
}

/** The engine of a host as the configuration names it; throws for an address without what it needs. */
export async function openEngine(
  settings: EngineSettings,
  parts: Pick<EngineParts, 'service' | 'clock' | 'log' | 'logins' | 'told'>,
): Promise<ContainerEngine> {
  const address = await addressOf(settings);
  const all = { ...parts, host: settings.name, address };
  return settings.kind === 'swarm' ? new SwarmEngine(all) : new DockerEngine(all);
}

async function addressOf(settings: EngineSettings): Promise<EngineAddress> {
  const { name, url, caFile, certFile, keyFile } = settings;
  const found = parseEngineUrl(url);
  if (found === null) throw new Error(`agents.engines: ${name}: ${url} leads to no engine`);
  if ('path' in found) return { kind: 'socket', path: found.path };
  if (caFile === undefined || certFile === undefined || keyFile === undefined) {
    throw new Error(
      `agents.engines: ${name}: over TCP it needs caFile, certFile and keyFile: who reaches an open engine is root there`,
    );
  }
  const [ca, cert, key] = await Promise.all([
    readFile(caFile, 'utf8'),
    readFile(certFile, 'utf8'),
    readFile(keyFile, 'utf8'),
  ]);
  return { kind: 'tls', ...found, ca, cert, key };
}
