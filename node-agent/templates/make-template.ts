import { createHash } from 'node:crypto';
import type { Provision, Template, TemplateMount } from '../rules/template.ts';
import { TEMPLATE_DEFAULTS } from './template-settings.ts';
import type { TemplateSettings } from './template-settings.ts';

/** What new agents do not differ by: a change of these lets living ones be. */
const NOT_IN_DIGEST = [
  ...['cap', 'weight', 'minIdle', 'maxIdle', 'idleWindows', 'idleSeconds', 'maxAgeSeconds'],
  ...['uses', 'hosts', 'arch', 'pull', 'pullSeconds', 'connectSeconds', 'keepFailedSeconds'],
];

/** Makes a template of settings that stand for themselves; `image` was seen to. */
export function makeTemplate(name: string, image: string, given: TemplateSettings): Template {
  const all = { ...TEMPLATE_DEFAULTS, ...given };
  const mounts = (all.mounts ?? []).map(mountOf);
  const provision = provisionOf(all.provision ?? {});
  const plain: Omit<Template, 'digest'> = {
    name,
    image,
    pull: all.pull,
    pullSeconds: all.pullSeconds,
    labels: [...new Set(all.labels)],
    remoteFs: all.remoteFs,
    user: all.user ?? null,
    env: all.env ?? {},
    mounts,
    caches: Object.entries(all.caches ?? {}).map(([cache, target]) => ({ name: cache, target })),
    cpus: all.cpus ?? null,
    memoryBytes: all.memory ?? null,
    pids: all.pids ?? null,
    shmBytes: all.shm ?? null,
    network: all.network ?? null,
    extraHosts: all.extraHosts ?? [],
    hosts: all.hosts ?? [],
    arch: all.arch ?? null,
    privileges: [...(all.privileges ?? []), ...privilegesOf(mounts, all.network, provision)],
    minIdle: all.minIdle,
    maxIdle: all.maxIdle ?? null,
    idleWindows: (all.idleWindows ?? []).map((window) => ({
      ...window,
      maxIdle: window.maxIdle ?? null,
    })),
    idleSeconds: all.idleSeconds,
    uses: all.uses === 'unlimited' ? null : all.uses,
    maxAgeSeconds: all.maxAgeSeconds ?? null,
    cap: all.cap ?? null,
    weight: all.weight,
    connectSeconds: all.connectSeconds,
    keepFailedSeconds: all.keepFailedSeconds,
    java: all.java,
    javaOptions: all.javaOptions,
    noReconnectAfterSeconds: all.noReconnectAfterSeconds,
    stopSeconds: all.stopSeconds,
    provision,
  };
  return { ...plain, digest: digestOf(plain) };
}

function mountOf(mount: NonNullable<TemplateSettings['mounts']>[number]): TemplateMount {
  if ('tmpfs' in mount)
    return { kind: 'tmpfs', target: mount.tmpfs, sizeBytes: mount.size ?? null };
  const { target, readOnly } = mount;
  return 'bind' in mount
    ? { kind: 'bind', source: mount.bind, target, readOnly }
    : { kind: 'volume', source: mount.volume, target, readOnly };
}

/** A path of the host, its network, and sudo are privileges whether or not somebody calls them so. */
function privilegesOf(
  mounts: readonly TemplateMount[],
  network: string | undefined,
  provision: Provision,
): string[] {
  const binds = mounts.flatMap((mount) => (mount.kind === 'bind' ? [`bind:${mount.source}`] : []));
  const joins = network === 'host' ? ['host-network'] : [];
  const gains = provision.user?.sudo === true ? ['new-privileges'] : [];
  return [...binds, ...joins, ...gains];
}

function provisionOf(given: NonNullable<TemplateSettings['provision']>): Provision {
  const { user } = given;
  return {
    packages: given.packages ?? [],
    user:
      user === undefined
        ? null
        : { name: user.name, uid: user.uid ?? null, home: user.home ?? null, sudo: user.sudo },
    locale: given.locale ?? null,
    authorizedKeys: given.authorizedKeys ?? [],
    files: (given.files ?? []).map((file) => ({ ...file, mode: parseInt(file.mode, 8) })),
    script: given.script ?? null,
  };
}

function digestOf(template: Omit<Template, 'digest'>): string {
  const kept = Object.entries(template).filter(([key]) => !NOT_IN_DIGEST.includes(key));
  return createHash('sha256').update(JSON.stringify(kept)).digest('hex').slice(0, 16);
}
