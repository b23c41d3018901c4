import type { HostConfig } from 'dockerode';

/**
 * What the privileges of a template come to, for a container. Without any, what Docker gives every
 * container, and nobody gains rights by a setuid program. `bind:` allows a mount that stands in the
 * template beside it.
 */
export function privilegeOptions(privileges: readonly string[]): HostConfig {
  const valuesOf = (kind: string) =>
    privileges
      .filter((privilege) => privilege.startsWith(`${kind}:`))
      .map((privilege) => privilege.slice(kind.length + 1));
  const has = (privilege: string) => privileges.includes(privilege);
  const security = valuesOf('security');
  if (!has('new-privileges')) security.unshift('no-new-privileges');
  return {
    SecurityOpt: security,
    CapAdd: valuesOf('cap'),
    Devices: valuesOf('device').map((path) => ({
      PathOnHost: path,
      PathInContainer: path,
      CgroupPermissions: 'rwm',
    })),
    ...(has('privileged') ? { Privileged: true } : {}),
    ...(has('host-network') ? { NetworkMode: 'host' } : {}),
    ...(has('host-pid') ? { PidMode: 'host' } : {}),
  };
}
