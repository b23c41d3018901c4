/** The secret in a `jenkins-agent.jnlp`: its first argument, when the second is the node's name; null for anything else. */
export function secretIn(jnlp: string, node: string): string | null {
  const [secret, name] = [...jnlp.matchAll(/<argument>([^<]*)<\/argument>/g)].map(
    ([, argument]) => argument ?? '',
  );
  if (secret === undefined || !/^[0-9a-f]{64}$/.test(secret)) return null;
  return name !== undefined && plain(name) === node ? secret : null;
}

function plain(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#039;', "'")
    .replaceAll('&amp;', '&');
}
