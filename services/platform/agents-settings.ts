import { z } from 'zod';
import { cronTimes } from './keeping-settings.ts';
import { baseUrl, byteSize, listenAddress, pathFrom, userName } from './setting-types.ts';

const seconds = (standard: number) => z.number().min(0).meta({ kind: 'seconds' }).default(standard);
/** Between two looks: without a pause they would be all that it does. Node's timers reach to 24 days. */
const pause = (standard: number) =>
  z.number().min(0.1).max(86_400).meta({ kind: 'seconds' }).default(standard);
const count = () => z.int().min(0);

/** Letters that stand in a description, a label of Docker and a URL without a meaning. */
const word = () => z.string().regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,39}$/, 'expected a plain word');

const jenkins = (folder: string) =>
  z.strictObject({
    url: baseUrl().describe('Address of the controller.'),
    reachableUrl: baseUrl()
      .optional()
      .describe('Its address as containers reach it. Without it, `url`.'),
    user: userName().describe('Service account: docs/agents.md names the permissions it needs.'),
    tokenFile: pathFrom(folder).describe('File with the API token of that user.'),
  });

const engine = (folder: string) =>
  z.strictObject({
    name: word().describe('Names the host in lists, templates and commands.'),
    kind: z
      .enum(['docker', 'swarm'])
      .default('docker')
      .describe('`swarm`: each agent is a service task, and Swarm chooses its machine.'),
    url: z
      .string()
      .regex(
        /^(unix:\/\/\/.+|tcp:\/\/[^/\s]+)$/,
        'expected unix:///PATH, or tcp://HOST:PORT with certificates',
      )
      .default('unix:///var/run/docker.sock')
      .describe('The socket of this machine, or TCP with TLS.'),
    caFile: pathFrom(folder).optional().describe('TCP: certificate of who signed the engine’s.'),
    certFile: pathFrom(folder).optional().describe('TCP: certificate of this service.'),
    keyFile: pathFrom(folder).optional().describe('TCP: its key.'),
    labels: z
      .array(z.string())
      .default([])
      .describe('Words that templates may ask for in `hosts`.'),
    cap: count().optional().describe('Most agents here; without it, as many as are needed.'),
    allow: z
      .array(z.string())
      .default([])
      .describe('Privileges that templates may use here, by name; docs/agents.md lists them.'),
    cacheDays: z
      .number()
      .min(0)
      .meta({ kind: 'days' })
      .default(30)
      .describe('A cache volume that no agent used for so long is removed.'),
    cacheBytes: byteSize()
      .optional()
      .describe(
        'All cache volumes together; beyond it, those that were not used for the longest time are removed. Without it, no limit.',
      ),
  });

const registry = (folder: string) =>
  z.strictObject({
    host: z
      .string()
      .regex(
        /^(?=localhost$|.*[.:])[a-z0-9.-]+(:\d+)?$/i,
        'expected a full host name, or HOST:PORT',
      )
      .describe(
        'As names of its images begin, such as `registry.example.org:5000`; `docker.io` for Docker Hub.',
      ),
    user: userName().describe('Who may pull there.'),
    passwordFile: pathFrom(folder).describe(
      'File with the password or token of that user. Read at each pull, so that it may change.',
    ),
  });

/** Agents of Jenkins as containers. */
export const agents = (folder: string) =>
  z.strictObject({
    listen: listenAddress()
      .prefault('127.0.0.1:8082')
      .describe('Where the agent service listens; port 0 takes a free one.'),
    publicUrl: baseUrl()
      .optional()
      .describe('How people and steps reach it. Without it, the address it listens on.'),
    reachableUrl: baseUrl()
      .optional()
      .describe(
        'How containers reach it. Without it, the gateway of the engine’s network where it listens everywhere, else its address.',
      ),
    jenkins: jenkins(folder)
      .optional()
      .describe('The controller. Without it, the service stands by and makes nothing.'),
    engines: z
      .array(engine(folder))
      .refine(
        (all) => new Set(all.map(({ name }) => name)).size === all.length,
        'two engines have one name',
      )
      .prefault([{ name: 'local' }])
      .describe('Docker hosts; without any, the engine of this machine.'),
    registries: z
      .array(registry(folder))
      .refine(
        (all) => new Set(all.map(({ host }) => host.toLowerCase())).size === all.length,
        'two users of one registry',
      )
      .default([])
      .describe('Registries of images that ask who pulls; engines are told with each pull.'),
    templates: pathFrom(folder)
      .prefault('./templates')
      .describe(
        'A YAML file of templates, or a folder of such files; read again when they change.',
      ),
    cap: count().optional().describe('Most agents on all hosts together.'),
    pollSeconds: pause(1).describe('How often Jenkins is read.'),
    reconcileSeconds: pause(20).describe(
      'How often containers, nodes and records are compared as a whole.',
    ),
    graceSeconds: seconds(90).describe(
      'After Jenkins was away, its agents have so long to come back before others are made or any is given up.',
    ),
    parallelPerHost: z
      .int()
      .min(1)
      .default(8)
      .describe('Agents that are made at once on one host.'),
    demandSeconds: seconds(600).describe('How long a demand lasts that does not say it.'),
    longestDemandSeconds: seconds(86_400).describe('The longest that one may ask for.'),
    longestHoldSeconds: seconds(86_400).describe('The longest that an agent is held for a look.'),
    historyDays: z
      .number()
      .min(0)
      .meta({ kind: 'days' })
      .default(7)
      .describe('How long agents that are gone stay on record.'),
    imageSeconds: seconds(3600).describe(
      'How often images of templates are looked for on their hosts, and fetched as their `pull` says, so that no build waits for it. 0: only when an agent is made.',
    ),
    cacheTimes: cronTimes('23 4 * * *').describe(
      'When cache volumes are counted, and those beyond the limits of their host removed.',
    ),
    anchor: word()
      .default('ceph-anchor')
      .describe('Name and label of a node that never connects; it makes Jenkins name labels.'),
    service: word()
      .optional()
      .describe('Id of this service on containers and nodes. Without it, one is made and kept.'),
    heldPerAddress: z
      .int()
      .min(1)
      .default(200)
      .describe('Event streams that one address (of IPv6: one /64) may have open.'),
    heldTotal: z.int().min(1).default(2000).describe('Event streams of all addresses.'),
  });
