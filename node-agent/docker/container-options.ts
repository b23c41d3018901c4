import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { labelName, labelsOf, type ContainerSpec } from '../rules/container.ts';
import type { TemplateMount } from '../rules/template.ts';
import { privilegeOptions } from './privilege-options.ts';

/** The body of `POST /containers/create` for an agent: all that `docker inspect` will show of it. */
export function containerOptions(spec: ContainerSpec): ContainerCreateOptions {
  const [program = '', ...args] = spec.command;
  return {
    ...hostName(spec.identity.node),
    Image: spec.image,
    Entrypoint: [program],
    Cmd: args,
    ...(spec.user === null ? {} : { User: spec.user }),
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Labels: labelsOf(spec.identity),
    // A check of the image is about what the image would run by itself.
    Healthcheck: { Test: ['NONE'] },
    StopSignal: 'SIGTERM',
    StopTimeout: spec.stopSeconds,
    HostConfig: hostOptions(spec),
  };
}

/** The node's name where it can be a host name, so that build logs say where they ran. */
export function hostName(node: string): { Hostname?: string } {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(node) ? { Hostname: node } : {};
}

function hostOptions(spec: ContainerSpec): HostConfig {
  const limits: HostConfig = {};
  if (spec.cpus !== null) limits.NanoCpus = nanoCpus(spec.cpus);
  // Without the second, Docker adds as much swap again.
  if (spec.memoryBytes !== null) limits.Memory = limits.MemorySwap = spec.memoryBytes;
  if (spec.pids !== null) limits.PidsLimit = spec.pids;
  if (spec.shmBytes !== null) limits.ShmSize = spec.shmBytes;
  if (spec.network !== null) limits.NetworkMode = spec.network;
  return {
    ...limits,
    ExtraHosts: [...spec.extraHosts],
    Mounts: [...spec.mounts.map(mountOf), ...cacheMounts(spec)],
    // Reaps what builds leave behind: java, as first process, does not.
    Init: true,
    AutoRemove: false,
    RestartPolicy: { Name: 'no' },
    // Readable by `docker logs` on every host, and never more than this of its disk.
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    ...privilegeOptions(spec.privileges),
  };
}

/** Processors as Docker counts them. */
export function nanoCpus(cpus: number): number {
  return Math.round(cpus * 1e9);
}

/** A mount as containers and Swarm services name it. */
export function mountOf(mount: TemplateMount): MountSettings {
  switch (mount.kind) {
    case 'bind':
    case 'volume': {
      const { kind, source, target, readOnly } = mount;
      return { Type: kind, Source: source, Target: target, ReadOnly: readOnly };
    }
    case 'tmpfs': {
      const size = mount.sizeBytes === null ? {} : { SizeBytes: mount.sizeBytes };
      return {
        Type: 'tmpfs',
        // Docker wants the key, though it means nothing here.
        Source: '',
        Target: mount.target,
        TmpfsOptions: { ...size, Mode: 0o1777 } as MountSettings['TmpfsOptions'] & object,
      };
    }
  }
}

/** Its caches as mounts. The engine makes those that are missing, on whatever machine a task comes to. */
export function cacheMounts({ caches, identity }: ContainerSpec): MountSettings[] {
  return caches.map(({ volume, target }) => ({
    Type: 'volume',
    Source: volume,
    Target: target,
    ReadOnly: false,
    VolumeOptions: {
      NoCopy: false,
      Labels: { [labelName('service')]: identity.service },
      DriverConfig: { Name: 'local', Options: {} },
    },
  }));
}
