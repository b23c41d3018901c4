import { registryOf } from './image-name.ts';

/** How Docker, and what it speaks with, say why an image cannot be pulled; and what helps. */
const ADVICE: readonly (readonly [RegExp, (registry: string, user: string | null) => string])[] = [
  [
    /no basic auth|unauthorized|authentication required|access .*denied|denied:/i,
    (registry, user) =>
      user === null
        ? `if it is private, name a user of ${registry} in agents.registries; else check the name`
        : `check that ${user} (agents.registries) may pull it from ${registry}, and the name`,
  ],
  [
    /toomanyrequests|rate limit/i,
    (registry) => `name a user of ${registry} in agents.registries, or pull from a mirror`,
  ],
  [
    /not found|manifest unknown|does not exist|name unknown|no such image/i,
    (registry) => `check name and tag in the template, and that it was pushed to ${registry}`,
  ],
  [
    /HTTP response to HTTPS client/i,
    (registry) =>
      `${registry} has no TLS: list it in insecure-registries of the host's daemon.json`,
  ],
  [
    /x509|certificate/i,
    (registry) => `put the certificate of its authority in /etc/docker/certs.d/${registry}/ca.crt`,
  ],
  [/no space left/i, () => 'make room on the host, with docker system prune for instance'],
  [
    /connection refused|no such host|no route|i\/o timeout|handshake timeout|deadline|misbehaving|EOF/i,
    (registry) => `check that ${registry} runs and that the host reaches it`,
  ],
  [/^no answer within/, () => 'pullSeconds of the template says how long it may take'],
];

/** The reason why a pull failed, with what to do next; as it is where nobody knows. */
export function pullAdvised(reason: string, image: string, user: string | null): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  return advice === undefined ? reason : `${reason}; ${advice(registryOf(image), user)}`;
}
