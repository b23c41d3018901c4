import type { NodeDefinition } from './world.ts';

/** `config.xml` of a node. */
export function nodeXml(node: NodeDefinition): string {
  const environment = node.environment
    .map(({ key, value }) => `<string>${escape(key)}</string><string>${escape(value)}</string>`)
    .join('');
  const properties =
    environment === ''
      ? '<nodeProperties/>'
      : `<nodeProperties><hudson.slaves.EnvironmentVariablesNodeProperty><envVars><tree-map>${environment}</tree-map></envVars></hudson.slaves.EnvironmentVariablesNodeProperty></nodeProperties>`;
  return `<?xml version="1.1" encoding="UTF-8"?>
<slave>
  <name>${escape(node.name)}</name>
  <description>${escape(node.description)}</description>
  <remoteFS>${escape(node.remoteFS)}</remoteFS>
  <numExecutors>${node.numExecutors}</numExecutors>
  <mode>${node.mode}</mode>
  <retentionStrategy class="${node.retention}"/>
  <launcher class="hudson.slaves.JNLPLauncher">
    <workDirSettings><disabled>${!node.workDir}</disabled><internalDir>remoting</internalDir><failIfWorkDirIsMissing>false</failIfWorkDirIsMissing></workDirSettings>
    <webSocket>${node.webSocket}</webSocket>
  </launcher>
  <label>${escape(node.labelString)}</label>
  ${properties}
</slave>`;
}

/** What a posted `config.xml` says; null when it is no node at all. */
export function readNodeXml(xml: string, name: string): NodeDefinition | null {
  if (!/<slave[\s>]/.test(xml)) return null;
  const text = (tag: string): string | null => {
    const found = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml);
    return found === null ? null : unescape(found[1] ?? '');
  };
  return {
    name: text('name') ?? name,
    description: text('description') ?? '',
    remoteFS: text('remoteFS') ?? '',
    numExecutors: Number(text('numExecutors') ?? '1'),
    mode: text('mode') === 'EXCLUSIVE' ? 'EXCLUSIVE' : 'NORMAL',
    labelString: text('label') ?? '',
    webSocket: text('webSocket') === 'true',
    workDir: text('disabled') !== 'true',
    retention: 'hudson.slaves.RetentionStrategy$Always',
    environment: [...xml.matchAll(/<string>([^<]*)<\/string>\s*<string>([^<]*)<\/string>/g)].map(
      ([, key, value]) => ({ key: unescape(key ?? ''), value: unescape(value ?? '') }),
    ),
  };
}

/** `jenkins-agent.jnlp`: the secret, the name, then the options, in one line. */
export function launchXml(node: NodeDefinition, secret: string, rootUrl: string): string {
  const options = [
    ...(node.webSocket ? ['-webSocket'] : []),
    ...(node.workDir ? ['-workDir', node.remoteFS, '-internalDir', 'remoting'] : []),
    ...['-url', rootUrl],
  ];
  const given = [secret, node.name, ...options]
    .map((argument) => `<argument>${escape(argument)}</argument>`)
    .join('');
  return `<jnlp><application-desc>${given}</application-desc></jnlp>`;
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}

function unescape(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&amp;', '&');
}
