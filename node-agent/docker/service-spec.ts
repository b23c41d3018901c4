import type { ContainerSpec as SwarmContainer, MountSettings, ServiceSpec } from 'dockerode';
import { labelsOf, type ContainerSpec } from '../rules/container.ts';
import type { ListedService } from './swarm-answers.ts';
import { cacheMounts, hostName, mountOf, nanoCpus } from './container-options.ts';

/** What a service is changed to when an agent's files are handed over, and when it is started. */
export interface ServiceChange {
  readonly secrets?: SwarmContainer['Secrets'] & object;
  readonly replicas?: number;
}

/**
 * An agent as a Swarm service that nobody runs yet: no replica, and never a second task after the first.
 * Which machine takes it, and whether it has the room, is Swarm's.
 */
export function serviceSpec(spec: ContainerSpec): ServiceSpec {
  const [program = '', ...args] = spec.command;
  const labels = labelsOf(spec.identity);
  const capabilities = spec.privileges.filter((privilege) => privilege.startsWith('cap:'));
  return {
    Name: spec.identity.node,
    Labels: labels,
    Mode: { Replicated: { Replicas: 0 } },
    TaskTemplate: {
      ContainerSpec: {
        Image: spec.image,
        Labels: labels,
        ...hostName(spec.identity.node),
        Command: [program],
        Args: args,
        Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
        ...(spec.user === null ? {} : { User: spec.user }),
        Mounts: [...spec.mounts.map(mountOf), ...cacheMounts(spec), ...sharedMemory(spec)],
        // `name:address`, and Swarm wants lines of /etc/hosts.
        Hosts: spec.extraHosts.map((line) => {
          const at = line.indexOf(':');
          return `${line.slice(at + 1)} ${line.slice(0, at)}`;
        }),
        Init: true,
        StopSignal: 'SIGTERM',
        StopGracePeriod: spec.stopSeconds * 1e9,
        HealthCheck: { Test: ['NONE'] },
        CapabilityAdd: capabilities.map((privilege) => privilege.slice('cap:'.length)),
      },
      Resources: { Limits: limitsOf(spec), Reservations: reservationsOf(spec) },
      RestartPolicy: { Condition: 'none', MaxAttempts: 0 },
      LogDriver: { Name: 'json-file', Options: { 'max-size': '10m', 'max-file': '2' } },
      ...networks(spec),
    },
  };
}

/** A service as it is listed, with a change: Swarm takes the whole of it, and drops what is left out. */
export function changedSpec(
  spec: ListedService['Spec'],
  { secrets, replicas }: ServiceChange,
): object {
  const { ContainerSpec } = spec.TaskTemplate;
  return {
    ...spec,
    ...(replicas === undefined ? {} : { Mode: { Replicated: { Replicas: replicas } } }),
    TaskTemplate: {
      ...spec.TaskTemplate,
      ContainerSpec: { ...ContainerSpec, ...(secrets === undefined ? {} : { Secrets: secrets }) },
    },
  };
}

/** What Swarm cannot give a task, though the host allows it; null when it can give everything. */
export function unavailableInSwarm({ privileges }: ContainerSpec): string | null {
  const unavailable = privileges.filter(
    (privilege) => !/^(cap:|bind:|host-network$|new-privileges$)/.test(privilege),
  );
  return unavailable.length === 0 ? null : `a Swarm task cannot have ${unavailable.join(', ')}`;
}

function limitsOf({ cpus, memoryBytes, pids }: ContainerSpec) {
  return {
    ...(cpus === null ? {} : { NanoCPUs: nanoCpus(cpus) }),
    ...(memoryBytes === null ? {} : { MemoryBytes: memoryBytes }),
    ...(pids === null ? {} : { Pids: pids }),
  };
}

/** What Swarm finds the room for: agents that use all that they may must not share it. */
function reservationsOf({ cpus, memoryBytes }: ContainerSpec) {
  return {
    ...(cpus === null ? {} : { NanoCPUs: nanoCpus(cpus) }),
    ...(memoryBytes === null ? {} : { MemoryBytes: memoryBytes }),
  };
}

function networks({ network, privileges }: ContainerSpec) {
  const target = privileges.includes('host-network') ? 'host' : network;
  return target === null ? {} : { Networks: [{ Target: target }] };
}

function sharedMemory({ shmBytes }: ContainerSpec): MountSettings[] {
  if (shmBytes === null) return [];
  return [mountOf({ kind: 'tmpfs', target: '/dev/shm', sizeBytes: shmBytes })];
}
